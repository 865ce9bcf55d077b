"""Makes the pictures in docs/guide.md and docs/guide.nb.md anew, under docs/guide/."""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import ViewportSize

from screenshots.demonstration import KARI, Demonstration, demonstration
from tests.e2e import road
from tests.e2e.walk import settled, show_in
from tests.e2e.words import Language, read_in

_FOLDER = Path("docs/guide")
_SIZE: ViewportSize = {"width": 960, "height": 760}
_LANGUAGES: tuple[Language, ...] = ("nb", "en")
_PAGES = {
    "dashboard": road.DASHBOARD,
    "mapping": road.DASHBOARD + "/{id}/mapping",
    "failures": road.DASHBOARD + "/{id}/failures",
    "record": "/records/expense_claim/EC-2026-0804",
}


async def main() -> None:
    """Save the top of each page, in each of the guide's languages."""
    async with demonstration() as shown:
        for language in _LANGUAGES:
            await _save(shown, language)


async def _save(shown: Demonstration, language: Language) -> None:
    async with await shown.browser.new_context(base_url=shown.server.url, viewport=_SIZE) as context:
        page = await context.new_page()
        await page.goto("/sign-in")
        await road.type_sign_in(page, KARI.email, KARI.password)
        await page.wait_for_url(f"**{road.DASHBOARD}")
        await read_in(page, language)
        await show_in(page, "light")
        for picture, address in _PAGES.items():
            await page.goto(address.format(**shown.ids))
            await settled(page)
            path = _FOLDER / f"{language}-{picture}.png"
            await page.screenshot(path=path)
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    asyncio.run(main())
