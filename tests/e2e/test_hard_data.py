"""Data as hard as life makes it, in a real browser: half a date, the same answer twice, long lists and long names."""

import uuid

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from integration_admin.core.statuses import Role
from tests.builders import make_claim, make_line
from tests.e2e import road, world
from tests.e2e.keys import Keyboard
from tests.e2e.listening import expect_announced, listen
from tests.e2e.narrow import overflow
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger

TOKENS = "/settings/organisation/api-tokens"
LONG_NAME = "Likepersonsarbeidsutgiftsrefusjonsregnskapsavstemmingsoversikt" + "ø" * 30


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation that has nothing yet."""
    return await world.new_administrator(office)


async def failing(office: Application, person: Person, xledger: Xledger, count: int) -> str:
    """Set up an integration whose only run has left so many records behind for one cause."""
    integration = await world.connect(office, person, xledger)
    gift = [make_line(category="gifts", project=None)]
    await world.receive(
        office, person, [make_claim(id=f"EC-{number:03}", lines=gift) for number in range(count)]
    )
    await world.export_once(office, person, integration)
    return integration


async def test_a_last_day_that_is_only_half_typed_makes_no_token_that_works_for_ever(
    browser: Browser, server: Server, person: Person
) -> None:
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        await page.locator("#name").fill("Expense system")
        await page.get_by_role("checkbox", name="Hand over records").check()
        day = page.locator("#last_day")
        await day.focus()
        await page.keyboard.type("0101")
        assert await day.evaluate("(field) => field.validity.badInput"), "day and month, and no year"
        await page.keyboard.press("Enter")
        await expect(page.locator("#error-summary")).to_contain_text("This is not a date.")
        await expect(day).to_be_focused()
        await expect(page.get_by_role("button", name="Revoke")).to_have_count(0)


async def test_the_same_refusal_takes_the_focus_a_second_time(
    browser: Browser, server: Server, person: Person
) -> None:
    async with road.opened_page(browser, server) as page:
        keys = Keyboard(page)
        await road.sign_in(page, person)
        await page.goto(TOKENS)
        for _ in range(2):
            await keys.press(page.get_by_role("button", name="Make the API token"))
            await keys.expect_at(page.locator("#name"))


async def test_the_same_good_news_takes_the_focus_a_second_time(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    await world.receive(office, person, world.claims_of("EC", 3))
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/mapping")
        await page.get_by_text("Give several categories the same account").click()
        for _ in range(2):
            await page.get_by_role("group", name="Categories").get_by_role("checkbox").first.check()
            await page.locator('[name="bulk_account"]').fill("7140")
            await page.get_by_role("button", name="Fill in").focus()
            await page.keyboard.press("Enter")
            await expect(page.locator("#value-map-told")).to_be_focused()
            await page.locator("h1").evaluate("(heading) => heading.focus()")


async def test_what_is_done_a_second_time_is_read_out_a_second_time(
    browser: Browser, server: Server, office: Application, person: Person
) -> None:
    colleague = await world.new_colleague(office, person, Role.VIEWER)
    actor = await office.services.organisations.actor_of(person.organisation)
    members = await office.services.organisations.members(actor)
    member = next(one.id for one in members if one.email == colleague.email)
    pages = {
        f"/settings/organisation/members/{member}": ("End all sessions", "Sessions ended: 0"),
        "/settings/organisation/notices": ("Save", "What you are told is saved."),
    }
    async with road.opened_page(browser, server) as page:
        await listen(page)
        await road.sign_in(page, person)
        for address, (button, words) in pages.items():
            await page.goto(address)
            for _ in range(2):
                await page.get_by_role("button", name=button, exact=True).click()
                await expect_announced(page, words)


async def test_the_first_record_that_came_takes_the_focus_once_all_are_shown(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await failing(office, person, xledger, 25)
    async with road.opened_page(browser, server, "phone") as page:
        await listen(page)
        keys = Keyboard(page)
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/failures")
        await keys.press(page.get_by_role("button", name="Show the records"))
        records = page.get_by_role("article").get_by_role("listitem")
        await expect(records).to_have_count(20)
        await page.get_by_role("button", name="Show more records").focus()
        await page.keyboard.press("Enter")
        await expect_announced(page, "Records shown: 25.")
        await keys.expect_at(records.nth(20).get_by_role("link"))


async def test_going_back_finds_the_history_as_it_was_narrowed_down(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await failing(office, person, xledger, 1)
    await world.receive(office, person, world.claims_of("OK", 1))
    await world.export_once(office, person, integration)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/history")
        rows = page.get_by_role("table").get_by_role("rowheader")
        await expect(rows).to_have_count(2)
        await page.get_by_text("Show only some exports").click()
        await page.get_by_role("combobox", name="Result").select_option("failed")
        await page.get_by_role("button", name="Show these").click()
        await expect(rows).to_have_count(1)
        await rows.get_by_role("link").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("One export")
        await page.go_back()
        await expect(page.get_by_role("combobox", name="Result")).to_have_value("failed")
        await expect(rows).to_have_count(1)


async def test_going_back_finds_what_was_searched_for_among_the_records(
    browser: Browser, server: Server, office: Application, person: Person
) -> None:
    await world.receive(office, person, world.claims_of("EC", 12))
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto("/records")
        rows = page.get_by_role("table").get_by_role("rowheader")
        await expect(rows).to_have_count(14)
        await search(page, "EC-00")
        await expect(rows).to_have_count(10)
        await page.get_by_role("link", name="EC-001").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("EC-001")
        await page.go_back()
        await expect(page.locator("#text")).to_have_value("EC-00")
        await expect(rows).to_have_count(10)
        await page.reload()
        await expect(page.locator("#text")).to_have_value("EC-00")
        await expect(rows).to_have_count(10)


async def search(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")


@pytest.mark.parametrize("address", ["/settings/audit-log", "/settings/organisation/notices"])
async def test_who_may_not_see_a_page_is_told_so_and_waits_for_nothing(
    browser: Browser, server: Server, office: Application, person: Person, address: str
) -> None:
    viewer = await world.new_colleague(office, person, Role.VIEWER)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, viewer)
        await page.goto(address)
        await expect(page.get_by_role("alert")).to_contain_text("Your role does not allow this.")
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        await expect(page.locator(".ds-skeleton")).to_have_count(0)


@pytest.mark.parametrize("part", ["", "/mapping", "/schedule", "/credentials", "/excluded-data"])
async def test_where_there_is_nothing_it_says_so_and_waits_for_nothing(
    browser: Browser, server: Server, person: Person, part: str
) -> None:
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{uuid.uuid4()}{part}")
        await expect(page.get_by_role("alert")).not_to_have_count(0)
        await expect(page.locator("main > [aria-busy=true], main > div > [aria-busy=true]")).to_have_count(0)
        await expect(page.locator("main .ds-skeleton")).to_have_count(0)


async def test_a_name_of_a_hundred_letters_leaves_every_column_on_a_wide_screen(
    browser: Browser, server: Server, office: Application, person: Person
) -> None:
    colleague = await world.new_colleague(office, person, Role.VIEWER)
    actor = await office.services.organisations.actor_of(person.organisation)
    members = await office.services.organisations.members(actor)
    found = next(one.id for one in members if one.email == colleague.email)
    async with office.database.write(actor.organisation_id) as unit:
        (await unit.organisations.member(uuid.UUID(str(found)))).name = LONG_NAME
    await office.services.tokens.create(actor, ["records:write"], LONG_NAME)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        for address in ("/settings/organisation", TOKENS):
            await page.goto(address)
            await expect(page.get_by_role("rowheader", name=LONG_NAME)).to_be_visible()
            assert await overflow(page) == []
