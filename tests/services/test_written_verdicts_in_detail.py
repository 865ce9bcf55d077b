"""What is stored of verdicts, field by field: what deliveries become, why they failed, and since when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from integration_admin.adapters.base import Booked
from integration_admin.core.errors import Fault
from integration_admin.core.failure_causes import cause_of
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.database import Database
from integration_admin.data.models import Failure, Run
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.export_outcomes import (
    Verdict,
    interrupted,
    looked_up,
    put_off,
    write_verdicts,
)
from tests.builders import save_run
from tests.data.taken_up import LATER, Export, export
from tests.services.outgoing import make_outgoing

S = DeliveryState
WHY = msg("Account 7140 is closed.")
HOUR = timedelta(hours=1)


async def written(
    setting: Export, *verdicts: Verdict, at: datetime = LATER, follow_at: datetime | None = None
) -> tuple[list[Verdict], list[Failure], Run]:
    """Write verdicts in a run; return those that came into force, the open failures, and the run."""
    run = await save_run(setting.database, setting.organisation_id, setting.integration_id, finished_at=LATER)
    async with setting.database.write(setting.organisation_id) as unit:
        held = await write_verdicts(unit, run, verdicts, at, follow_at)
    async with setting.database.read(setting.organisation_id) as unit:
        failures = await unit.runs.failures(setting.integration_id)
    return held, [failure for failure, _ in failures], run


async def outgoing(setting: Export, number: int = 0, **changes: Any) -> Outgoing:
    """Return one of the deliveries as a run that read it just now holds it."""
    row = (await setting.rows())[number]
    seen = make_outgoing(row.id, record_id=row.record_id, state=row.state, attempts=row.attempts)
    return seen._replace(**changes)


async def closed(setting: Export) -> Sequence[FailureState]:
    """Return how the failures ended that are not open any more, in their order."""
    over = select(Failure.state).where(Failure.resolved_at == LATER).order_by(Failure.id)
    async with setting.database.read(setting.organisation_id) as unit:
        return (await unit.runs._session.scalars(over)).all()


async def refused(setting: Export, at: datetime, message: Message = WHY) -> Failure:
    """Let the first record fail and be made ready again; return its failure."""
    delivery = await outgoing(setting)
    refusal = Verdict(delivery, S.REJECTED, fault=Fault.UPSTREAM, message=message)
    _, (failure,), _ = await written(setting, refusal, at=at)
    await setting.put_in(S.READY)
    return failure


async def test_a_refusal_is_written_down_with_its_reason(sqlite_database: Database) -> None:
    setting = await export(sqlite_database, 1)
    delivery = await outgoing(setting, revision=8)
    refusal = Verdict(delivery, S.REJECTED, fault=Fault.UPSTREAM, field="account", message=WHY, judged=True)
    held, (failure,), run = await written(setting, refusal)
    assert held == [refusal]
    (row,) = await setting.rows()
    assert (row.state, row.attempts, row.revision, row.recoveries) == (S.REJECTED, 0, 8, 0)
    assert (failure.integration_id, failure.run_id) == (setting.integration_id, run.id)
    assert (failure.record_id, failure.created_at) == (delivery.record_id, LATER)
    assert (failure.fault, failure.field) == ("upstream", "account")
    assert Message.from_json(failure.message) == WHY
    assert (failure.state, failure.cause) == (
        FailureState.REFUSED,
        cause_of("upstream", "account", WHY.to_json()),
    )
    assert (failure.since, failure.currency, failure.amount_minor) == (LATER, "NOK", 10_000)


async def test_an_outcome_settles_the_intent_that_was_committed_after_the_delivery_was_read(
    sqlite_database: Database,
) -> None:
    setting = await export(sqlite_database, 2)
    await setting.put_in(S.SENDING, S.SENDING)
    seen = [await outgoing(setting, number, state=S.READY, revision=8) for number in (0, 1)]
    stale = Verdict(seen[0], S.DELIVERED, "F-1", sent=True)
    assert (await written(setting, stale))[0] == [], "the row says no attempt, the verdict says one"
    delivered = Verdict(seen[0]._replace(attempts=-1), S.DELIVERED, "F-1", sent=True)
    doubted = Verdict(seen[1]._replace(attempts=-1), S.UNKNOWN, due_at=LATER, message=WHY, sent=True)
    held, failures, _ = await written(setting, delivered, doubted)
    assert held == [delivered, doubted]
    first, second = await setting.rows()
    assert (first.state, first.external_id, first.due_at, first.revision) == (S.DELIVERED, "F-1", None, 1)
    assert (second.state, second.due_at) == (S.UNKNOWN, LATER)
    assert [(failure.record_id, failure.fault) for failure in failures] == [(second.record_id, "config")]


async def test_what_was_interrupted_counts_one_recovery(sqlite_database: Database) -> None:
    setting = await export(sqlite_database, 1)
    await setting.put_in(S.SENDING)
    await written(setting, interrupted(await outgoing(setting), LATER, crashed=True))
    (row,) = await setting.rows()
    assert (row.state, row.due_at, row.recoveries, row.attempts) == (S.UNKNOWN, LATER, 1, 0)


async def test_a_later_outcome_closes_the_failures_before_it(sqlite_database: Database) -> None:
    setting = await export(sqlite_database, 2)
    await setting.put_in(S.SENDING, S.SENDING)
    doubts = [interrupted(await outgoing(setting, number), LATER, crashed=True) for number in (0, 1)]
    assert len((await written(setting, *doubts))[1]) == 2
    there = looked_up(await outgoing(setting), Booked("IA1", 1, "F-1"), LATER)
    gone = Verdict(await outgoing(setting, 1, attempts=9), S.READY)
    held, failures, _ = await written(setting, there, gone)
    assert held == [there], "somebody else has moved the other one"
    assert [failure.record_id for failure in failures] == [doubts[1].delivery.record_id]
    assert await closed(setting) == [FailureState.DELIVERED]


@pytest.mark.parametrize(
    ("state", "waits_for"),
    [
        (S.RETRY_WAIT, FailureState.WAITING),
        (S.UNKNOWN, FailureState.WAITING),
        (S.NEEDS_PERSON, FailureState.PERSON),
    ],
)
async def test_a_failure_waits_for_what_its_delivery_waits_for(
    sqlite_database: Database, state: S, waits_for: FailureState
) -> None:
    setting = await export(sqlite_database, 1)
    await setting.put_in(S.SENDING)
    seen = await outgoing(setting, attempts=-1)
    _, (failure,), _ = await written(setting, Verdict(seen, state, due_at=LATER, message=WHY, sent=True))
    assert failure.state == waits_for


async def test_a_record_fails_since_it_began_to_fail_for_that_cause(sqlite_database: Database) -> None:
    setting = await export(sqlite_database, 1)
    first = await refused(setting, LATER - 2 * HOUR)
    again = await refused(setting, LATER - HOUR)
    other = await refused(setting, LATER, msg("The period is closed."))
    assert [failure.since for failure in (first, again, other)] == [LATER - 2 * HOUR] * 2 + [LATER]
    assert first.cause == again.cause != other.cause
    assert await closed(setting) == [FailureState.REPLACED]


async def test_what_is_asked_again_later_keeps_its_failure_open(sqlite_database: Database) -> None:
    setting = await export(sqlite_database, 1)
    await setting.put_in(S.SENDING)
    _, (doubt,), _ = await written(setting, interrupted(await outgoing(setting), LATER, crashed=True))
    later = put_off(await outgoing(setting), LATER, LATER + HOUR)
    held, (failure,), _ = await written(setting, later)
    assert (held, failure.id) == ([later], doubt.id)


async def test_what_becomes_of_a_delivered_one_is_looked_at_when_the_run_says(
    sqlite_database: Database,
) -> None:
    setting = await export(sqlite_database, 1)
    await setting.put_in(S.SENDING)
    delivered = Verdict(await outgoing(setting, attempts=-1), S.DELIVERED, "F-1", sent=True)
    await written(setting, delivered, follow_at=LATER + HOUR)
    (row,) = await setting.rows()
    assert row.fate_due_at == LATER + HOUR
