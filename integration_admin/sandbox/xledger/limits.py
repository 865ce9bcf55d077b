"""Xledger's limits for one token: bursts, requests at the same time, and credits.

20 requests in 5 seconds is documented (facts S3). How many may run at once, what a request costs
and how many credits there are is not public; those numbers are assumed.
"""

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integration_admin.core.clock import Clock
from integration_admin.sandbox.xledger.problems import Limit, limit_reached

OSLO = ZoneInfo("Europe/Oslo")
BURST_REQUESTS = 20
BURST_SECONDS = 5.0
AT_ONCE = 2
CREDITS = 1_000_000
CREDIT_HOURS = 1


class Limiter:
    """Counts what one token uses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._admitted: deque[float] = deque()
        self._running = 0
        self._renew()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Hold a place for one request. Raises Problem with the limit that stands in the way."""
        self._check_burst()
        if self._running >= AT_ONCE:
            raise limit_reached(Limit.CONCURRENCY)
        self._check_credits()
        self._admitted.append(self._clock.monotonic())
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def charge(self, credits_used: int) -> None:
        """Take credits for a request that was carried out."""
        self._credits -= credits_used

    def set_credits(self, remaining: int, reset_in: float) -> None:
        """Leave `remaining` credits until `reset_in` seconds from now."""
        self._credits = remaining
        self._reset_at = self._clock.now() + timedelta(seconds=reset_in)

    def _check_burst(self) -> None:
        horizon = self._clock.monotonic() - BURST_SECONDS
        while self._admitted and self._admitted[0] <= horizon:
            self._admitted.popleft()
        if len(self._admitted) >= BURST_REQUESTS:
            raise limit_reached(Limit.BURST)

    def _check_credits(self) -> None:
        if self._clock.now() >= self._reset_at:
            self._renew()
        if self._credits <= 0:
            raise limit_reached(Limit.CREDITS, resetAt=local_time(self._reset_at, round_up=True))

    def _renew(self) -> None:
        self._credits = CREDITS
        self._reset_at = self._clock.now() + timedelta(hours=CREDIT_HOURS)


def local_time(instant: datetime, *, round_up: bool = False) -> str:
    """Write an instant as Xledger does: Norwegian local time to the second, without an offset."""
    whole = instant.replace(microsecond=0)
    if round_up and whole != instant:
        whole += timedelta(seconds=1)
    return whole.astimezone(OSLO).replace(tzinfo=None).isoformat()


def cost(rows: int) -> int:
    """Return the credits of one request: mass operations are cheaper by the row, as Xledger says."""
    return 1 + math.ceil(rows / 10)
