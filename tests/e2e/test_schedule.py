"""The schedule page: the choices in plain words, a cron line for those who want one, and exports that were missed."""

import uuid
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.inhabited import Inhabited
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation of this test's own."""
    return await world.new_administrator(office)


def next_runs(page: Page) -> Locator:
    return page.locator("main form ol.ds-list > li")


async def write_cron_line(page: Page, line: str) -> None:
    field = page.locator("#cron_line")
    if not await field.is_visible():
        await page.get_by_text("Write a cron line instead").click()
    await field.fill(line)
    await field.blur()


async def test_a_week_a_month_and_nothing_by_itself_are_chosen_in_words(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/schedule")
        await expect(next_runs(page)).to_have_count(5)
        await expect(page.locator("#day")).to_have_count(0)

        await page.locator("#kind").select_option("weekly")
        await page.locator("#day").select_option("5")
        await expect(next_runs(page).first).to_contain_text("Friday")

        await page.locator("#kind").select_option("monthly")
        await expect(page.locator("#day")).to_have_value("0")
        await expect(page.get_by_text("the export comes on the month's last day")).to_be_visible()
        await page.locator("#day").select_option("1")
        await expect(next_runs(page).first).to_contain_text("day 1 ")

        await page.locator("#kind").select_option("manual")
        await expect(page.locator("#at")).to_have_count(0)
        await expect(page.get_by_text("It will not run by itself.")).to_be_visible()

        await page.locator("#kind").select_option("weekly")
        await page.locator("#day").select_option("3")
        await page.locator("#at").fill("06:45")
        await road.press(page, "Save")
        await expect(page.get_by_text("The schedule is saved.")).to_be_visible()
        await page.reload()
        await expect(page.locator("#day")).to_have_value("3")
        await expect(next_runs(page).first).to_contain_text("Wednesday")
        await expect(next_runs(page).first).to_contain_text("06:45")

        await road.press(page, "Pause")
        await expect(page.get_by_role("region", name="Pause or resume")).to_contain_text("Paused")
        await page.locator("#at").fill("06:50")
        await road.press(page, "Save")
        await expect(page.get_by_text("The schedule is saved.")).to_be_visible()
        await road.press(page, "Resume")
        await expect(page.get_by_role("button", name="Pause")).to_be_visible()
        await expect(next_runs(page).first).to_contain_text("06:50")


async def test_a_cron_line_counts_instead_of_the_choices_and_a_wrong_one_is_explained(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person
) -> None:
    integration = await world.connect(office, person, xledger)
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/schedule")
        await write_cron_line(page, "* * * * *")
        await expect(page.locator("#kind")).to_have_count(0)
        await road.press(page, "Save")
        await expect(page.locator("#error-summary")).to_contain_text("Leave at least 5 minutes")

        await write_cron_line(page, "30 6 * * 1-5")
        await expect(next_runs(page).first).to_contain_text("06:30")
        await road.press(page, "Save")
        await expect(page.get_by_text("The schedule is saved.")).to_be_visible()
        await page.reload()
        await expect(page.locator("#cron_line")).to_be_visible()
        await expect(page.locator("#cron_line")).to_have_value("30 6 * * 1-5")
        # What was there before the reload is shown first, and gone once the page has read the schedule anew;
        # what is typed until then would be written over.
        await expect(page.get_by_text("The schedule is saved.")).to_have_count(0)

        await write_cron_line(page, "")
        await expect(page.locator("#kind")).to_be_visible()
        await road.press(page, "Save")
        await expect(page.get_by_text("The schedule is saved.")).to_be_visible()
        await expect(next_runs(page).first).to_contain_text("02:00")


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("Export now what was missed", "The export has been started"),
        ("Leave it to the next planned export", "Nothing is sent now"),
    ],
)
async def test_exports_that_were_missed_are_asked_about_and_the_answer_is_said(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    person: Person,
    button: str,
    said: str,
) -> None:
    integration = await world.connect(office, person, xledger)
    actor = await office.services.organisations.actor_of(person.organisation)
    async with office.database.write(actor.organisation_id) as unit:
        schedule = await unit.schedules.get(uuid.UUID(integration))
        assert schedule is not None
        await unit.schedules.ask(schedule.id, office.clock.now() - timedelta(days=9))
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/schedule")
        await expect(page.get_by_text("Planned exports were missed")).to_be_visible()
        await road.press(page, button)
        await expect(page.get_by_text(said)).to_be_visible()
        await expect(page.get_by_text("Planned exports were missed")).to_have_count(0)
        await page.reload()
        await expect(next_runs(page)).to_have_count(5)
        await expect(page.get_by_text("Planned exports were missed")).to_have_count(0)


async def test_the_schedule_of_what_has_stopped_says_so_and_what_to_do(
    browser: Browser, server: Server, made: Inhabited
) -> None:
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, made.person)
        await page.goto(f"{DASHBOARD}/{made.ids['stopped']}/schedule")
        stopped = page.get_by_role("region", name="The export has stopped")
        await expect(stopped).to_contain_text("the accounting system refuses the credentials")
        await expect(stopped.get_by_role("link", name="Enter new credentials")).to_be_visible()
        await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
