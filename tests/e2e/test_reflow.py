"""Narrow screens and large text lose nothing: no sideways scrolling, and tables that become cards stay tables by ear."""

from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.test_axe import settled
from tests.e2e.test_pages import PAGES, overflow
from tests.e2e.world import Person

TABLE_ROLES = {"table", "rowgroup", "row", "columnheader", "rowheader", "cell"}
Exported = tuple[Person, dict[str, str]]
"""Who signs in, and what the addresses of `PAGES` are filled in with."""

_SEED = 950
FAILURES = "Records that could not be exported"
PAPER = 718
"""The width in CSS pixels of an A4 page within margins of one centimetre."""
IS_WHOLE = """(cell) => {
  const box = cell.getBoundingClientRect();
  const inside = box.left >= 0 && box.right <= innerWidth && box.width > 0;
  return inside && cell.scrollWidth <= cell.clientWidth && cell.scrollHeight <= cell.clientHeight;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def exported(office: Application) -> AsyncIterator[Exported]:
    """An organisation whose last export left records behind, with one set-up under way."""
    async with world.running_xledger(seed=_SEED) as xledger:
        person = await world.new_administrator(office)
        await world.receive(office, person, world.claims_of("EC", 3))
        integration = await world.connect(office, person, xledger)
        draft = await world.begin(office, person, xledger)
        await xledger.change("accounts/7350", open=False)
        run = await world.export_once(office, person, integration)
        yield person, {"id": integration, "draft": draft, "run": run}


async def resize(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})


async def computed_roles(page: Page, table: Locator) -> set[str]:
    """Return the roles Chromium itself gives the table and what is in it, as a screen reader gets them."""
    session = await page.context.new_cdp_session(page)
    await table.evaluate("(table) => { window.asked = table; }")
    found = await session.send("Runtime.evaluate", {"expression": "window.asked"})
    tree = await session.send("Accessibility.queryAXTree", {"objectId": found["result"]["objectId"]})
    await session.detach()
    return {node["role"]["value"] for node in tree["nodes"] if not node["ignored"]}


@pytest.mark.parametrize("width", [320, 360])
async def test_records_that_failed_are_cards_on_a_phone_and_a_table_by_ear(
    browser: Browser, server: Server, exported: Exported, width: int
) -> None:
    person, ids = exported
    async with road.opened_page(browser, server, "phone") as page:
        await road.sign_in(page, person)
        await resize(page, width)
        await page.goto(f"{DASHBOARD}/{ids['id']}")
        table = page.get_by_role("table", name=FAILURES)
        await expect(table.get_by_role("rowheader")).to_have_count(2)
        await expect(table.get_by_role("columnheader")).to_have_text(
            ["Record", "Amount", "Why", "What to do"]
        )
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


async def test_a_wide_screen_has_the_table_as_a_table(
    browser: Browser, server: Server, exported: Exported
) -> None:
    person, ids = exported
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{ids['id']}")
        cells = page.get_by_role("table", name=FAILURES).get_by_role("row").nth(1).get_by_role("cell")
        await expect(cells).to_have_count(3)
        assert await cells.first.evaluate("(cell) => getComputedStyle(cell, '::before').content") == "none"
        assert len({box["y"] for cell in await cells.all() if (box := await cell.bounding_box())}) == 1


async def test_no_page_scrolls_sideways_at_any_width_or_with_text_twice_as_large(
    browser: Browser, server: Server, exported: Exported
) -> None:
    person, ids = exported
    sticking_out: dict[str, list[str]] = {}
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        for path, title in PAGES.items():
            await page.goto(DASHBOARD + path.format(**ids))
            await expect(page).to_have_title(f"{title} | Integration Admin")
            for width, size in ((320, 100), (360, 100), (768, 100), (1024, 100), (1280, 200), (640, 200)):
                await resize(page, width)
                await page.evaluate(f"document.documentElement.style.fontSize = '{size}%'")
                await settled(page)
                sticking_out[f"{path} at {width} with text of {size} %"] = await overflow(page)
    assert {where: what for where, what in sticking_out.items() if what} == {}


async def test_the_history_fits_on_paper_with_every_column(
    browser: Browser, server: Server, exported: Exported
) -> None:
    person, ids = exported
    async with road.opened_page(browser, server) as page:
        await road.sign_in(page, person)
        await page.goto(f"{DASHBOARD}/{ids['id']}/history")
        await expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(1)
        await resize(page, PAPER)
        await page.emulate_media(media="print")
        await expect(page.locator("header")).to_be_hidden()
        await expect(page.get_by_role("columnheader")).to_have_count(7)
        await expect(page.get_by_role("columnheader").last).to_be_visible()
        assert await overflow(page) == []
