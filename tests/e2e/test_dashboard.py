"""The dashboard says how each integration is doing in a word, in every language and size."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from integration_admin.bootstrap import Application
from tests.e2e import road, world
from tests.e2e.inhabited import Inhabited
from tests.e2e.road import Device
from tests.e2e.server import Server
from tests.e2e.words import Language, read_in, said
from tests.e2e.world import Xledger

LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en")
NAME = "Regnskapet"


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_every_status_is_a_word_in_every_language(
    browser: Browser, server: Server, office: Application, xledger: Xledger, made: Inhabited, device: Device
) -> None:
    person = await world.new_administrator(office)
    await world.connect(office, person, xledger, NAME)
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, made.person)
        for language in LANGUAGES:
            await read_in(page, language)
            await expect(words(page)).to_have_text(
                [
                    said(page, word)
                    for word in ("Needs attention", "Error", "Not configured", "Not configured")
                ]
            )
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person)
        for language in LANGUAGES:
            await read_in(page, language)
            await expect(words(page)).to_have_text([said(page, "Active")])
            await press(page, "Pause {name}")
            await expect(words(page)).to_have_text([said(page, "Paused")])
            await press(page, "Resume {name}")
            await expect(words(page)).to_have_text([said(page, "Active")])


def words(page: Page) -> Locator:
    """Return the statuses, from the top."""
    return page.locator("main .app-tag")


async def press(page: Page, button: str) -> None:
    await page.get_by_role("button", name=said(page, button, name=NAME), exact=True).click()
