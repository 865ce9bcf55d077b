"""What holds on every page: its title and heading, no errors, no sideways scrolling, the focus, the language."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Browser, WebSocketRoute, expect

from integration_admin.bootstrap import Application
from tests.e2e import measure, road, world
from tests.e2e.inhabited import Inhabited
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.walk import Walk
from tests.e2e.words import Language, read_in
from tests.e2e.world import Person, Xledger

MOST_TRANSFERRED = 250 * 1024


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation with some claims."""
    made = await world.new_administrator(office)
    await world.receive(office, made, world.claims_of("EC", 3))
    return made


async def test_every_page_has_what_a_page_needs(desktop_walk: Walk, phone_walk: Walk) -> None:
    assert desktop_walk.unlike == []
    assert phone_walk.unlike == []


async def test_going_on_moves_the_focus_to_the_new_content(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    draft = await world.begin(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.get_by_role("link", name="Regnskapet").click()
        await page.wait_for_url(f"**{DASHBOARD}/{integration}")
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        await page.get_by_role("link", name="Export history").click()
        await page.wait_for_url("**/history")
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        await page.goto(f"{DASHBOARD}/new?id={draft}&step=schedule")
        await road.press(page, "Save and continue to the review")
        await road.expect_step(page, 5)
        await expect(page.get_by_role("heading", level=1)).to_be_focused()


async def test_a_page_shows_nothing_of_another_integration_while_it_waits_for_its_own(
    browser: Browser, server: Server, made: Inhabited
) -> None:
    async with road.opened_page(browser, server) as page:
        line = Line()
        await page.route_web_socket("**/_event**", line.connect)
        await road.sign_in(page, made.colleague)
        await page.goto(f"{DASHBOARD}/{made.ids['id']}/schedule")
        await expect(page.locator("#kind")).to_be_visible()
        await page.get_by_role("link", name="Integrations").last.click()
        await page.get_by_role("link", name="Gammelt regnskap", exact=True).click()
        to_schedule = page.get_by_role("link", name="Schedule")
        await expect(to_schedule).to_have_attribute("href", re.compile(made.ids["stopped"]))
        line.holds = True
        await to_schedule.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Schedule")
        await expect(page.locator("main [aria-busy=true]")).to_be_visible()
        await expect(page.locator("#kind")).to_have_count(0)
        line.release()
        await expect(page.locator("#kind")).to_be_visible()


async def test_an_untested_set_up_promises_no_day_for_its_first_export(
    browser: Browser, server: Server, made: Inhabited
) -> None:
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, made.colleague)
        await page.goto(f"{DASHBOARD}/new?id={made.ids['rest']}&step=review")
        await expect(page.get_by_role("button", name="Save and leave paused")).to_be_visible()
        first = road.told(page, "First export")
        await expect(first).to_have_text("Not before a test has succeeded and you resume it")
        await page.goto(f"{DASHBOARD}/new?id={made.ids['draft']}&step=review")
        await expect(page.get_by_role("button", name="Save and activate")).to_be_visible()
        await expect(first).to_contain_text("02:00")


class Line:
    """The connection between page and server; while it holds, nothing the server says arrives."""

    def __init__(self) -> None:
        self.holds = False
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []

    def connect(self, page: WebSocketRoute) -> None:
        page.connect_to_server().on_message(lambda said: self._take(page, said))

    def release(self) -> None:
        """Deliver what was held, and hold nothing any more."""
        self.holds = False
        for page, said in self._held:
            page.send(said)

    def _take(self, page: WebSocketRoute, said: str | bytes) -> None:
        if self.holds:
            self._held.append((page, said))
        else:
            page.send(said)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
async def test_the_document_says_which_language_it_is_in(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    person: Person,
    language: Language,
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await read_in(page, language)
        for path in ("", f"/{integration}", f"/{integration}/schedule"):
            await page.goto(DASHBOARD + path)
            await expect(page.locator("html")).to_have_attribute("lang", language)


async def test_the_dashboard_takes_little_over_the_network(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    await world.connect(office, person, xledger)
    async with road.opened_page(browser, server, "phone") as page:
        await road.sign_in(page, person)
        taken = await measure.transferred_bytes(page, DASHBOARD)
    assert 20 * 1024 < taken < MOST_TRANSFERRED


async def test_a_choice_shows_its_effect(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/schedule")
        assert min(await measure.choices_to_paint(page, clicks=4)) > 0
        await expect(page.locator("main form li").first).to_contain_text("02:00")
