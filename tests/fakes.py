"""Stand-ins that tests move by hand. Nothing here replaces our own code."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""When a FakeClock begins, and when builders say things were created."""


class FakeClock:
    """A Clock that moves only when told to, or when something sleeps on it; `slept` holds every wait in seconds."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Move on by `seconds` at once, and let others run."""
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await asyncio.sleep(0)

    def advance(self, by: float | timedelta) -> None:
        """Move on by seconds or by a timedelta; the wall clock may go back, the monotonic one never does."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self._now += step
        self._monotonic += max(0.0, step.total_seconds())

    def set(self, instant: datetime) -> None:
        """Move on to an instant."""
        self.advance(instant - self._now)
