"""An export of some thousand records, followed: its progress is true on a desktop, after a reload and on a phone."""

import re

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.world import Xledger

NARROWEST: ViewportSize = {"width": 320, "height": 640}
COUNT = 2_000
_DEALT_WITH = re.compile(r"([\d,]+) of 2,000 records are dealt with\.")


async def dealt_with(page: Page) -> int:
    """Wait for the progress of the export on a page, and return how many records it tells of."""
    told = page.locator("#progress-told")
    await expect(told).to_contain_text(_DEALT_WITH)
    found = _DEALT_WITH.search(await told.inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


async def test_a_long_export_tells_how_far_it_is_wherever_one_looks_and_its_end_is_read_out(
    browser: Browser, server: Server, office: Application, xledger: Xledger
) -> None:
    person = await world.new_administrator(office)
    colleague = await world.new_colleague(office, person, world.Role.COORDINATOR)
    await world.receive(office, person, world.claims_of("EC", COUNT))
    integration = await world.connect(office, person, xledger)
    await xledger.change("behaviour", latency=4.0)
    async with road.opened_page(browser, server) as page, road.opened_page(browser, server, "phone") as phone:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}")
        await road.press(page, "Sync now")
        bar = page.get_by_role("progressbar", name="An export is under way")
        await expect(bar).to_have_attribute("max", str(COUNT))
        await expect(page.locator("#progress-told")).to_contain_text("records a minute")
        before = await dealt_with(page)
        await page.reload()
        assert await dealt_with(page) >= before > 0
        assert (await Axe().run(page)).violations_count == 0

        await road.sign_in(phone, colleague)
        await phone.goto(f"{DASHBOARD}/{integration}/history")
        await phone.get_by_role("row").filter(has_text="Under way").get_by_role("link").click()
        seen_before = await dealt_with(page)
        assert await dealt_with(phone) >= seen_before
        await expect(phone.get_by_role("button", name="Stop the export")).to_be_visible()
        await phone.set_viewport_size(NARROWEST)
        assert await phone.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
        assert (await Axe().run(phone)).violations_count == 0

        await xledger.change("behaviour", latency=0.0)
        for one in (page, phone):
            end = one.get_by_role("status").filter(has_text=re.compile(r"Exported: 2,?000\."))
            await expect(end).to_be_attached(timeout=120_000)
            await expect(one.get_by_role("progressbar")).to_have_count(0)
    assert len(await xledger.ledger()) == COUNT
