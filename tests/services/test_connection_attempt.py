"""Connection tests take turns: few at a time, fewer for one organisation, and all of them answered in time."""

import asyncio
import uuid

from integration_admin.adapters.base import Connection, Credentials
from integration_admin.services.connection_attempt import Turns, attempt
from tests.fakes import FakeClock
from tests.services.fake_adapter import FakeAdapter

ONE, ANOTHER = uuid.uuid4(), uuid.uuid4()


class Hanging(FakeAdapter):
    """Never answers."""

    async def test_connection(self, credentials: Credentials) -> Connection:
        """Wait for ever."""
        del credentials
        await asyncio.Event().wait()
        raise AssertionError


async def test_an_organisation_whose_servers_hang_holds_up_nobody_else(clock: FakeClock) -> None:
    turns, hanging = Turns(at_once=3, each=2), Hanging()
    # The third gives up first: on a busy machine it would else be let in at the moment the others give up.
    stuck = [
        asyncio.create_task(attempt(hanging, Credentials({}), clock, turn=turns.taken(ONE), seconds=seconds))
        for seconds in (0.4, 0.4, 0.1)
    ]
    await asyncio.sleep(0)
    told = await attempt(FakeAdapter(), Credentials({}), clock, turn=turns.taken(ANOTHER))
    assert told.passed
    said = sorted(str(report.message) for report in await asyncio.gather(*stuck))
    assert ["Other connections" in one for one in said] == [True, False, False]


async def test_whoever_waits_for_a_turn_is_answered_in_time_and_the_turn_is_given_back(
    clock: FakeClock,
) -> None:
    turns = Turns(at_once=1)
    together = (
        attempt(Hanging(), Credentials({}), clock, turn=turns.taken(who), seconds=0.1)
        for who in (ONE, ANOTHER)
    )
    async with asyncio.timeout(20):
        assert [report.passed for report in await asyncio.gather(*together)] == [False, False]
    told = await attempt(FakeAdapter(), Credentials({}), clock, turn=turns.taken(ANOTHER))
    assert told.passed
