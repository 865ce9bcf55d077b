"""Whoever asks for stillness gets it, and whoever has colours of their own loses nothing that was told by ours."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e import road
from tests.e2e.inhabited import Inhabited
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server
from tests.e2e.walk import Walk, settled
from tests.e2e.wishes import moving, told_by_colour_alone

CARELESS = """<style>button { border: 0; outline: none; transition: color 1s } button:focus { background: red }</style>
<main><button>Save</button><p>See <a href="#" style="text-decoration: none">this</a></p>
<span class="app-tag" style="background: red"></span></main>"""


@pytest_asyncio.fixture(loop_scope="session")
async def chosen_colours(browser: Browser, server: Server, made: Inhabited) -> AsyncIterator[Page]:
    """The page on which data is left out, in colours the device forces on it."""
    async with await browser.new_context(
        base_url=server.url, locale="en-GB", forced_colors="active", reduced_motion="reduce"
    ) as context:
        page = await context.new_page()
        await road.sign_in(page, made.colleague)
        await page.goto(f"{DASHBOARD}/{made.ids['id']}/excluded-data")
        await settled(page)
        yield page


async def test_nothing_moves_where_stillness_is_asked_for(desktop_walk: Walk) -> None:
    assert desktop_walk.moving == [], "\n" + "\n".join(desktop_walk.moving)


async def test_in_forced_colours_nothing_is_told_by_a_background_alone(desktop_walk: Walk) -> None:
    assert desktop_walk.told_by_colour == [], "\n" + "\n".join(desktop_walk.told_by_colour)


async def test_in_forced_colours_a_ticked_box_looks_ticked(chosen_colours: Page) -> None:
    box = chosen_colours.locator("main input[type=checkbox]:not(:checked)").first
    box = chosen_colours.locator(f'[id="{await box.get_attribute("id")}"]')
    # The ring of the focus is there before and after.
    await box.focus()
    before = await box.screenshot()
    await box.press("Space")
    assert await box.is_checked()
    assert await box.screenshot() != before


async def test_a_careless_page_would_be_noticed(page: Page) -> None:
    await page.set_content(CARELESS)
    assert len(await moving(page)) == 1
    wrong = "\n".join(await told_by_colour_alone(page))
    for what in ("no edge: <button", "a link like text", "no word", "the focus is not seen: <button"):
        assert what in wrong
