"""Ten schedulers on one PostgreSQL at the minute when a thousand exports are due: how many start, and how soon."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from benchmarks.instance import opened, set_up_organisation
from benchmarks.postgresql import databases
from benchmarks.report import Figure, at_most
from benchmarks.tick import save_schedules
from integration_admin.bootstrap import Application

_SCHEDULERS = 10
_SCHEDULES = 1_000
_SECONDS = 60.0
_OSLO = ZoneInfo("Europe/Oslo")


def measure() -> list[Figure]:
    """Let ten schedulers tick at once, each with its own connections and queue."""
    with databases() as postgresql, TemporaryDirectory(prefix="ia-bench-") as folder:
        runs, seconds = asyncio.run(_started(Path(folder), postgresql.new()))
    exact = Figure("scheduler_runs", runs, "runs", _SCHEDULES, runs / _SCHEDULES, 1.0, runs == _SCHEDULES)
    return [exact, at_most("scheduler_seconds", seconds, "s", _SECONDS)]


async def _started(folder: Path, url: str) -> tuple[int, float]:
    """Return how many runs there are, and the seconds until the last one was on the queue."""
    async with AsyncExitStack() as stack:
        one, *others = [
            await stack.enter_async_context(opened(folder, database_url=url)) for _ in range(_SCHEDULERS)
        ]
        await set_up_organisation(one)
        due = one.clock.now().replace(second=0, microsecond=0)
        times = [f"{due.astimezone(_OSLO):%H:%M}"] * _SCHEDULES
        await save_schedules(one, times, due - timedelta(minutes=1))
        begun = time.perf_counter()
        await asyncio.gather(*(each.services.scheduler.tick() for each in (one, *others)))
        return await _runs(one), time.perf_counter() - begun


async def _runs(application: Application) -> int:
    async with application.database.system() as system:
        return len(await system.unfinished_runs())
