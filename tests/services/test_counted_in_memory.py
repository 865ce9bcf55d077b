"""Counting in memory: what is over is forgotten, and clearing a key meanwhile breaks nothing."""

import asyncio

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.strategies import MovingWindowRateLimiter

from integration_admin.core.clock import SystemClock
from integration_admin.services.counted_in_memory import CountedInMemory

ONCE, LONG = RateLimitItemPerSecond(1), RateLimitItemPerMinute(1, 15)


class Ahead(SystemClock):
    """The machine's clock, `seconds` ahead of it."""

    seconds = 0.0

    def monotonic(self) -> float:
        """Return the time ahead."""
        return super().monotonic() + self.seconds


async def test_what_is_over_is_forgotten_within_a_minute_and_nothing_else() -> None:
    clock = Ahead()
    storage = CountedInMemory(clock)
    limiter = MovingWindowRateLimiter(storage)
    assert await limiter.hit(ONCE, "short")
    assert await limiter.hit(LONG, "long")
    for entries in storage.events.values():
        entries[0].expiry -= 1.0
    clock.seconds = 59.0
    await limiter.hit(LONG, "another")
    assert len(storage.events) == 3
    clock.seconds = 61.0
    assert not await limiter.hit(LONG, "long")
    assert [key for key in storage.events if "short" in key] == []
    assert len(storage.events) == 2


async def test_no_task_is_started_and_no_error_is_left_behind() -> None:
    limiter = MovingWindowRateLimiter(CountedInMemory())
    before = len(asyncio.all_tasks())
    for number in range(2_000):
        await limiter.hit(LONG, "somebody", str(number))
        await limiter.clear(LONG, "somebody", str(number - 1))
        assert len(asyncio.all_tasks()) == before
    assert await limiter.hit(LONG, "somebody", "1999") is False
