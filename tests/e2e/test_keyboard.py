"""Everything an administrator does, by keyboard alone: each stop is seen, each step takes the focus and is announced."""

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.inhabited import Inhabited
from tests.e2e.keys import Keyboard
from tests.e2e.listening import expect_announced, listen
from tests.e2e.server import Server
from tests.e2e.walk import settled
from tests.e2e.world import ACCOUNTS, CREDIT_ACCOUNT, Person, Xledger

CLAIMS = 3


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation with some claims."""
    made = await world.new_administrator(office)
    await world.receive(office, made, world.claims_of("EC", CLAIMS))
    return made


async def test_every_task_is_done_with_the_keyboard_alone_and_every_step_is_announced(
    browser: Browser, server: Server, person: Person, xledger: Xledger
) -> None:
    async with road.opened_page(browser, server) as page:
        await listen(page)
        keys = Keyboard(page)
        await sign_in(keys, person)
        await connect(keys, xledger)
        await map_in_wizard(keys)
        await schedule_in_wizard(keys)
        await change_the_mapping(keys)
        await change_the_schedule(keys)
        await rotate_the_secret(keys, xledger)
        await leave_a_category_out(keys)
        await try_without_sending(keys)
        await pause_resume_and_sync(keys)
    assert world.claims_booked(await xledger.ledger()) == ["EC-000"]


async def test_on_a_phone_the_keyboard_reaches_everything_and_is_seen_everywhere(
    browser: Browser, server: Server, made: Inhabited
) -> None:
    async with road.opened_page(browser, server, "phone") as page:
        keys = Keyboard(page)
        await sign_in(keys, made.person)
        await follow(keys, "Regnskapet")
        await settled(page)
        assert await keys.walk_through() == await keys.stops()
        ask = page.get_by_role("article", name="EC-902").get_by_role("button", name="Send again")
        await keys.press(ask)
        question = page.get_by_role("dialog", name="Send EC-902 again?")
        await keys.go_to(question.get_by_role("button").last)
        await page.keyboard.press("Escape")
        await expect(question).to_be_hidden()
        await keys.expect_at(ask)
        await follow(keys, "Field mapping")
        await settled(page)
        assert await keys.walk_through() == await keys.stops()


async def sign_in(keys: Keyboard, person: Person) -> None:
    page = keys.page
    await page.goto("/sign-in")
    await keys.loads.next()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.keyboard.press("Tab")
    await keys.expect_at(page.get_by_role("link", name="Skip to content"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.keyboard.press("Tab")
    await keys.expect_at(page.locator("#email"))
    await page.keyboard.type(person.email)
    await page.keyboard.press("Tab")
    await page.keyboard.type(person.password)
    await page.keyboard.press("Enter")
    await keys.loads.next()
    await expect(page.get_by_role("banner")).to_contain_text(person.organisation)
    await keys.press(page.get_by_role("button", name="English"))
    await keys.loads.next()
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def connect(keys: Keyboard, xledger: Xledger) -> None:
    """Begin the wizard, be refused twice, and connect."""
    page = keys.page
    await keys.press(page.get_by_role("button", name="Set up Xledger"))
    await expect_at_step(keys, 2)
    await keys.press(page.locator("#environment"), "End")
    await keys.type_in(page.locator("#endpoint"), "not an address")
    await page.keyboard.press("Enter")
    await keys.expect_at(page.locator("#endpoint"))
    await expect_announced(page, "Put this right to go on")
    await keys.type_in(page.locator("#endpoint"), xledger.endpoint)
    await keys.type_in(page.locator("#token"), "not-the-right-token")
    await page.keyboard.press("Enter")
    await expect_announced(page, "Error: ")
    await keys.type_in(page.locator("#token"), xledger.token)
    await keys.press(page.get_by_role("button", name="Test Connection"))
    await expect_announced(page, "Connected to")
    await keys.press(page.get_by_role("link", name="Continue to field mapping"))
    await expect_at_step(keys, 3)


async def map_in_wizard(keys: Keyboard) -> None:
    page = keys.page
    await keys.type_in(page.locator('[name="value:credit_account"]'), CREDIT_ACCOUNT)
    for category, code in ACCOUNTS.items():
        await keys.type_in(road.account_of(page, category), code)
    await keys.press(page.get_by_role("button", name="Save and continue to the schedule"))
    await expect_at_step(keys, 4)


async def schedule_in_wizard(keys: Keyboard) -> None:
    page = keys.page
    await keys.press(page.get_by_role("button", name="Save and continue to the review"))
    await expect_at_step(keys, 5)
    await keys.type_in(page.locator("#name"), "Regnskapet")
    await page.keyboard.press("Enter")
    await expect_heading(keys, "Regnskapet")


async def change_the_mapping(keys: Keyboard) -> None:
    """Save an account that does not exist, past the warning about it, and then the right one again."""
    page = keys.page
    await follow(keys, "Field mapping")
    save = page.get_by_role("button", name="Save", exact=True)
    await keys.type_in(road.account_of(page, "meals"), "9999")
    await keys.press(save)
    await expect(page.locator("#mapping-warnings")).to_be_focused()
    await expect_announced(page, "has no code 9999")
    await keys.press(page.locator("[name=accept_warnings]"), "Space")
    await keys.press(save)
    await expect_announced(page, "The mapping is saved.")
    await keys.type_in(road.account_of(page, "meals"), ACCOUNTS["meals"])
    await keys.press(save)
    await expect_announced(page, "The mapping is saved.")
    await go_back(keys)


async def change_the_schedule(keys: Keyboard) -> None:
    page = keys.page
    await follow(keys, "Schedule")
    await keys.press(page.locator("#kind"), "ArrowDown")
    await expect(page.locator("#kind")).to_have_value("weekdays")
    # On a Sunday the next five are those of every day; once a week they are others on any day.
    await keys.press(page.locator("#kind"), "ArrowDown")
    await expect(page.locator("#kind")).to_have_value("weekly")
    await expect_announced(page, "The next exports")
    await keys.type_in(page.locator("#at"), "06:45")
    await page.keyboard.press("Enter")
    await expect_announced(page, "The schedule is saved.")
    await go_back(keys)


async def rotate_the_secret(keys: Keyboard, xledger: Xledger) -> None:
    page = keys.page
    await follow(keys, "Credentials")
    await keys.press(page.get_by_role("button", name="Test and replace"))
    await keys.expect_at(page.locator("#new-token"))
    await page.keyboard.type(xledger.tokens["renewed"])
    await page.keyboard.press("Enter")
    await expect(page.locator("#rotation-done")).to_be_focused()
    await expect(page.locator("#rotation-done")).to_contain_text("The new secrets work and are in use.")
    await go_back(keys)


async def leave_a_category_out(keys: Keyboard) -> None:
    page = keys.page
    await follow(keys, "What is left out")
    await keys.press(page.get_by_role("checkbox", name="Meals", exact=True), "Space")
    await keys.press(page.get_by_role("button", name="Save", exact=True))
    await expect_announced(page, "Done: ")
    await go_back(keys)


async def try_without_sending(keys: Keyboard) -> None:
    page = keys.page
    await follow(keys, "Try without sending")
    sent = page.get_by_role("region", name="Would be sent")
    await keys.press(sent.get_by_text("Exactly what is sent").first, "Space")
    await expect(sent.locator("pre").first).to_be_visible()
    await expect_announced(page, "1")
    await go_back(keys)


async def pause_resume_and_sync(keys: Keyboard) -> None:
    page = keys.page
    await keys.press(page.get_by_role("button", name="Pause"))
    await expect_announced(page, "Nothing is exported until you resume it.")
    await keys.expect_at(page.get_by_role("button", name="Resume"))
    await page.keyboard.press("Enter")
    await keys.expect_at(page.get_by_role("button", name="Pause"))
    await keys.press(page.get_by_role("button", name="Sync now"))
    await expect_announced(page, "An export is under way")
    await expect_announced(page, "Exported: 1.")
    await keys.expect_at(page.get_by_role("button", name="Sync now"))


async def follow(keys: Keyboard, name: str) -> None:
    """Follow a link of the page, and be at the heading of the one it leads to."""
    await keys.press(keys.page.get_by_role("main").get_by_role("link", name=name, exact=True))
    await expect_heading(keys, name)


async def go_back(keys: Keyboard) -> None:
    """Go to the integration's own page by the links above the heading."""
    trail = keys.page.get_by_role("navigation", name="You are here")
    await keys.press(trail.get_by_role("link", name="Regnskapet"))
    await expect_heading(keys, "Regnskapet")


async def expect_at_step(keys: Keyboard, number: int) -> None:
    """The wizard has gone on: the heading has the focus, and the step is read out."""
    await keys.loads.next()
    await road.expect_step(keys.page, number)
    await expect_announced(keys.page, f"Step {number} of 5")
    await keys.expect_at(heading(keys.page))
    await settled(keys.page)


async def expect_heading(keys: Keyboard, name: str) -> None:
    """A new page has come: its heading has the focus."""
    await keys.loads.next()
    await expect(heading(keys.page)).to_have_text(name)
    await keys.expect_at(heading(keys.page))
    await settled(keys.page)


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)
