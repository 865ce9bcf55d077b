"""A tick that ended well is written down, not more often than is needed."""

import pytest

from integration_admin.data.database import Database
from integration_admin.services.heartbeat import Heartbeat, NotedTicks
from tests.fakes import START, FakeClock


class Ticks:
    """A scheduler that does nothing, or fails."""

    fails = False

    async def tick(self) -> None:
        if self.fails:
            raise ConnectionError


async def test_ticks_are_noted_when_they_end_well(database: Database, clock: FakeClock) -> None:
    heartbeat, ticks = Heartbeat(database, clock), Ticks()
    assert await heartbeat.last_tick() is None
    noted = NotedTicks(ticks, heartbeat)
    await noted.tick()
    clock.advance(10)
    await noted.tick()
    assert await heartbeat.last_tick() == START
    clock.advance(10)
    await noted.tick()
    assert await heartbeat.last_tick() == clock.now()
    ticks.fails = True
    clock.advance(60)
    with pytest.raises(ConnectionError):
        await noted.tick()
    assert await heartbeat.last_tick() != clock.now()
