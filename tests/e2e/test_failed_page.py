"""A page that fails in the browser is answered in the reader's words, is heard, leads on, and is told to the server."""

import json

from playwright.async_api import Browser, WebSocketRoute, expect

from tests.e2e import road
from tests.e2e.inhabited import Inhabited
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.words import said

_STATE = "dashboard_state"


def unreadable(message: str | bytes) -> str | bytes:
    """Return what the server sends with a name in it that cannot be drawn."""
    if not isinstance(message, str) or _STATE not in message or "[" not in message:
        return message
    head, mark, body = message.partition("[")
    event = json.loads(mark + body)
    for delta in (part.get("delta") or {} for part in event if isinstance(part, dict)):
        for state, values in delta.items():
            for card in values.get("cards_rx_state_", []) if state.endswith(_STATE) else []:
                card["name"] = {"unreadable": True}
    return head + json.dumps(event)


class Interference:
    """Stands between pages and the server: hands on what pages say, and makes unreadable what they are told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.spoils = True

    def take(self, socket: WebSocketRoute) -> None:
        """Begin with a page's socket."""
        server = socket.connect_to_server()

        def to_server(message: str | bytes) -> None:
            self.said.append(str(message))
            server.send(message)

        socket.on_message(to_server)
        server.on_message(lambda message: socket.send(unreadable(message) if self.spoils else message))


async def test_a_page_that_fails_says_so_in_the_readers_words_and_leads_on(
    browser: Browser, server: Server, made: Inhabited
) -> None:
    between = Interference()
    async with road.opened_context(browser, server) as context:
        page = await context.new_page()
        await road.sign_in(page, made.person, "nn")
        await page.route_web_socket("**/_event**", between.take)
        await page.goto(DASHBOARD)
        heading = page.get_by_role("heading", level=1)
        await expect(heading).to_have_text(said(page, "This page cannot be shown"))
        await expect(heading).to_be_focused()
        await expect(page).to_have_title(f"{said(page, 'This page cannot be shown')} | Integration Admin")
        assert any("handle_frontend_exception" in words for words in between.said)
        between.spoils = False
        await page.get_by_role("link", name=said(page, "Load the page again")).click()
        await expect(heading).to_have_text(said(page, "External integrations"))
        await expect(page.get_by_text(made.person.organisation)).to_be_visible()
