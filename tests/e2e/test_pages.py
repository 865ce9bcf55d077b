"""What holds on every page: its title and heading, no errors, no sideways scrolling, the focus, the language."""

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from integration_admin.bootstrap import Application
from tests.e2e import measure, road, world
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
