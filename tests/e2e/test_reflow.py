"""Narrow screens and large text lose nothing: no sideways scrolling, and tables that become cards stay tables by ear."""

from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e import road
from tests.e2e.inhabited import Inhabited
from tests.e2e.narrow import overflow, resize
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.walk import Walk
from tests.e2e.words import read_in

TABLE_ROLES = {"table", "rowgroup", "row", "columnheader", "rowheader", "cell"}
FAILURES = "Records that could not be exported"
PAPER = 718
"""The width in CSS pixels of an A4 page within margins of one centimetre."""
IS_WHOLE = """(cell) => {
  const box = cell.getBoundingClientRect();
  const inside = box.left >= 0 && box.right <= innerWidth && box.width > 0;
  return inside && cell.scrollWidth <= cell.clientWidth && cell.scrollHeight <= cell.clientHeight;
}"""

STICKS_OUT = "(tables) => tables.map((table) => table.scrollWidth - table.clientWidth)"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader(browser: Browser, server: Server, made: Inhabited) -> AsyncIterator[Page]:
    """A tab in which somebody has signed in who only reads; each test gives it the size it wants."""
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, made.person)
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def page(reader: Page, made: Inhabited) -> Page:
    """The page of an export that left records behind, as wide as a desktop."""
    await reader.set_viewport_size(road.SIZES["desktop"])
    if not reader.url.endswith(made.ids["run"]):
        await reader.goto(f"{DASHBOARD}/{made.ids['id']}/runs/{made.ids['run']}")
    return reader


async def computed_roles(page: Page, table: Locator) -> set[str]:
    """Return the roles Chromium itself gives the table and what is in it, as a screen reader gets them."""
    session = await page.context.new_cdp_session(page)
    await table.evaluate("(table) => { window.asked = table; }")
    found = await session.send("Runtime.evaluate", {"expression": "window.asked"})
    tree = await session.send("Accessibility.queryAXTree", {"objectId": found["result"]["objectId"]})
    await session.detach()
    return {node["role"]["value"] for node in tree["nodes"] if not node["ignored"]}


@pytest.mark.parametrize("width", [320, 360])
async def test_records_that_failed_are_cards_on_a_phone_and_a_table_by_ear(page: Page, width: int) -> None:
    await resize(page, width)
    table = page.get_by_role("table", name=FAILURES)
    await expect(table.get_by_role("rowheader")).to_have_count(2)
    await expect(table.get_by_role("columnheader")).to_have_text(["Record", "Amount", "Why", "What to do"])
    assert await names_before(table.get_by_role("cell")) == ["Amount", "Why", "What to do"] * 2
    reason = table.get_by_role("cell").nth(1)
    await expect(reason).to_contain_text("7350")
    assert await reason.evaluate(IS_WHOLE)
    assert await overflow(page) == []
    assert await computed_roles(page, table) >= TABLE_ROLES


async def names_before(cells: Locator) -> list[str]:
    """Return the column's name that is drawn before each cell, which must be below each other."""
    boxes = [await cell.bounding_box() for cell in await cells.all()]
    tops = [box["y"] for box in boxes if box]
    assert tops == sorted(set(tops))
    drawn: Iterable[str] = await cells.evaluate_all(
        "(cells) => cells.map((cell) => getComputedStyle(cell, '::before').content)"
    )
    return [text.split('"')[1] for text in drawn]


async def test_a_wide_screen_has_the_table_as_a_table(page: Page) -> None:
    cells = page.get_by_role("table", name=FAILURES).get_by_role("row").nth(1).get_by_role("cell")
    await expect(cells).to_have_count(3)
    assert await cells.first.evaluate("(cell) => getComputedStyle(cell, '::before').content") == "none"
    assert len({box["y"] for cell in await cells.all() if (box := await cell.bounding_box())}) == 1


@pytest.mark.parametrize("width", [1280, 1125, 1060])
async def test_a_table_is_no_wider_than_its_column(page: Page, width: int) -> None:
    await read_in(page, "nn")
    await resize(page, width)
    await expect(page.get_by_role("columnheader", name="Bilag i rekneskapssystemet")).to_be_attached()
    assert await page.locator(".app-table").evaluate_all(STICKS_OUT) == [0, 0]
    await read_in(page, "en")


async def test_no_page_scrolls_sideways_or_tears_words_at_any_width_or_with_text_twice_as_large(
    desktop_walk: Walk,
) -> None:
    assert desktop_walk.sticking_out == {}


async def test_the_history_fits_on_paper_with_every_column(page: Page, made: Inhabited) -> None:
    await page.goto(f"{DASHBOARD}/{made.ids['id']}/history")
    await expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(2)
    await resize(page, PAPER)
    await page.emulate_media(media="print")
    await expect(page.locator("header")).to_be_hidden()
    await expect(page.get_by_role("columnheader")).to_have_count(7)
    await expect(page.get_by_role("columnheader").last).to_be_visible()
    assert await overflow(page) == []
    await page.emulate_media(media="screen")
