"""Failures are found by their cause, counted up to a limit, and records dismissed only while they are refused."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.database import Database
from integration_admin.data.models import Failure
from integration_admin.data.repositories.failures import Dismissal, Extent
from integration_admin.data.repositories.trends import DaySums
from tests.builders import make_run, save_run
from tests.data.taken_up import Export, export
from tests.data.test_search_plans import listening, plan, reads_a_whole_table
from tests.data.worlds import make_failure
from tests.fakes import START

REFUSED = FailureState.REFUSED
WHY = Dismissal("Alice", START + timedelta(hours=1), "Paid by hand.")


async def failed(database: Database, count: int, *, per_cause: int) -> Export:
    """Store refused records, so many of each cause; causes are named by their letters."""
    setting = await export(database, count)
    await setting.put_in(*[DeliveryState.REJECTED] * count)
    run = await save_run(database, setting.organisation_id, setting.integration_id)
    async with database.write(setting.organisation_id) as unit:
        await unit.runs.add_failures(
            [
                make_failure(
                    setting.integration_id,
                    run.id,
                    record.id,
                    cause=chr(97 + place // per_cause) * 32,
                    currency="NOK" if place % 2 else "EUR",
                    amount_minor=100,
                    since=START + timedelta(minutes=place),
                )
                for place, record in enumerate(setting.records)
            ]
        )
    return setting


async def test_causes_come_in_order_and_in_pages(sqlite_database: Database) -> None:
    setting = await failed(sqlite_database, 6, per_cause=2)
    async with sqlite_database.read(setting.organisation_id) as unit:
        first = await unit.failures.causes(setting.integration_id, REFUSED, "", 2)
        rest = await unit.failures.causes(setting.integration_id, REFUSED, first[-1], 2)
        none = await unit.failures.causes(setting.integration_id, FailureState.PERSON, "", 2)
    assert (first, rest, none) == (["a" * 32, "b" * 32], ["c" * 32], [])


async def test_a_cause_is_counted_up_to_a_limit(database: Database) -> None:
    setting = await failed(database, 5, per_cause=5)
    async with database.read(setting.organisation_id) as unit:
        all_of_it = await unit.failures.extent(setting.integration_id, REFUSED, "a" * 32, 10)
        some = await unit.failures.extent(setting.integration_id, REFUSED, "a" * 32, 2)
        none = await unit.failures.extent(setting.integration_id, REFUSED, "b" * 32, 10)
    assert all_of_it == Extent(5, {"EUR": 300, "NOK": 200}, START)
    assert some == Extent(2, {"EUR": 100, "NOK": 100}, START)
    assert none is None


@pytest.mark.parametrize("amount", [4 * 10**18, -4 * 10**18 + 1, -1])
async def test_amounts_beyond_a_databases_largest_number_are_summed_all_the_same(
    database: Database, amount: int
) -> None:
    setting = await failed(database, 8, per_cause=8)
    async with database.write(setting.organisation_id) as unit:
        await unit.failures._session.execute(update(Failure).values(amount_minor=amount))
        extent = await unit.failures.extent(setting.integration_id, REFUSED, "a" * 32, 10)
    assert extent == Extent(8, {"EUR": 4 * amount, "NOK": 4 * amount}, START)


async def test_dismissing_and_taking_back_moves_only_what_is_so(database: Database) -> None:
    setting = await failed(database, 3, per_cause=3)
    await setting.put_in(DeliveryState.REJECTED, DeliveryState.UNKNOWN, DeliveryState.REJECTED)
    integration, (first, second, third) = setting.integration_id, setting.records
    async with database.write(setting.organisation_id) as unit:
        assert await unit.failures.dismiss_record(integration, first.id, WHY)
        assert not await unit.failures.dismiss_record(integration, second.id, WHY), "its outcome is open"
        assert not await unit.failures.dismiss_record(integration, first.id, WHY), "it is dismissed already"
        assert await unit.failures.dismiss(integration, "a" * 32, 0, 9, WHY) == (1, 0)
    assert await setting.states() == [
        DeliveryState.DISMISSED,
        DeliveryState.UNKNOWN,
        DeliveryState.DISMISSED,
    ]
    async with database.write(setting.organisation_id) as unit:
        told = await unit.failures.dismissals(integration, [first.id, second.id, third.id])
        assert {key: (row.dismissed_by, row.dismissed_because) for key, row in told.items()} == {
            first.id: ("Alice", "Paid by hand."),
            third.id: ("Alice", "Paid by hand."),
        }
        assert await unit.failures.take_back(integration, first.id, START)
        assert not await unit.failures.take_back(integration, first.id, START)
        (still,) = (await unit.failures.dismissals(integration, [first.id, third.id])).values()
    assert still.record_id == third.id
    assert (await setting.states())[0] is DeliveryState.REJECTED
    async with database.read(setting.organisation_id) as unit:
        ended = await unit.failures.ended(integration, None, 10)
        open_ones = await unit.failures.of_cause(integration, REFUSED, "a" * 32, 0, 10)
    assert [row.record.id for row in ended] == [third.id]
    assert [row.record.id for row in open_ones] == [first.id, second.id]


async def test_what_was_dismissed_at_one_moment_is_taken_back_some_at_a_time(database: Database) -> None:
    setting = await failed(database, 3, per_cause=3)
    await setting.put_in(*[DeliveryState.REJECTED] * 3)
    integration = setting.integration_id
    async with database.write(setting.organisation_id) as unit:
        assert await unit.failures.dismiss(integration, "a" * 32, 0, 9, WHY) == (3, 0)
        later = START + timedelta(seconds=1)
        assert await unit.failures.take_back_together(integration, later, 0, 9, START) == (0, 0)
        moved, after = await unit.failures.take_back_together(integration, WHY.at, 0, 2, START)
        rest = await unit.failures.take_back_together(integration, WHY.at, after, 2, START)
    assert (moved, rest) == (2, (1, 0))
    assert await setting.states() == [DeliveryState.REJECTED] * 3


async def test_a_new_revision_makes_a_dismissed_record_ready(sqlite_database: Database) -> None:
    setting = await failed(sqlite_database, 2, per_cause=2)
    async with sqlite_database.write(setting.organisation_id) as unit:
        await unit.failures.dismiss(setting.integration_id, "a" * 32, 0, 9, WHY)
        (await unit.records.by_ids([setting.records[0].id]))[setting.records[0].id].revision += 1
    async with sqlite_database.write(setting.organisation_id) as unit:
        found = await unit.deliveries.revised(setting.integration_id)
        assert await unit.deliveries.revive_revised(setting.integration_id, found, START) == 1
    assert await setting.states() == [DeliveryState.READY, DeliveryState.DISMISSED]


async def test_days_are_summed_up_by_when_runs_were_asked_for(database: Database) -> None:
    setting = await export(database, 1)
    days = [START + timedelta(days=place) for place in range(3)]
    counts = {"delivered": 5, "rejected": 1, "waiting": 2, "unknown": 3, "finished_at": START}
    moments = (START - timedelta(seconds=1), START, START + timedelta(hours=23), START + timedelta(days=9))
    async with database.write(setting.organisation_id) as unit:
        for at in moments:
            await unit.runs.add(make_run(setting.integration_id, requested_at=at, **counts))
    async with database.read(setting.organisation_id) as unit:
        sums = await unit.trends.by_day(setting.integration_id, days)
        others = await unit.trends.by_day(uuid.uuid4(), days)
    assert sums == {0: DaySums(2, 10, 12), 2: DaySums(1, 5, 6)}
    assert others == {}


async def test_causes_are_counted_in_an_index_alone(database: Database) -> None:
    setting = await failed(database, 60, per_cause=30)
    asked: list[tuple[str, object]] = []
    async with listening(database, asked), database.read(setting.organisation_id) as unit:
        await unit.failures.causes(setting.integration_id, REFUSED, "", 20)
        await unit.failures.extent(setting.integration_id, REFUSED, "a" * 32, 10)
        await unit.failures.latest(setting.integration_id, REFUSED, "a" * 32)
        await unit.failures.of_cause(setting.integration_id, REFUSED, "a" * 32, 0, 20)
        await unit.failures.ended(setting.integration_id, None, 20)
        await unit.trends.by_day(setting.integration_id, [START])
    plans = {question: await plan(database, (question, values)) for question, values in asked}
    whole = {question: steps for question, steps in plans.items() if any(map(reads_a_whole_table, steps))}
    assert whole == {}
    by_cause = [
        steps
        for question, steps in plans.items()
        if "failures.cause =" in question or "failures.cause >" in question
    ]
    assert len(by_cause) == 4
    used = [steps for steps in by_cause if "ix_failures_causes" in str(steps) or "Index" in str(steps)]
    assert used == by_cause
