"""Business Central's limits for one app: five requests at a time, the others wait; so many in five minutes.

Facts 1.6. What a 429 looks like is not public; here it is plain text without Retry-After.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from integration_admin.core.clock import Clock

AT_ONCE: Final = 5
QUEUE: Final = 95
QUEUE_SECONDS: Final = 480.0
WINDOW_SECONDS: Final = 300.0


class Refused(Exception):
    """There is no room for a request; `status` is 429, or 503 for one that waited too long."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Limiter:
    """Counts the requests of each app."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Forget every request that is over."""
        self._apps: defaultdict[str, _Use] = defaultdict(_Use)
        self.most_in_flight = self.in_flight
        self.refused: Counter[int] = Counter()

    @asynccontextmanager
    async def admit(self, app: str, most: int | None) -> AsyncIterator[None]:
        """Hold a place for one request, perhaps after a wait.

        `most` requests may come within the window; None is no limit of any kind. Raises Refused.
        """
        use = self._apps[app]
        held = None
        if most is not None:
            self._count(use, most)
            held = await self._place(use)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1
            if held:
                held.release()

    def _count(self, use: "_Use", most: int) -> None:
        horizon = self._clock.monotonic() - WINDOW_SECONDS
        while use.admitted and use.admitted[0] <= horizon:
            use.admitted.popleft()
        if len(use.admitted) >= most or use.waiting >= QUEUE:
            raise self._refuse(429)
        use.admitted.append(self._clock.monotonic())

    async def _place(self, use: "_Use") -> asyncio.Semaphore:
        use.waiting += 1
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await use.places.acquire()
        except TimeoutError:
            raise self._refuse(503) from None
        finally:
            use.waiting -= 1
        return use.places

    def _refuse(self, status: int) -> Refused:
        self.refused[status] += 1
        return Refused(status)


class _Use:
    def __init__(self) -> None:
        self.admitted: deque[float] = deque()
        self.waiting = 0
        self.places = asyncio.Semaphore(AT_ONCE)
