"""Going back to an earlier mapping, searching for accounts, and CSV out and in, on a desktop and on a phone."""

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD, Device
from tests.e2e.server import Server
from tests.e2e.world import Person, Xledger

NARROWEST: ViewportSize = {"width": 320, "height": 640}
TRAVEL = "travel.public_transport"


@pytest_asyncio.fixture(loop_scope="session")
async def person(office: Application) -> Person:
    """The administrator of an organisation of this test's own."""
    return await world.new_administrator(office)


async def open_mapping(page: Page, office: Application, xledger: Xledger, person: Person) -> None:
    """Set an integration up, take claims in, and open its mapping."""
    integration = await world.connect(office, person, xledger)
    await world.receive(office, person, world.claims_of("REISE", 3))
    await road.sign_in(page, person)
    await page.goto(f"{DASHBOARD}/{integration}/mapping")
    await expect(road.account_of(page, TRAVEL)).to_have_value("7140")


async def save_account(page: Page, code: str) -> None:
    await road.account_of(page, TRAVEL).fill(code)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("The mapping is saved.")).to_be_visible()


async def expect_no_sideways_scrolling(page: Page) -> None:
    """Make the window as narrow as WCAG 1.4.10 asks, and look whether the page still fits in."""
    await page.set_viewport_size(NARROWEST)
    assert await page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]


async def expect_nothing_for_axe(page: Page) -> None:
    found: Any = await Axe().run(page)
    assert [violation["id"] for violation in found.response["violations"]] == []


def version(page: Page, number: int) -> Locator:
    return page.get_by_role("article", name=f"Version {number}", exact=True)


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_an_earlier_mapping_is_restored_after_one_question(
    browser: Browser, server: Server, office: Application, xledger: Xledger, person: Person, device: Device
) -> None:
    async with road.opened_page(browser, server, device) as page:
        await open_mapping(page, office, xledger, person)
        await save_account(page, "7350")
        await page.get_by_text("Who saved the mapping when, and what was changed").click()
        await expect(version(page, 2)).to_contain_text("In use")
        await expect(version(page, 2)).to_contain_text("by Kari Nordmann")
        await expect(version(page, 2)).to_contain_text(
            "“Travel by public transport” was changed from 7140 to 7350."
        )
        await expect(version(page, 1)).to_contain_text("The first mapping that was kept.")
        await expect_nothing_for_axe(page)

        await version(page, 1).get_by_role("button", name="Restore version 1").click()
        question = page.get_by_role("dialog", name="Restore version 1?")
        await question.get_by_role("button", name="Leave it as it is").click()
        await expect(question).to_be_hidden()
        await expect(road.account_of(page, TRAVEL)).to_have_value("7350")

        await version(page, 1).get_by_role("button", name="Restore version 1").click()
        await question.get_by_role("button", name="Restore it").click()
        await expect(page.locator("#version-restored")).to_contain_text("Version 1 is restored.")
        await expect(page.locator("#version-restored")).to_be_focused()
        await expect(road.account_of(page, TRAVEL)).to_have_value("7140")
        await expect(version(page, 3)).to_contain_text("In use")
        await expect(version(page, 3)).to_contain_text("was changed from 7350 to 7140.")
        await expect_no_sideways_scrolling(page)


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_accounts_are_searched_while_typing_and_filled_in_from_a_file(
    browser: Browser,
    server: Server,
    office: Application,
    xledger: Xledger,
    person: Person,
    device: Device,
    tmp_path: Path,
) -> None:
    async with road.opened_page(browser, server, device) as page:
        await open_mapping(page, office, xledger, person)
        offered = page.locator("#offered-codes option")
        await road.account_of(page, TRAVEL).press_sequentially("x")
        await expect(offered).to_have_count(0)
        await road.account_of(page, TRAVEL).fill("71")
        await expect(offered.first).to_have_attribute("value", "7100")
        assert await offered.count() <= 20
        await road.account_of(page, TRAVEL).fill("7140")

        await page.get_by_text("Fill in many accounts at once").click()
        async with page.expect_download() as started:
            await page.get_by_role("button", name="Download the accounts as CSV").click()
        taken_out = tmp_path / "accounts.csv"
        await (await started.value).save_as(taken_out)
        text = taken_out.read_text(encoding="utf-8-sig")
        assert text.splitlines()[0] == "Category;Account;Name"
        assert f"{TRAVEL};7140;" in text

        taken_out.write_text(f"{text};6800;\n", encoding="utf-8")
        await read_in(page, taken_out)
        await expect(page.locator("#value-map-faults")).to_contain_text("The category is missing.")
        await expect(page.locator("#value-map-faults")).to_be_focused()
        await expect(road.account_of(page, TRAVEL)).to_have_value("7140")

        taken_out.write_text(text.replace(f"{TRAVEL};7140", f"{TRAVEL};7350"), encoding="utf-8-sig")
        await read_in(page, taken_out)
        await expect(page.locator("#value-map-told")).to_be_focused()
        await expect(road.account_of(page, TRAVEL)).to_have_value("7350")
        await expect_nothing_for_axe(page)
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("The mapping is saved.")).to_be_visible()
        await page.reload()
        await expect(road.account_of(page, TRAVEL)).to_have_value("7350")
        await expect_no_sideways_scrolling(page)


async def read_in(page: Page, path: Path) -> None:
    """Choose a file and press the button once the browser has it ready."""
    await page.locator("#value_map_file").set_input_files([])
    await page.locator("#value_map_file").set_input_files(path)
    await expect(page.get_by_text("The file is ready. Press “Read the file”.")).to_be_visible()
    await page.get_by_role("button", name="Read the file").click()
