"""Saves every page with the demo's data, in both sizes and themes, under instance/reports/screenshots/."""

import asyncio
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from integration_admin import demo
from integration_admin.bootstrap import Application
from integration_admin.commands.build import build_frontend
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from tests.e2e import road, world
from tests.e2e.browser import FLAGS, find_browser
from tests.e2e.server import Server, running_server
from tests.e2e.walk import PAGES, THEMES, settled, show_in
from tests.e2e.world import Person

_FOLDER = Path("instance/reports/screenshots")
_KARI = Person(demo.EMAIL, demo.ORGANISATION, demo.PASSWORD)
_SEED = 1
_OF_NO_INTEGRATION = (
    "/records",
    "/records/expense_claim/EC-2026-0804",
    "/settings/organisation",
    "/settings/audit-log",
)
_LOCALE = "nb-NO"
_ID = r"^[0-9a-f-]{36}$"


async def main() -> None:
    """Start the product and a simulated Xledger with the demo's data, and save the pictures."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    build_frontend()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        addresses = await _demonstrate(server)
        async with _opened_browser() as browser:
            for device in road.SIZES:
                await _save_all(browser, server, device, addresses)


async def _demonstrate(server: Server) -> list[str]:
    """Load the demo, set another integration half up, and return the addresses of all pages for who is signed in."""
    async with world.opened_office(server) as office, world.running_xledger(_SEED) as xledger:
        await demo.load(office, xledger.endpoint, Secret(xledger.token))
        actor = await office.services.organisations.actor_of(demo.ORGANISATION, demo.ADMINISTRATOR)
        connected = (await office.services.configuration.everything(actor))[0].id
        health = await office.services.health.of(actor, connected)
        draft = await _begun(office, actor, xledger)
    run = health.last_run.id if health.last_run else ""
    ids = {"id": connected, "run": run, "draft": draft}
    return [*(road.DASHBOARD + path.format(**ids) for path in PAGES), *_OF_NO_INTEGRATION]


async def _begun(office: Application, actor: Actor, xledger: world.Xledger) -> uuid.UUID:
    """Begin a set-up, as far as the schedule, and return its id."""
    services = office.services
    draft = await services.configuration.begin(actor, "xledger")
    typed = {"environment": "custom", "endpoint": xledger.endpoint, "token": xledger.token}
    version = await services.credentials.store(actor, draft, 1, typed)
    await services.credentials.test(actor, draft)
    await services.mappings.refresh(actor, draft)
    await services.mappings.save(actor, draft, version, demo.demo_mapping(), accept_warnings=True)
    return draft


@asynccontextmanager
async def _opened_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        program = find_browser(Path(playwright.chromium.executable_path))
        opened = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield opened
        await opened.close()


async def _save_all(browser: Browser, server: Server, device: road.Device, addresses: list[str]) -> None:
    size = road.SIZES[device]
    async with await browser.new_context(base_url=server.url, viewport=size, locale=_LOCALE) as context:
        page = await context.new_page()
        await _save(page, device, "/sign-in")
        await _save(page, device, "/nowhere")
        await page.goto("/sign-in")
        await road.type_sign_in(page, _KARI.email, _KARI.password)
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
