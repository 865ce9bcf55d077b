"""The whole way of an event: a real websocket, Reflex's own server application, and our edge around it."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import reflex as rx
import socketio
from limits import RateLimitItemPerSecond
from reflex_base.environment import environment
from reflex_base.registry import RegistrationContext

from integration_admin.api.app import edge
from integration_admin.api.rate_limits import Limits
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.tokens import fingerprint
from integration_admin.states.access import AccessMiddleware, is_handler, requires
from integration_admin.states.reader import current_reader
from tests.api.serving import serving
from tests.ports import free_port
from tests.states.people import People

ORIGIN = Settings().public_url
HYDRATE = "reflex___state____state.hydrate_and_load"
LIMITS = Limits(RateLimitItemPerSecond(50), RateLimitItemPerSecond(1_000), patience=1.0)
CANARY = "canary-in-a-malformed-event"


class PageState(rx.State):
    lines: list[str] = []  # noqa: RUF012  # Reflex copies defaults
    cookies: str = ""
    mentions_session: bool = True

    @rx.event
    @requires(Permission.VIEW)
    async def load_lines(self) -> None:
        self.lines = [(await current_reader()).actor.name]
        self.cookies = self.router_data["headers"].get("cookie", "")
        self.mentions_session = "session=" in str(self.router_data)

    @rx.event
    @requires(Permission.VIEW)
    async def clear_lines(self) -> None:
        self.lines = []


class Browser:
    """A websocket of Reflex's frontend, with the headers a browser would send."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("event", self._take, namespace="/_event")
        self._news = asyncio.Event()
        self.vars: dict[str, Any] = {}
        self.heard = ""
        self.drawn = False
        self.redirects: list[str] = []

    async def connect(self, **headers: str) -> None:
        boot = {"name": HYDRATE, "payload": {}, "router_data": {"pathname": "/lines", "asPath": "/lines"}}
        await self._client.connect(
            f"{self.address}?token=tab",
            headers={"Origin": ORIGIN} | headers,
            transports=["websocket"],
            socketio_path="_event",
            namespaces=["/_event"],
            auth={"event": boot},
        )
        # Leaving earlier would cancel handlers whose queries then end after the test's event loop.
        await self.until(lambda: self.drawn)

    async def send(self, name: str) -> None:
        event = {"name": name, "payload": {}, "router_data": {"pathname": "/lines", "asPath": "/lines"}}
        await self._client.emit("event", event, namespace="/_event")

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        await self._client.disconnect()

    async def _take(self, update: dict[str, Any]) -> None:
        changes = update.get("delta", {}).get(PageState.get_full_name(), {})
        self.vars.update({name.removesuffix("_rx_state_"): value for name, value in changes.items()})
        self.heard += str(update)
        root = update.get("delta", {}).get(rx.State.get_full_name(), {})
        self.drawn = root.get("is_hydrated_rx_state_", self.drawn)
        for event in update.get("events", []):
            if event["name"] == "_redirect":
                self.redirects.append(event["payload"]["path"])
        self._news.set()


@pytest.fixture
def app(people: People) -> Iterator[Any]:
    """Reflex's whole server application with one page, inside our edge."""
    del people
    environment.REFLEX_SKIP_COMPILE.set(True)
    attached = RegistrationContext.set(RegistrationContext.ensure_context().fork())

    async def ready() -> None:
        pass

    app = rx.App(api_transformer=edge(Settings(), ready, knows=is_handler, event_limits=LIMITS))
    app.add_middleware(AccessMiddleware())
    app.add_page(rx.fragment(PageState.lines.to_string()), route="/lines", on_load=[PageState.load_lines])
    yield app
    RegistrationContext.reset(attached)


@pytest.fixture
async def browser(app: Any) -> AsyncIterator[Browser]:
    port = free_port()
    async with serving(app(), port):
        opened = Browser(port)
        yield opened
        await opened.close()
        await app.sio.shutdown()


async def test_the_cookie_of_the_handshake_signs_every_event_in(browser: Browser, people: People) -> None:
    session = await people.session(people.alice)
    await browser.connect(Cookie=f"session={session.reveal()}; language=nn")
    await browser.until(lambda: browser.vars.get("lines") == ["Alice"])


async def test_the_cookie_itself_never_reaches_the_state(browser: Browser, people: People) -> None:
    session = await people.session(people.alice)
    await browser.connect(Cookie=f"session={session.reveal()}; language=nn")
    await browser.until(lambda: browser.vars.get("lines"))
    assert (browser.vars["cookies"], browser.vars["mentions_session"]) == ("language=nn", False)
    assert session.reveal() not in browser.heard


async def test_reflex_does_not_send_the_fingerprint_to_the_browser_by_itself(
    browser: Browser, people: People
) -> None:
    session = await people.session(people.alice)
    await browser.connect(Cookie=f"session={session.reveal()}; language=nn")
    await browser.until(lambda: browser.vars.get("lines"))
    assert "language=nn" in browser.heard
    assert fingerprint(session) not in browser.heard


async def test_without_a_cookie_the_page_leads_to_sign_in(browser: Browser) -> None:
    await browser.connect()
    await browser.until(lambda: browser.redirects)
    assert browser.redirects == ["/sign-in?next=%2Flines"]
    assert browser.vars["lines"] == []


async def test_a_fingerprint_sent_by_the_client_counts_for_nothing(browser: Browser, people: People) -> None:
    session = await people.session(people.alice)
    await browser.connect(Authorization=f"Session {fingerprint(session)}")
    await browser.until(lambda: browser.redirects)
    assert browser.vars["lines"] == []


async def test_a_page_on_another_site_cannot_connect(browser: Browser, people: People) -> None:
    session = await people.session(people.alice)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await browser.connect(Cookie=f"session={session.reveal()}", Origin="https://evil.example")


async def test_no_other_origin_may_read_an_answer(browser: Browser) -> None:
    async with aiohttp.ClientSession() as outsider:
        for origin in ("https://evil.example", "null"):
            answer = await outsider.get(f"{browser.address}/healthz", headers={"Origin": origin})
            assert answer.status == 200
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_an_ended_session_counts_on_an_open_connection(browser: Browser, people: People) -> None:
    session: Secret = await people.session(people.alice)
    await browser.connect(Cookie=f"session={session.reveal()}")
    await browser.until(lambda: browser.vars.get("lines") == ["Alice"])
    await container.current().sign_in.sign_out(session)
    await browser.send(f"{PageState.get_full_name()}.load_lines")
    await browser.until(lambda: browser.redirects)
    assert browser.vars["lines"] == []


MALFORMED = [
    f"{CANARY}",
    f"42/_event,{CANARY}",
    f'42/_event,["event", "{CANARY}"]',
    f'42/_event,["event", {{"name": "{CANARY}", "payload": {{}}}}]',
    f'42/_event,["{CANARY}", {{}}]',
    f"40/{CANARY},{{}}",
    '42/_event,["event",' + "[" * 50_000,
    f'42/_event,["event", {{"name": "{HYDRATE}", "payload": {{"{CANARY}": 1}}}}]',
    f'42/_event,["event", {{"name": "{HYDRATE}", "router_data": {{"query": "{CANARY}"}}}}]',
    f'451-/_event,["event",{{"_placeholder":true,"num":0,"x":"{CANARY}"}}]',
]


async def test_malformed_messages_harm_nobody_and_are_never_logged(
    browser: Browser, people: People, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    session = await people.session(people.alice)
    async with aiohttp.ClientSession(headers={"Origin": ORIGIN}) as outsider:
        raw = await outsider.ws_connect(f"{browser.address}/_event/?EIO=4&transport=websocket&token=raw")
        await raw.send_str("40/_event,{}")
        for text in MALFORMED:
            await raw.send_str(text)
        await raw.send_bytes(CANARY.encode())
        await raw.send_str('42/_event,["ping"]')
        # The same connection is still heard.
        while "pong" not in (await raw.receive_str(timeout=10)):
            pass
        await raw.close()
    await browser.connect(Cookie=f"session={session.reveal()}")
    await browser.until(lambda: browser.vars.get("lines") == ["Alice"])
    written = capsys.readouterr()
    assert CANARY not in caplog.text + written.out + written.err


async def test_a_flood_from_one_tab_holds_up_nobody_else(browser: Browser, app: Any, people: People) -> None:
    flooding, session = await people.session(people.bob), await people.session(people.alice)
    await browser.connect(Cookie=f"session={session.reveal()}")
    await browser.until(lambda: browser.vars.get("lines"))
    call = json.dumps(["event", {"name": f"{PageState.get_full_name()}.load_lines", "payload": {}}])
    headers = {"Origin": ORIGIN, "Cookie": f"session={flooding.reveal()}"}
    async with aiohttp.ClientSession(headers=headers) as flooder:
        raw = await flooder.ws_connect(f"{browser.address}/_event/?EIO=4&transport=websocket&token=flood")
        await raw.send_str("40/_event,{}")
        for _ in range(2_000):
            await raw.send_str(f"42/_event,{call}")
        waits = []
        for _ in range(5):
            browser.vars["lines"] = None
            begun = time.monotonic()
            await browser.send(f"{PageState.get_full_name()}.clear_lines")
            await browser.until(lambda: browser.vars["lines"] == [])
            waits.append(time.monotonic() - begun)
        # The server hangs up on it.
        async for _ in raw:
            pass
    # Two thousand events would keep the server busy for many seconds.
    assert sorted(waits)[2] < 1
    # Leaving earlier would cancel handlers whose queries then end after the test's event loop.
    async with asyncio.timeout(30):
        while app.event_processor._tasks:  # noqa: ASYNC110, Reflex tells nobody when it is done
            await asyncio.sleep(0.02)
