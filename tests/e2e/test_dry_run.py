"""Trying an export without sending, and the preview of one record beside its mapping, on a desktop and on a phone."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from integration_admin.bootstrap import Application
from tests.builders import make_claim, make_line
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger

NARROWEST: ViewportSize = {"width": 320, "height": 640}


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation of this test's own."""
    return await world.new_administrator(office)


async def expect_no_sideways_scrolling(page: Page) -> None:
    """Make the window as narrow as WCAG 1.4.10 asks, and look whether the page still fits in."""
    await page.set_viewport_size(NARROWEST)
    assert await page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_an_export_is_tried_without_anything_being_sent(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person, device: Device
) -> None:
    integration = await world.connect(office, person, xledger)
    hotel = make_claim(id="HOTELL-1", lines=[make_line(category="hotel", project=None)])
    await world.receive(office, person, [*world.claims_of("REISE", 3), hotel])
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}")
        await page.get_by_role("link", name="Try without sending").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Try without sending")

        failing = page.get_by_role("region", name="Would fail")
        # It may take as long as the machine is busy, but it comes.
        await expect(failing.get_by_role("listitem")).to_have_count(1)
        await expect(failing).to_contain_text("HOTELL-1")
        await expect(failing).to_contain_text("has no account yet")
        staying = page.get_by_role("region", name="Stays where it is")
        await expect(staying.get_by_role("listitem")).to_have_count(2)
        await expect(staying).to_contain_text("not approved yet")

        first = page.get_by_role("region", name="Would be sent").get_by_role("listitem").first
        await expect(first).to_contain_text("REISE-000")
        await first.get_by_text("Exactly what is sent").click()
        await expect(first.locator("pre")).to_be_visible()
        payload = json.loads(await first.locator("pre").text_content() or "")
        assert payload["inputs"][0]["node"]["account"] == {"code": "7140"}
        assert xledger.token not in await page.content()
        await expect_no_sideways_scrolling(page)
    assert await xledger.ledger() == []


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_the_preview_follows_the_saved_mapping(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person, device: Device
) -> None:
    integration = await world.connect(office, person, xledger)
    await world.receive(office, person, world.claims_of("REISE", 3))
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{integration}/mapping")
        preview = page.get_by_role("region", name="Preview")
        await expect(preview.get_by_role("heading", level=3)).to_have_text("REISE-002")
        entries = preview.get_by_role("table", name="Entries of the voucher")
        await expect(entries.get_by_role("rowheader")).to_have_count(4)
        await expect(entries.get_by_role("rowheader").first).to_contain_text("7140")
        await expect(entries.get_by_role("row").last).to_contain_text("1,761.75 NOK")

        await road.account_of(page, "travel.public_transport").fill("7350")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("The mapping is saved.")).to_be_visible()
        await expect(entries.get_by_role("rowheader").first).to_contain_text("7350")

        await preview.get_by_label("Number of the claim or reimbursement").fill("REISE-000")
        await preview.get_by_role("button", name="Show it").click()
        await expect(preview.get_by_role("heading", level=3)).to_have_text("REISE-000")
        await expect(entries.get_by_role("rowheader")).to_have_count(2)
        await preview.get_by_text("Before: the record as it came in").click()
        await expect(preview.get_by_text("Kari Nordmann")).to_be_visible()
        await preview.get_by_text("Exactly what is sent").click()
        await expect(preview.locator("pre")).to_contain_text('"code": "7350"')

        await preview.get_by_label("Number of the claim or reimbursement").fill("REISE-404")
        await preview.get_by_role("button", name="Show it").click()
        await expect(preview.get_by_text("There is no claim and no reimbursement")).to_be_visible()
        await expect_no_sideways_scrolling(page)
