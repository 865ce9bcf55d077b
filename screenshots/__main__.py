"""Saves every page with the demo's data, in both sizes and themes, under instance/reports/screenshots/."""

import asyncio
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import Browser, Page

from screenshots.demonstration import KARI, demonstration
from tests.e2e import road
from tests.e2e.server import Server
from tests.e2e.walk import PAGES, SERVED, SERVED_TO_GUESTS, THEMES, settled, show_in

_FOLDER = Path("instance/reports/screenshots")
_OF_NO_INTEGRATION = (
    "/settings/integrations/{id}/reconciliation",
    "/settings/integrations/{id}/reconciliation/{period}",
    "/records",
    "/records/expense_claim/EC-2026-0804",
    "/settings/organisation",
    "/settings/organisation/members/{member}",
    "/settings/organisation/notices",
    "/settings/organisation/api-tokens",
    *SERVED,
    "/settings/audit-log",
)
_LOCALE = "nb-NO"
_ID = r"^[0-9a-f-]{36}$"


async def main() -> None:
    """Save the pictures."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    async with demonstration() as shown:
        paths = [*(road.DASHBOARD + path for path in PAGES), *_OF_NO_INTEGRATION]
        addresses = [path.format(**shown.ids) for path in paths]
        for device in road.SIZES:
            await _save_all(shown.browser, shown.server, device, addresses)


async def _save_all(browser: Browser, server: Server, device: road.Device, addresses: list[str]) -> None:
    size = road.SIZES[device]
    async with await browser.new_context(base_url=server.url, viewport=size, locale=_LOCALE) as context:
        page = await context.new_page()
        await _save(page, device, "/sign-in")
        await _save(page, device, "/nowhere")
        for address in SERVED_TO_GUESTS:
            await _save(page, device, address)
        await page.goto("/sign-in")
        await road.type_sign_in(page, KARI.email, KARI.password)
        await page.wait_for_url(f"**{road.DASHBOARD}")
        for address in addresses:
            await _save(page, device, address)


async def _save(page: Page, device: road.Device, address: str) -> None:
    """Save a page in both themes, whole, and say where."""
    await page.goto(address)
    await settled(page)
    for theme in THEMES:
        await show_in(page, theme)
        path = _FOLDER / f"{device}-{theme}" / f"{_name(address)}.png"
        await page.screenshot(path=path, full_page=True)
        sys.stdout.write(f"{path}\n")


def _name(address: str) -> str:
    """Return an address as the name of a file, without the ids in it."""
    return "-".join(_words(address.removeprefix("/settings/")))


def _words(address: str) -> Iterator[str]:
    for word in re.split(r"[/?&]", address):
        if word.startswith("step="):
            yield word.removeprefix("step=")
        elif word and not word.startswith("id="):
            yield re.sub(_ID, "one", word)


if __name__ == "__main__":
    asyncio.run(main())
