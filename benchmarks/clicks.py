"""How long somebody waits for what they choose while twenty people are signed in and a large export is under way."""

import asyncio
import random
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

from playwright.async_api import async_playwright

from benchmarks.onlookers import LOAD, onlooker
from benchmarks.report import Figure, at_most
from integration_admin import demo
from integration_admin.bootstrap import Application
from integration_admin.commands.build import build_frontend
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from tests.e2e import measure as pages
from tests.e2e import road, world
from tests.e2e.browser import FLAGS, find_browser
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server, running_server
from tests.e2e.world import Person
from tests.scale_out.web import Tab

_PEOPLE = 20
_RECORDS = 100_000
_AT_ONCE = 5_000
_CLICKS = 100
_LOOKS_EVERY_SECONDS = 3.0
_SEED = 1


def measure() -> list[Figure]:
    """Return the median and the 95th percentile of the time from a choice to its painted answer."""
    build_frontend()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        times = asyncio.run(_times(server))
    return [
        at_most("choice_to_painted_median", median(times), "ms", 100),
        at_most("choice_to_painted_p95", quantiles(times, n=20)[-1], "ms", 250),
    ]


async def _times(server: Server) -> list[float]:
    async with world.opened_office(server) as office, world.running_xledger(_SEED) as xledger:
        await demo.load(office, xledger.endpoint, Secret(xledger.token))
        actor = await office.services.organisations.actor_of(demo.ORGANISATION)
        [integration] = await office.services.configuration.everything(actor)
        for first in range(10_001, 10_001 + _RECORDS, _AT_ONCE):
            await office.services.records.receive(actor, demo.claims(_AT_ONCE, first=first))
        run = (await office.services.runs.start(actor, integration.id)).id
        await _until_delivering(office, actor, run)
        async with _people(server, office):
            times = await _clicked(server, f"{DASHBOARD}/{integration.id}/schedule")
        if (await office.services.runs.get(actor, run)).finished_at is not None:
            detail = "The export ended before the last click."
            raise RuntimeError(detail)
        return times


async def _until_delivering(office: Application, actor: Actor, run: uuid.UUID) -> None:
    async with asyncio.timeout(120):
        while not (await office.services.runs.get(actor, run)).delivered:  # noqa: ASYNC110, another process exports
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _people(server: Server, office: Application) -> AsyncIterator[None]:
    """Have twenty people look at their dashboard again and again until the block ends."""
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        looking = []
        for number in range(_PEOPLE):
            tab = await stack.enter_async_context(onlooker(server, office, number))
            looking.append(group.create_task(_look(tab, random.Random(number))))  # noqa: S311, only spreads the looks
        try:
            yield
        finally:
            for task in looking:
                task.cancel()


async def _look(tab: Tab, draw: random.Random) -> None:
    while True:
        await asyncio.sleep(_LOOKS_EVERY_SECONDS * 2 * draw.random())
        await tab.send(LOAD)


async def _clicked(server: Server, path: str) -> list[float]:
    async with async_playwright() as playwright:
        program = find_browser(Path(playwright.chromium.executable_path))
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        async with road.opened_page(browser, server) as page:
            await road.sign_in(page, Person(demo.EMAIL, demo.ORGANISATION, demo.PASSWORD))
            await page.goto(path)
            return await pages.choices_to_paint(page, _CLICKS)
