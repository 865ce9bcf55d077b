"""What an integration's page costs whoever looks while a hundred thousand records are exported by the same process."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from benchmarks.claims import claims
from benchmarks.instance import LOOPBACK, ORGANISATION, opened, set_up
from benchmarks.processes import sandbox
from benchmarks.report import Figure, at_most
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.bootstrap import Application
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock

_RECORDS = 100_000
_LATENCY = 20
_PAUSE = 0.25
"""Seconds between two looks: a few people at once."""
_MOST_MILLISECONDS = 1_000.0
"""Up to a second nobody loses the thread (Nielsen, Response Times: The 3 Important Limits)."""
_Look = Callable[[Application, Actor, uuid.UUID, uuid.UUID], Awaitable[object]]


def measure() -> list[Figure]:
    """Look at the page, and at the progress, again and again until the export has ended."""
    with sandbox("generic_rest") as system, TemporaryDirectory(prefix="ia-bench-") as name:
        typed = {
            "base_url": system.url,
            "api_key": system.found["keys"]["full"],
            "batch": "100",
            "in_flight": "8",
        }
        folder = Path(name)
        asyncio.run(_fill(folder, typed))
        system.post("settings", {"latency_ms": _LATENCY})
        taken = asyncio.run(_watch(folder))
    return [
        at_most(f"{look}_while_exporting_p95", quantiles(milliseconds, n=20)[-1], "ms", _MOST_MILLISECONDS)
        for look, milliseconds in taken.items()
    ]


async def _fill(folder: Path, typed: dict[str, str]) -> None:
    """Make the installation with everything that is to be exported."""
    async with OutboundClient(allow=LOOPBACK) as client:
        adapter = GenericRESTAdapter(client, SystemClock())
        await set_up(folder, typed, claims(_RECORDS), adapter=adapter)


async def _watch(folder: Path) -> dict[str, list[float]]:
    """Export everything; return how many milliseconds each look took meanwhile."""
    taken: dict[str, list[float]] = {name: [] for name in _LOOKS}
    async with (
        OutboundClient(allow=LOOPBACK, pool_size=64) as client,
        opened(folder, GenericRESTAdapter(client, SystemClock())) as application,
    ):
        services = application.services
        await application.keys.run()
        actor = await services.organisations.actor_of(ORGANISATION)
        (integration,) = await services.configuration.everything(actor)
        run = await services.runs.start(actor, integration.id)
        export = asyncio.create_task(services.runner.carry_out(actor.organisation_id, run.id))
        while not export.done():
            for name, look in _LOOKS.items():
                began = time.perf_counter()
                await look(application, actor, integration.id, run.id)
                taken[name].append((time.perf_counter() - began) * 1e3)
                await asyncio.sleep(_PAUSE)
        await export
        ended = await services.runs.get(actor, run.id)
    if ended.delivered != _RECORDS:
        detail = f"{ended.delivered} of {_RECORDS} records were delivered"
        raise RuntimeError(detail)
    return taken


async def _page(application: Application, actor: Actor, integration: uuid.UUID, _: uuid.UUID) -> object:
    return await application.services.health.page(actor, integration)


async def _progress(application: Application, actor: Actor, _: uuid.UUID, run: uuid.UUID) -> object:
    return await application.services.history.progress(actor, run)


_LOOKS: dict[str, _Look] = {"health_page": _page, "progress": _progress}
