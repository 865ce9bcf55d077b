"""Writes down that the part that exports is alive, for whoever asks from another process: doctor, metrics."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from integration_admin.core.clock import Clock
from integration_admin.data.database import Database

TICK: Final = "tick"
"""The name under which the last tick of any scheduler stands."""
EVERY_SECONDS: Final = 15.0
LATE: Final = timedelta(minutes=2)
"""After how long without a tick something is wrong."""


class _Ticks(Protocol):
    async def tick(self) -> None: ...


class Heartbeat:
    """Notes the last tick, at most every 15 seconds a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: float | None = None

    async def beat(self) -> None:
        """Note that the scheduler has just ticked."""
        now = self._clock.monotonic()
        if self._noted is not None and now - self._noted < EVERY_SECONDS:
            return
        async with self._database.system(writes=True) as system:
            await system.note_beat(TICK, self._clock.now())
        self._noted = now

    async def last_tick(self) -> datetime | None:
        """Return when any scheduler ticked last; None where none ever did."""
        async with self._database.system() as system:
            return await system.last_beat(TICK)


class NotedTicks:
    """A scheduler each of whose ticks is noted when it has ended well."""

    def __init__(self, scheduler: _Ticks, heartbeat: Heartbeat) -> None:
        self._scheduler = scheduler
        self._heartbeat = heartbeat

    async def tick(self) -> None:
        """Tick, and note it."""
        await self._scheduler.tick()
        await self._heartbeat.beat()
