"""Measures the pages with the demo's data, prints a table, writes instance/reports/lighthouse.json; exit 1 below a bar."""

import asyncio
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.async_api import async_playwright

from benchmarks.report import table, write
from integration_admin import demo
from integration_admin.api.cookies import session_cookie
from integration_admin.api.headers import HASHED
from integration_admin.bootstrap import Application
from integration_admin.commands.build import build_frontend
from integration_admin.core.secret import Secret
from integration_admin.core.settings import load_settings
from lighthouse import program
from lighthouse.figures import failed_audits, figures
from tests.e2e import world
from tests.e2e.browser import FLAGS, find_browser
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server, running_server

_REPORT = Path("instance/reports/lighthouse.json")
_REPORTS = Path("instance/reports/lighthouse")
_PAGES = {
    "dashboard": "",
    "wizard": "/new?id={draft}&step=credentials",
    "mapping": "/{connected}/mapping",
    "health": "/{connected}",
}
"""Addresses below the dashboard's."""
_RUNS = 5
_SEED = 1


async def main() -> int:
    """Measure, and say what was found; the one word on the command line is how many runs there shall be."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else _RUNS
    await asyncio.to_thread(_prepare)
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        pages = await _demonstrated(server)
        cookie = await _signed_in(server)
        browser = await _browser()
        reports = await asyncio.to_thread(
            program.run, pages, cookie, browser, ("--headless", *FLAGS), _REPORTS, runs=runs
        )
        kept = await _cache_headers(reports)
    found = figures(reports, kept)
    write(found, _REPORT)
    sys.stdout.write("".join(f"{line}\n" for line in (table(found), *failed_audits(reports))))
    return 0 if all(figure.holds is not False for figure in found) else 1


def _prepare() -> None:
    build_frontend()
    program.install()


async def _demonstrated(server: Server) -> dict[str, str]:
    """Load the demo, begin another set-up, and return the pages' addresses by name."""
    async with world.opened_office(server) as office, world.running_xledger(_SEED) as xledger:
        await demo.load(office, xledger.endpoint, Secret(xledger.token))
        ids = {"connected": await _connected(office), "draft": await _begun(office)}
    return {name: f"{server.url}{DASHBOARD}{path.format(**ids)}" for name, path in _PAGES.items()}


async def _connected(office: Application) -> uuid.UUID:
    actor = await office.services.organisations.actor_of(demo.ORGANISATION)
    return (await office.services.configuration.everything(actor))[0].id


async def _begun(office: Application) -> uuid.UUID:
    actor = await office.services.organisations.actor_of(demo.ORGANISATION)
    return await office.services.configuration.begin(actor, "xledger")


async def _signed_in(server: Server) -> program.Cookie:
    """Sign in as the demo's administrator and return the session."""
    name = session_cookie(load_settings(server.environment))
    form = {"email": demo.EMAIL, "password": demo.PASSWORD, "next": DASHBOARD}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{server.url}/auth/sign-in", data=form, headers={"Origin": server.url})
    return program.Cookie(name, answer.cookies[name], str(urlsplit(server.url).hostname))


async def _browser() -> Path:
    async with async_playwright() as playwright:
        return find_browser(Path(playwright.chromium.executable_path))


async def _cache_headers(reports: Mapping[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Ask for every file the pages loaded whose name holds its hash, and return how long each may be kept."""
    requests = [
        item["url"]
        for runs in reports.values()
        for item in runs[0]["audits"]["network-requests"]["details"]["items"]
    ]
    hashed = {url for url in requests if HASHED.fullmatch(urlsplit(url).path)}
    async with httpx2.AsyncClient() as client:
        return {url: (await client.get(url)).headers.get("cache-control", "") for url in sorted(hashed)}


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
