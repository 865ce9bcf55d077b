"""A system's published pace: so many requests in so many seconds, and so many at the same time.

The numbers are each accounting system's own.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from integration_admin.core.clock import Clock

_SHORTEST_SLEEP: Final = 0.001
"""Seconds; a clock that rounds would let a shorter one pass without moving on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At the most `requests` in any `seconds`, and `at_once` under way at the same time."""

    requests: int
    seconds: float
    at_once: int = 1


class Gate:
    """Lets the requests of one caller through in their order, no faster than the pace.

    A request counts from its beginning until `seconds` after its end: somewhere in between it has reached
    the other side, so however unevenly the network delivers, no window over there holds more than the pace.
    """

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._slots = asyncio.Semaphore(pace.at_once)
        self._turn = asyncio.Lock()
        self._ends: deque[float] = deque()
        self._under_way = 0

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it for as long as the request lasts."""
        async with self._slots:
            async with self._turn:
                while (rest := self._rest()) > 0:
                    await self._clock.sleep(max(rest, _SHORTEST_SLEEP))
                self._under_way += 1
            try:
                yield
            finally:
                self._under_way -= 1
                self._ends.append(self._clock.monotonic())

    @property
    def idle(self) -> bool:
        """Whether forgetting this gate would let nothing through too early."""
        self._forget_old()
        return not self._ends and not self._under_way and not self._turn.locked()

    def _rest(self) -> float:
        """Return the seconds until the next request may start."""
        self._forget_old()
        if self._under_way + len(self._ends) < self._pace.requests or not self._ends:
            return 0.0
        return self._ends[0] + self._pace.seconds - self._clock.monotonic()

    def _forget_old(self) -> None:
        old = self._clock.monotonic() - self._pace.seconds
        while self._ends and self._ends[0] <= old:
            self._ends.popleft()


class Gates:
    """The gates of all callers in use; a caller is known here by a hash only."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._gates: dict[str, Gate] = {}

    def of(self, caller: str) -> Gate:
        """Return the gate of `caller`, the same one for as long as it is in use."""
        name = hashlib.sha256(caller.encode()).hexdigest()
        if name not in self._gates:
            self._gates = {known: gate for known, gate in self._gates.items() if not gate.idle}
            self._gates[name] = Gate(self._pace, self._clock)
        return self._gates[name]
