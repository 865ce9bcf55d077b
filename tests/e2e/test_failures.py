"""A run with three failed records: seen with the reason, understood, mended where the way leads, and retried to success."""

import pytest
from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from tests.builders import make_claim, make_line
from tests.e2e import road, world
from tests.e2e.narrow import overflow
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger

REASON = "Category “Gifts” has no account yet."
GIFTS = '[name="map:account:gifts"]'
FAILED = ["EC-1", "EC-2", "EC-3", "EC-4"]


async def failing(office: Application, person: Person, xledger: Xledger) -> str:
    """Set up an integration whose only run has left four records behind for one cause."""
    integration = await world.connect(office, person, xledger)
    gift = [make_line(category="gifts", project=None)]
    await world.receive(office, person, [make_claim(id=name, lines=gift) for name in FAILED])
    await world.export_once(office, person, integration)
    return integration


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_failed_records_are_seen_understood_mended_and_retried(
    browser: Browser, server: Server, office: Application, xledger: Xledger, device: Device
) -> None:
    person = await world.new_administrator(office)
    integration = await failing(office, person, xledger)
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}")
        cause = page.get_by_role("article", name="4 records, one cause")
        await expect(cause).to_contain_text(REASON)
        await expect(cause).to_contain_text("1,648.00 NOK")
        await expect(page.get_by_role("table", name="Records exported and not exported")).to_contain_text("4")
        assert await overflow(page) == []
        await see_the_records(page)
        await dismiss_one(page)
        await mend(page)
        await retry_one(page)
        await retry(page)
    assert world.claims_booked(await xledger.ledger()) == FAILED[:3]
    assert await is_dismissed(office, person, FAILED[3])


async def see_the_records(page: Page) -> None:
    """Each record of the cause is there, with a way to its own page."""
    await page.get_by_role("link", name="See the records: 4 records, one cause").click()
    for name in FAILED:
        await expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    assert await overflow(page) == []


async def dismiss_one(page: Page) -> None:
    """A reason is asked for; what was done is said and has the focus."""
    await page.get_by_text(f"Dismiss {FAILED[3]} …").click()
    button = page.get_by_role("button", name=f"Dismiss {FAILED[3]}", exact=True)
    await button.click()
    await expect(page.locator("#error-summary")).to_contain_text("Say why")
    await page.locator(f'[id="reason-expense_claim/{FAILED[3]}"]').fill("Paid out by hand.")
    await button.click()
    await expect(page.locator("#decided")).to_contain_text(f"{FAILED[3]} is dismissed.")
    await expect(page.locator("#decided")).to_be_focused()
    await expect(page.get_by_role("article", name="3 records, one cause")).to_be_visible()


async def mend(page: Page) -> None:
    """The way leads to the row at fault, and back."""
    await page.get_by_role("link", name="Change the mapping").click()
    await expect(page.locator(GIFTS)).to_be_focused()
    await page.locator(GIFTS).fill("6800")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("The mapping is saved.")).to_be_visible()
    await page.get_by_role("link", name="Back to what failed").click()


async def retry_one(page: Page) -> None:
    """One record goes by itself; the others stay where they are."""
    await page.get_by_role("button", name=f"Retry {FAILED[2]}", exact=True).click()
    await page.wait_for_url(road.INTEGRATION)
    await expect(page.locator("#sentence")).to_contain_text("could not be exported: 2.")
    await expect(page.get_by_role("article", name="2 records, one cause")).to_be_visible()


async def retry(page: Page) -> None:
    """The export is followed on the integration's own page, and nothing is left to mend."""
    await page.get_by_role("button", name="Retry these: 2 records, one cause").click()
    await expect(page.locator("#sentence")).to_contain_text("Exported: 2.")
    await expect(page.get_by_text("None. Nothing has to be mended.")).to_be_visible()
    await page.get_by_role("link", name="What waits for a person, and what has been settled").click()
    await page.get_by_role("link", name="Settled").click()
    await expect(page.get_by_text("Paid out by hand.")).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="Exported:")).to_have_count(3)


async def is_dismissed(office: Application, person: Person, record: str) -> bool:
    actor = await office.services.organisations.actor_of(person.organisation)
    tracked = await office.services.tracking.get(actor, "expense_claim", record)
    return [delivery.state.value for delivery in tracked.deliveries] == ["dismissed"]
