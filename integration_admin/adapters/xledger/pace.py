"""Xledger's pace: one request at a time for a token, and so many in so many seconds at the most."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from integration_admin.core.clock import Clock
from integration_admin.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Pace:
    """At the most `requests` in any `seconds`."""

    requests: int
    seconds: float


BURST_LIMIT: Final = Pace(requests=20, seconds=5.0)
"""What public client code gives as Xledger's limit (grasp-labs/ds-provider-xledger-py-lib, README)."""

_SHORTEST_SLEEP = 0.001
"""Seconds; a clock that rounds would let a shorter one pass without moving on."""


class Gate:
    """Lets the requests of one token through one by one, no faster than the pace.

    A request counts from its end: it has surely reached Xledger by then, so however unevenly the
    network delivers, no window over there ever holds more than the pace allows.
    """

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._seconds = pace.seconds
        self._clock = clock
        self._turn = asyncio.Lock()
        self._ends: deque[float] = deque(maxlen=pace.requests)

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it for as long as the request lasts."""
        async with self._turn:
            while (rest := self._rest()) > 0:
                await self._clock.sleep(max(rest, _SHORTEST_SLEEP))
            try:
                yield
            finally:
                self._ends.append(self._clock.monotonic())

    @property
    def idle(self) -> bool:
        """Whether forgetting this gate would let nothing through too early."""
        quiet = not self._ends or self._clock.monotonic() - self._ends[-1] > self._seconds
        return quiet and not self._turn.locked()

    def _rest(self) -> float:
        """Return the seconds until the next request may start."""
        if len(self._ends) < (self._ends.maxlen or 0):
            return 0.0
        return self._ends[0] + self._seconds - self._clock.monotonic()


class Gates:
    """The gates of all tokens in use; a token is known here by its hash only."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._gates: dict[str, Gate] = {}

    def of(self, token: Secret) -> Gate:
        """Return the gate of `token`, the same one for as long as it is in use."""
        name = hashlib.sha256(token.reveal().encode()).hexdigest()
        if name not in self._gates:
            self._gates = {known: gate for known, gate in self._gates.items() if not gate.idle}
            self._gates[name] = Gate(self._pace, self._clock)
        return self._gates[name]
