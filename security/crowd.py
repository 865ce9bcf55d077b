"""Fifty people signed in at one process, each with a live websocket: how long they wait for what they choose."""

import asyncio
import random
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles

from benchmarks.onlookers import CARDS, LOAD, onlooker
from benchmarks.report import Figure, at_least, at_most
from integration_admin import demo
from integration_admin.commands.build import build_frontend
from integration_admin.core.secret import Secret
from tests.e2e import world
from tests.e2e.server import Server, running_server
from tests.scale_out.web import Tab

_PEOPLE = 50
_SECONDS = 60.0
_CHOOSES_EVERY_SECONDS = 3.0
_MOST_P95 = 250.0


def measure() -> list[Figure]:
    """Return the median and the 95th percentile from an event to its answer, over a minute."""
    build_frontend()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        times = asyncio.run(_times(server))
    return [
        at_least("crowd_people", _PEOPLE, "people", 50),
        Figure("crowd_events", len(times), "events"),
        Figure("crowd_median", median(times), "ms"),
        at_most("crowd_p95", quantiles(times, n=20)[-1], "ms", _MOST_P95),
    ]


async def _times(server: Server) -> list[float]:
    async with (
        world.opened_office(server) as office,
        world.running_xledger(1) as xledger,
        AsyncExitStack() as stack,
    ):
        await demo.load(office, xledger.endpoint, Secret(xledger.token))
        tabs = [
            await stack.enter_async_context(onlooker(server, office, number)) for number in range(_PEOPLE)
        ]
        until = asyncio.get_running_loop().time() + _SECONDS
        waits = await asyncio.gather(*(_chosen(tab, until, seed) for seed, tab in enumerate(tabs)))
    return [wait for of_one in waits for wait in of_one]


async def _chosen(tab: Tab, until: float, seed: int) -> list[float]:
    """Have one person ask for the dashboard again and again; return each wait in milliseconds."""
    draw = random.Random(seed)  # noqa: S311, it only spreads the events
    clock = asyncio.get_running_loop().time
    waits = []
    while clock() < until:
        await asyncio.sleep(_CHOOSES_EVERY_SECONDS * 2 * draw.random())
        tab.vars.pop(CARDS, None)
        begun = clock()
        await tab.send(LOAD)
        await tab.until(lambda: CARDS in tab.vars)
        waits.append(1_000 * (clock() - begun))
    return waits
