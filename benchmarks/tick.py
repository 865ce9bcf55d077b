"""How long one look at the clock takes with many schedules of which none is due, as nearly always."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.instance import ORGANISATION, opened, set_up_organisation
from benchmarks.report import Figure, at_most
from integration_admin.bootstrap import Application
from integration_admin.core.statuses import IntegrationState, ScheduleKind
from integration_admin.data.models import Integration, Schedule

_SCHEDULES = 10_000
_ROUNDS = 5
_BAR = 1.0


def measure() -> list[Figure]:
    """Tick with ten thousand daily schedules on SQLite."""
    with TemporaryDirectory(prefix="ia-bench-") as folder:
        return [at_most("tick", asyncio.run(_tick(Path(folder))), "s", _BAR)]


async def _tick(folder: Path) -> float:
    """Return the seconds one tick takes."""
    async with opened(folder) as application:
        await set_up_organisation(application)
        times = [f"{number % 24:02}:{number % 60:02}" for number in range(_SCHEDULES)]
        await save_schedules(application, times, application.clock.now())
        seconds = []
        for _ in range(_ROUNDS):
            started = time.perf_counter()
            await application.services.scheduler.tick()
            seconds.append(time.perf_counter() - started)
    return median(seconds)


async def save_schedules(application: Application, times: Sequence[str], checked_until: datetime) -> None:
    """Store an active integration with a daily schedule for each of `times`, local times in Oslo."""
    actor = await application.services.organisations.actor_of(ORGANISATION)
    now = application.clock.now()
    async with application.database.write(actor.organisation_id) as unit:
        for number, at in enumerate(times):
            identity = uuid.uuid4()
            await unit.integrations.add(
                Integration(
                    id=identity,
                    kind="xledger",
                    name=f"Xledger {number}",
                    state=IntegrationState.ACTIVE,
                    settings={},
                    created_at=now,
                    updated_at=now,
                )
            )
            await unit.schedules.put(
                Schedule(
                    id=uuid.uuid4(),
                    integration_id=identity,
                    kind=ScheduleKind.DAILY,
                    at=at,
                    time_zone="Europe/Oslo",
                    checked_until=checked_until,
                )
            )
