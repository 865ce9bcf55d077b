"""The clock of a PostgreSQL installation: the database's, so that all machines agree on what is due."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.data.database import Database

_log = structlog.get_logger(__name__)

TOLERANCE = timedelta(seconds=5)
"""How far the machine's own clock may be off before somebody is told."""
_ANSWER_SECONDS = 5.0
_LONGEST_SECONDS = 1.0
"""A slower answer says too little: the instant it holds may be of any moment in between."""


def seconds_awake_or_not() -> float:
    """Return seconds that never run backwards and also count while the machine sleeps, where it can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class DatabaseClock:
    """Tells the database's time: the instant at the last `sync` plus the seconds since.

    Before the first `sync` it is the machine's clock. Between two it needs no connection. `elapsed` returns
    the seconds that have passed since any fixed moment.
    """

    def __init__(
        self,
        database: Database,
        machine: Clock | None = None,
        elapsed: Callable[[], float] = seconds_awake_or_not,
    ) -> None:
        self._database = database
        self._machine = machine or SystemClock()
        self._elapsed = elapsed
        self._synced: tuple[datetime, float] | None = None
        self._machine_is_off = False

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        if self._synced is None:
            return self._machine.now()
        instant, then = self._synced
        return instant + timedelta(seconds=self._elapsed() - then)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        await self._machine.sleep(seconds)

    async def sync(self) -> None:
        """Ask the database for the time; the answer is taken as of the middle of the round trip.

        Raises TimeoutError when it does not answer. An answer that took over a second changes nothing.
        """
        asked, instant, answered = await self._ask()
        if answered - asked > _LONGEST_SECONDS:
            _log.warning("database_clock_slow", seconds=round(answered - asked, 1))
            return
        self._synced = (instant, (asked + answered) / 2)
        self._compare()

    async def _ask(self) -> tuple[float, datetime, float]:
        """Return the elapsed seconds before, the database's instant, and the elapsed seconds after."""
        async with asyncio.timeout(_ANSWER_SECONDS), self._database.engine.connect() as connection:
            # Without a transaction the question is one round trip.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            asked = self._elapsed()
            instant = await connection.scalar(text("SELECT clock_timestamp()"))
            answered = self._elapsed()
        if not isinstance(instant, datetime):
            raise TypeError
        return asked, instant, answered

    def _compare(self) -> None:
        """Tell once when the machine's clock is off, and once when it is right again."""
        ahead = self._machine.now() - self.now()
        is_off = abs(ahead) > TOLERANCE
        if is_off and not self._machine_is_off:
            _log.warning("machine_clock_off", seconds_ahead=round(ahead.total_seconds(), 1))
        elif self._machine_is_off and not is_off:
            _log.info("machine_clock_right_again")
        self._machine_is_off = is_off
