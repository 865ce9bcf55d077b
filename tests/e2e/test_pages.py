"""What holds on every page: its title and heading, no errors, no sideways scrolling, the keyboard, the language."""

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from tests.e2e import measure, road, world
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger

MOST_TRANSFERRED = 250 * 1024
NARROWEST = 320
PAGES = {
    "": "External integrations",
    "/new": "Step 1 of 5: set up an integration",
    "/new?id={draft}&step=credentials": "Step 2 of 5: set up an integration",
    "/new?id={draft}&step=mapping": "Step 3 of 5: set up an integration",
    "/new?id={draft}&step=schedule": "Step 4 of 5: set up an integration",
    "/new?id={draft}&step=review": "Step 5 of 5: set up an integration",
    "/{id}": "Integration: Regnskapet",
    "/{id}/credentials": "Credentials",
    "/{id}/mapping": "Field mapping",
    "/{id}/schedule": "Schedule",
    "/{id}/excluded-data": "What is left out",
    "/{id}/dry-run": "Try without sending",
    "/{id}/history": "Export history",
    "/{id}/runs/{run}": "One export",
}
"""Addresses below the dashboard's, and the titles there."""


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation with some claims."""
    made = await world.new_administrator(office)
    await world.receive(office, made, world.claims_of("EC", 3))
    return made


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_every_page_has_what_a_page_needs(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person, device: Device
) -> None:
    integration = await world.connect(office, person, xledger)
    draft = await world.begin(office, person, xledger)
    await xledger.change("accounts/7350", open=False)
    run = await world.export_once(office, person, integration)
    async with road.opened_page(browser, server, device) as page:
        await page.goto("/sign-in")
        await assert_whole(page, "Sign in")
        await road.sign_in(page, person)
        for path, title in PAGES.items():
            await page.goto(DASHBOARD + path.format(id=integration, draft=draft, run=run))
            await assert_whole(page, title)


async def assert_whole(page: Page, title: str) -> None:
    """The page has its title and one h1, begins with the skip link, and fits its own and the narrowest screen."""
    await expect(page).to_have_title(f"{title} | Integration Admin")
    await expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    assert await page.locator("h1").count() == 1
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.locator("a, button, input, select").first.inner_text() == "Skip to content"
    usual = page.viewport_size
    assert usual is not None
    assert await overflow(page) == []
    await page.set_viewport_size({"width": NARROWEST, "height": 700})
    assert await overflow(page) == []
    await page.set_viewport_size(usual)


async def overflow(page: Page) -> list[str]:
    """Return what sticks out of the page to the right."""
    sticking_out: list[str] = await page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll("*")]
          .filter((one) => one.getBoundingClientRect().right > innerWidth)
          .map((one) => one.outerHTML.slice(0, 120))"""
    )
    return sticking_out


async def test_going_on_moves_the_focus_to_the_new_content(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    draft = await world.begin(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.get_by_role("link", name="Regnskapet").click()
        await page.wait_for_url(f"**{DASHBOARD}/{integration}")
        await expect(page.locator("#main")).to_be_focused()
        await page.get_by_role("link", name="Export history").click()
        await page.wait_for_url("**/history")
        await expect(page.locator("#main")).to_be_focused()
        await page.goto(f"{DASHBOARD}/new?id={draft}&step=schedule")
        await road.press(page, "Save and continue to the review")
        await road.expect_step(page, 5)
        await expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize(("language", "code"), [("Bokmål", "nb"), ("Nynorsk", "nn"), ("English", "en")])
async def test_the_document_says_which_language_it_is_in(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    person: Person,
    language: str,
    code: str,
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await road.read_in(page, language)
        for path in ("", f"/{integration}", f"/{integration}/schedule"):
            await page.goto(DASHBOARD + path)
            await expect(page.locator("html")).to_have_attribute("lang", code)


async def test_the_keyboard_alone_signs_in_and_connects(
    browser: Browser, server: Server, person: Person, xledger: Xledger
) -> None:
    async with road.opened_page(browser, server) as page:
        await page.goto("/sign-in")
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        await tab_to(page, "#email")
        await page.keyboard.type(person.email)
        await page.keyboard.press("Tab")
        await page.keyboard.type(person.password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("banner")).to_contain_text(person.organisation)
        await tab_to(page, "button[value=en]")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Set up Xledger")).to_be_visible()
        await tab_to(page, "main button:has-text('Set up Xledger')")
        await page.keyboard.press("Enter")
        await road.expect_step(page, 2)
        await connect_by_keyboard(page, xledger)
        await tab_to(page, "main a:has-text('Continue to field mapping')")
        await page.keyboard.press("Enter")
        await road.expect_step(page, 3)


async def connect_by_keyboard(page: Page, xledger: Xledger) -> None:
    await expect(page.locator("#environment")).to_be_visible()
    await tab_to(page, "#environment")
    await page.keyboard.press("End")
    await expect(page.locator("#endpoint")).to_be_visible()
    await tab_to(page, "#endpoint")
    await page.keyboard.type(xledger.endpoint)
    await tab_to(page, "#token")
    await page.keyboard.type(xledger.token)
    await tab_to(page, "main button[type=submit]")
    await page.keyboard.press("Enter")
    await expect(page.locator("#report")).to_contain_text("Connected to")


async def tab_to(page: Page, selector: str, most: int = 40) -> None:
    """Press Tab until the element has the focus, which must be seen there."""
    focused = page.locator(selector)
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await focused.evaluate("one => one === document.activeElement"):
            break
    await expect(focused).to_be_focused()
    assert await focused.evaluate("one => getComputedStyle(one).outlineStyle") != "none"


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
        assert await measure.choice_to_paint(page, clicks=4) > 0
        await expect(page.locator("main form li").first).to_contain_text("02:00")
