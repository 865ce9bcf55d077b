"""The pace that several adapters keep to: a window, a number at the same time, and the order of asking."""

import asyncio
from collections import deque

import pytest

from integration_admin.adapters.pace import Gate, Gates, Pace
from tests.fakes import FakeClock


@pytest.mark.parametrize("seconds", [0.0, 0.08, 3.0])
async def test_no_window_ever_holds_more_than_the_pace_wherever_in_a_request_it_is_counted(
    clock: FakeClock, seconds: float
) -> None:
    gate = Gate(Pace(5, 10.0, at_once=3), clock)
    spans: list[tuple[float, float]] = []

    async def call() -> None:
        async with gate.passage():
            start = clock.monotonic()
            await clock.sleep(seconds)
            spans.append((start, clock.monotonic()))

    await asyncio.gather(*(call() for _ in range(40)))

    assert len(spans) == 40
    for place in (0, 1):
        recent: deque[float] = deque()
        for moment in sorted(span[place] for span in spans):
            recent.append(moment)
            while recent[0] <= moment - 10.0:
                recent.popleft()
            assert len(recent) <= 5


async def test_so_many_go_at_once_and_the_others_wait_in_their_order(clock: FakeClock) -> None:
    gate = Gate(Pace(100, 1.0, at_once=2), clock)
    may_go = asyncio.Event()
    begun: list[int] = []

    async def call(number: int) -> None:
        async with gate.passage():
            begun.append(number)
            await may_go.wait()

    tasks = [asyncio.create_task(call(number)) for number in range(4)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert begun == [0, 1]
    may_go.set()
    await asyncio.gather(*tasks)

    assert begun == [0, 1, 2, 3]


async def test_a_request_that_fails_counts_and_gives_its_place_back(clock: FakeClock) -> None:
    gate = Gate(Pace(1, 10.0), clock)

    async def fail() -> None:
        async with gate.passage():
            detail = "broken"
            raise ValueError(detail)

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            await fail()

    assert clock.monotonic() == 10.0


async def test_a_gate_is_kept_as_long_as_it_holds_anybody_back(clock: FakeClock) -> None:
    gates = Gates(Pace(1, 10.0), clock)
    first = gates.of("first")
    async with first.passage():
        gates.of("second")
        assert gates.of("first") is first
    gates.of("third")
    assert gates.of("first") is first
    clock.advance(11)
    gates.of("fourth")

    assert gates.of("first") is not first
