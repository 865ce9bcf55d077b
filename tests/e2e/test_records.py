"""A claim is searched for on a desktop and on a phone, opened, and its voucher and export are there to see and to take away."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.server import Server
from tests.e2e.world import Xledger

NARROWEST: ViewportSize = {"width": 320, "height": 640}


CLAIM = "REISE-2026-1-001"


async def found_claim(page: Page) -> Locator:
    """Look for the claim as it is not written, by way of the menu; return its row, which is the only one."""
    await page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Records").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Records")
    await expect(page.get_by_role("row")).to_have_count(6)
    await page.get_by_label("Search for").fill(CLAIM.lower())
    await page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text=CLAIM)
    await expect(row).to_contain_text("Delivered")
    await expect(page.get_by_role("row")).to_have_count(2)
    return row


def voucher_on(page: Page) -> Locator:
    return page.locator("dt:text-is('Voucher in the accounting system') + dd")


async def test_a_claim_is_found_with_its_voucher_and_its_export(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    integration = await world.connect(office, person, xledger)
    await world.receive(office, person, world.claims_of("REISE-2026-1", 3))
    run = await world.export_once(office, person, integration)
    actor = await office.services.organisations.actor_of(person.organisation)
    story = await office.services.stories.tell(actor, "expense_claim", CLAIM)
    (delivery,) = story.tracked.deliveries
    async with road.opened_page(browser, server, "desktop") as page:
        await road.sign_in(page, person)
        await (await found_claim(page)).get_by_role("link").click()
        await expect(voucher_on(page)).to_have_text(delivery.external_id)
    async with road.opened_page(browser, server, "phone") as page:
        await road.sign_in(page, person)
        found = await found_claim(page)
        await page.set_viewport_size(NARROWEST)
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
        assert (await Axe().run(page)).violations_count == 0
        await found.get_by_role("link").click()

        await expect(page.get_by_role("heading", level=1)).to_have_text(CLAIM)
        await expect(voucher_on(page)).to_have_text(delivery.external_id)
        events = page.get_by_role("region", name="What happened").get_by_role("listitem")
        await expect(events).to_have_count(len(story.events))
        await expect(events.last).to_contain_text(f"Regnskapet has it, as {delivery.external_id}.")
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
        assert (await Axe().run(page)).violations_count == 0

        await events.last.get_by_role("link").click()
        await page.wait_for_url(f"**/runs/{run}")
        records = page.get_by_role("region", name="All records of this export")
        await expect(records.get_by_role("row").filter(has_text=delivery.reference)).to_contain_text(
            "Exported"
        )
        async with page.expect_download() as started:
            await records.get_by_role("link", name="Download as CSV").click()
        file = await (await started.value).path()
        assert delivery.external_id in file.read_text(encoding="utf-8-sig")
