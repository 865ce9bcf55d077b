"""Runs begin and end once, history comes in pages, and failures stay open until they are resolved."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from integration_admin.core.errors import Conflict, NotFound
from integration_admin.core.statuses import RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration, Run
from tests.builders import make_claim, make_run, save_integration, save_organisation, save_records, save_run
from tests.data.worlds import make_failure
from tests.fakes import START

LATER = START + timedelta(minutes=5)
ENDED = [RunState.SUCCEEDED, RunState.PARTLY_FAILED, RunState.FAILED, RunState.CANCELLED]


async def connected(database: Database) -> Integration:
    """Store an organisation with one integration."""
    organisation = await save_organisation(database)
    return await save_integration(database, organisation.id)


async def queued(database: Database, integration: Integration, **changes: object) -> Run:
    return await save_run(database, integration.organisation_id, integration.id, **changes)


async def ended(database: Database, integration: Integration, **changes: object) -> Run:
    """Store a run that has ended; of those that have not an integration has one at most."""
    values = {"state": RunState.FAILED, "finished_at": LATER} | changes
    return await queued(database, integration, **values)


async def test_an_unknown_run_is_not_found(database: Database) -> None:
    integration = await connected(database)
    with pytest.raises(NotFound):
        async with database.read(integration.organisation_id) as unit:
            await unit.runs.get(uuid.uuid4())


@pytest.mark.parametrize("state", RunState)
async def test_a_run_starts_and_ends_unless_it_has_ended(database: Database, state: RunState) -> None:
    integration = await connected(database)
    run = await queued(database, integration, state=state)
    async with database.write(integration.organisation_id) as unit:
        started = await unit.runs.start(run.id, START)
        ended = await unit.runs.finish(run.id, RunState.FAILED, LATER, delivered=2, sums={"NOK": 41_200})
        again = await unit.runs.finish(run.id, RunState.SUCCEEDED, LATER)
        stored = await unit.runs.get(run.id)
    may = state not in ENDED
    assert (started, ended, again) == (may, may, False)
    assert stored.state is (RunState.FAILED if may else state)
    assert (stored.started_at, stored.finished_at) == ((START, LATER) if may else (None, None))
    assert (stored.delivered, stored.sums) == ((2, {"NOK": 41_200}) if may else (0, {}))


async def test_progress_and_the_wish_to_stop_are_read_back(database: Database) -> None:
    integration = await connected(database)
    run = await queued(database, integration)
    async with database.write(integration.organisation_id) as unit:
        assert not await unit.runs.cancel_requested(run.id)
        await unit.runs.progress(run.id, delivered=3, cancel_requested=True)
        assert await unit.runs.cancel_requested(run.id)
        assert (await unit.runs.get(run.id)).delivered == 3
        assert not await unit.runs.cancel_requested(uuid.uuid4())


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING])
async def test_a_run_under_way_is_active_until_it_has_ended(database: Database, state: RunState) -> None:
    integration = await connected(database)
    await ended(database, integration, state=RunState.SUCCEEDED)
    async with database.write(integration.organisation_id) as unit:
        assert await unit.runs.active(integration.id) is None
    run = await queued(database, integration, state=state)
    async with database.write(integration.organisation_id) as unit:
        active = await unit.runs.active(integration.id)
        await unit.runs.finish(run.id, RunState.FAILED, LATER)
        assert await unit.runs.active(integration.id) is None
    assert active is not None
    assert active.id == run.id


async def test_a_second_run_under_way_is_refused_in_words_by_the_database_itself(database: Database) -> None:
    integration = await connected(database)
    other = await save_integration(database, integration.organisation_id)
    for first in ({}, {"state": RunState.RUNNING}):
        run = await queued(database, integration, **first)
        with pytest.raises(Conflict) as refused:
            await queued(database, integration)
        assert "already being synchronised" in str(refused.value.message)
        async with database.write(integration.organisation_id) as unit:
            await unit.runs.finish(run.id, RunState.FAILED, LATER)
    await queued(database, integration)
    await queued(database, other)


async def test_the_latest_finished_run_is_the_newest_that_ended(database: Database) -> None:
    integration = await connected(database)
    async with database.read(integration.organisation_id) as unit:
        assert await unit.runs.latest_finished(integration.id) is None
    await ended(database, integration, state=RunState.SUCCEEDED)
    newest = await ended(database, integration, requested_at=LATER)
    await queued(database, integration, requested_at=LATER + timedelta(1))
    async with database.read(integration.organisation_id) as unit:
        latest = await unit.runs.latest_finished(integration.id)
    assert latest is not None
    assert latest.id == newest.id


async def test_an_idempotency_key_makes_one_run_of_an_integration(database: Database) -> None:
    integration = await connected(database)
    other = await save_integration(database, integration.organisation_id)
    answers = await asyncio.gather(
        *(queued(database, integration, idempotency_key="key") for _ in range(2)),
        queued(database, other, idempotency_key="key"),
        return_exceptions=True,
    )
    (made,) = [answer for answer in answers[:2] if isinstance(answer, Run)]
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    async with database.read(integration.organisation_id) as unit:
        found = await unit.runs.by_idempotency_key(integration.id, "key")
        assert found is not None
        assert found.id == made.id
        assert await unit.runs.by_idempotency_key(integration.id, "other") is None


async def test_runs_without_a_key_do_not_stand_in_each_others_way(database: Database) -> None:
    integration = await connected(database)
    for _ in range(2):
        await ended(database, integration, idempotency_key=None)
    async with database.read(integration.organisation_id) as unit:
        assert len(await unit.runs.history(integration.id, None, 10)) == 2


async def test_history_comes_in_pages_newest_first_though_times_are_equal(database: Database) -> None:
    integration = await connected(database)
    runs = [
        make_run(integration.id, requested_at=START + timedelta(minutes=number // 3), finished_at=LATER)
        for number in range(8)
    ]
    async with database.write(integration.organisation_id) as unit:
        for run in runs:
            await unit.runs.add(run)
    seen: list[Run] = []
    async with database.read(integration.organisation_id) as unit:
        before = None
        while page := await unit.runs.history(integration.id, before, 3):
            assert len(page) <= 3
            seen += page
            before = (page[-1].requested_at, page[-1].id)
    assert [run.id for run in seen] == [
        run.id for run in sorted(runs, key=lambda run: (run.requested_at, run.id), reverse=True)
    ]


async def test_a_run_taken_up_again_keeps_when_it_began_and_counts_it(database: Database) -> None:
    integration = await connected(database)
    run = await queued(database, integration)
    for resumed in range(3):
        async with database.write(integration.organisation_id) as unit:
            assert await unit.runs.start(run.id, START + timedelta(minutes=resumed))
            stored = await unit.runs.get(run.id)
        assert (stored.state, stored.started_at, stored.resumed) == (RunState.RUNNING, START, resumed)


async def test_failures_stay_open_until_their_record_is_delivered(database: Database) -> None:
    integration = await connected(database)
    first, second = await ended(database, integration), await queued(database, integration)
    one, two, three = await save_records(
        database, integration.organisation_id, *(make_claim() for _ in range(3))
    )
    async with database.write(integration.organisation_id) as unit:
        await unit.runs.add_failures(
            [make_failure(integration.id, first.id, row.id) for row in (one, two, three)]
            + [make_failure(integration.id, second.id, two.id)]
        )
        await unit.runs.resolve_failures(integration.id, [one.id], LATER)
    async with database.read(integration.organisation_id) as unit:
        still_open = await unit.runs.failures(integration.id)
        of_first = await unit.runs.failures(integration.id, run_id=first.id)
        newest = await unit.runs.failures(integration.id, limit=1)
    assert [(failure.run_id, row.id) for failure, row in still_open] == [
        (second.id, two.id),
        (first.id, three.id),
    ]
    assert [(row.id, failure.resolved_at) for failure, row in of_first] == [
        (three.id, None),
        (two.id, None),
        (one.id, LATER),
    ]
    assert [failure.run_id for failure, _ in newest] == [second.id]


async def test_a_record_that_failed_twice_in_one_run_is_told_once_as_it_stands(database: Database) -> None:
    integration = await connected(database)
    run = await queued(database, integration)
    (row,) = await save_records(database, integration.organisation_id, make_claim())
    for field in ("account", "text"):
        async with database.write(integration.organisation_id) as unit:
            await unit.runs.resolve_failures(integration.id, [row.id], LATER)
            await unit.runs.add_failures([make_failure(integration.id, run.id, row.id, field=field)])
    async with database.read(integration.organisation_id) as unit:
        for asked in (None, run.id):
            told = await unit.runs.failures(integration.id, run_id=asked)
            assert [failure.field for failure, _ in told] == ["text"]


async def test_resolving_no_record_resolves_nothing(database: Database) -> None:
    integration = await connected(database)
    run = await queued(database, integration)
    (row,) = await save_records(database, integration.organisation_id, make_claim())
    async with database.write(integration.organisation_id) as unit:
        await unit.runs.add_failures([make_failure(integration.id, run.id, row.id)])
        await unit.runs.resolve_failures(integration.id, [], LATER)
        assert len(await unit.runs.failures(integration.id)) == 1
