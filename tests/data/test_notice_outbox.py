"""What is asked about notices across organisations, on both databases."""

from datetime import timedelta

from integration_admin.core.statuses import NoticeKind, RunState
from integration_admin.data.database import Database
from tests.builders import save_integration, save_organisation, save_run
from tests.data.worlds import LATER, fill
from tests.fakes import START


async def test_the_signs_of_an_integration_are_read_from_what_the_export_left(database: Database) -> None:
    world = await fill(database, "Charlie")
    async with database.system() as system:
        (signs,) = await system.notices.signs()
    assert signs.integration.id == world.integration.id
    assert signs.latest is not None
    assert signs.latest.id == world.ended_run.id
    assert (signs.is_running, signs.any_rejected, signs.any_undecided) == (True, True, False)
    assert (signs.any_refused_later, signs.asks_about_missed) == (True, False)
    assert signs.open == {NoticeKind.FAILED}


async def test_a_cancelled_run_is_no_sign_and_a_planned_one_that_waits_is_found(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    good = await save_run(
        database, organisation.id, integration.id, state=RunState.SUCCEEDED, finished_at=START
    )
    later = START + timedelta(hours=1)
    await save_run(
        database,
        organisation.id,
        integration.id,
        state=RunState.CANCELLED,
        requested_at=later,
        finished_at=later,
    )
    await save_run(database, organisation.id, integration.id, trigger="schedule")
    async with database.system() as system:
        (signs,) = await system.notices.signs()
        assert await system.notices.queued_since_before(START) == set()
        assert await system.notices.queued_since_before(later) == {integration.id}
    assert signs.latest is not None
    assert (signs.latest.id, signs.is_running, signs.open) == (good.id, True, frozenset())


async def test_of_two_who_want_a_delivery_one_gets_it(database: Database) -> None:
    await fill(database, "Charlie")
    until = LATER + timedelta(minutes=1)
    async with database.system(writes=True) as system:
        assert await system.notices.due(START, 10) == []
        ((_, delivery_id, due_at),) = await system.notices.due(LATER, 10)
        assert [await system.notices.claim(delivery_id, due_at, until) for _ in range(2)] == [True, False]
    async with database.system() as system:
        assert await system.notices.due(LATER, 10) == []
        assert len(await system.notices.due(until, 10)) == 1
