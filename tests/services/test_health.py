"""How an integration is said to be doing: the worst news first, why, and the one next action."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import Fault, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, Role, RunState
from integration_admin.data.models import Delivery
from integration_admin.services.backlog import EXPORTING_SECONDS, BacklogCounter
from integration_admin.services.delivery_rules import BUDGET_WINDOW
from integration_admin.services.health_monitor import Health, Status
from tests.builders import (
    make_claim,
    make_record,
    make_run,
    save_integration,
    save_organisation,
    save_records,
)
from tests.fakes import START, FakeClock
from tests.services.conftest import Engine
from tests.services.waiting import save_undecided

NO_ANSWER = msg("The accounting system does not answer.")


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    """An active integration with nothing to send."""
    row = await save_integration(engine.database, engine.actor.organisation_id, kind="xledger")
    return row.id


async def note(engine: Engine, integration: uuid.UUID, **values: Any) -> None:
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.note(integration, **values)


async def rest(engine: Engine, integration: uuid.UUID, minutes: int = 5) -> None:
    """Open the circuit, as the fifth failure in a row does."""
    until = engine.clock.now() + timedelta(minutes=minutes)
    await note(engine, integration, transport_failures=5, open_until=until, open_message=NO_ANSWER.to_json())


async def health_of(engine: Engine, integration: uuid.UUID) -> Health:
    return await engine.health.of(engine.actor, integration)


async def test_while_sending_rests_it_says_why_until_when_and_what_to_press(
    engine: Engine, integration: uuid.UUID
) -> None:
    await rest(engine, integration)
    health = await health_of(engine, integration)
    # Noon in UTC is one o'clock in Oslo in November.
    assert str(health.sentence) == (
        "5 tries in a row did not reach the accounting system. Sending rests until 13:05;"
        " then one request checks whether it is back. To check at once, press “Sync now”."
    )
    assert health.status is Status.ERROR
    assert (health.resting_until, health.resting_reason) == (START + timedelta(minutes=5), NO_ANSWER)


async def test_when_the_rest_is_over_it_says_that_it_asks(engine: Engine, integration: uuid.UUID) -> None:
    await rest(engine, integration)
    engine.clock.advance(timedelta(minutes=5))
    health = await health_of(engine, integration)
    assert str(health.sentence) == (
        "5 tries in a row did not reach the accounting system. One request will now check whether it is back."
    )


async def test_nothing_rests_once_the_circuit_is_closed(engine: Engine, integration: uuid.UUID) -> None:
    await rest(engine, integration)
    await note(engine, integration, transport_failures=0, open_until=None, open_message=None)
    health = await health_of(engine, integration)
    assert (health.status, health.resting_until, health.resting_reason) == (Status.ACTIVE, None, None)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (IntegrationState.PAUSED, Status.PAUSED),
        (IntegrationState.STOPPED, Status.ERROR),
        (IntegrationState.DRAFT, Status.NOT_CONFIGURED),
    ],
)
async def test_what_a_person_must_do_first_comes_before_the_rest(
    engine: Engine, integration: uuid.UUID, state: IntegrationState, status: Status
) -> None:
    await rest(engine, integration)
    await note(engine, integration, state=state)
    health = await health_of(engine, integration)
    assert (health.status, health.resting_until) == (status, None)
    assert "rests" not in str(health.sentence)


async def test_records_that_wait_for_a_person_are_the_next_action(
    engine: Engine, integration: uuid.UUID
) -> None:
    await save_undecided(engine.database, engine.actor.organisation_id, integration, "EC-1", "EC-2")
    health = await health_of(engine, integration)
    assert health.status is Status.NEEDS_ATTENTION
    assert "need you to decide: 2" in str(health.sentence)
    assert (health.undecided, health.unknown) == (2, 2)
    assert {failure.state for failure in health.failures} == {DeliveryState.NEEDS_PERSON}


async def test_repetitions_are_those_of_the_last_day(engine: Engine, integration: uuid.UUID) -> None:
    assert (await health_of(engine, integration)).retries_spent == 0
    await note(engine, integration, retries_spent=3, retries_since=engine.clock.now())
    assert (await health_of(engine, integration)).retries_spent == 3
    engine.clock.advance(BUDGET_WINDOW)
    assert (await health_of(engine, integration)).retries_spent == 0


async def test_a_spent_budget_is_told_with_the_time_it_goes_on(
    engine: Engine, integration: uuid.UUID
) -> None:
    limit = engine.adapter.capabilities.retries_a_day
    for spent, status in ((limit - 1, Status.ACTIVE), (limit, Status.NEEDS_ATTENTION)):
        await note(engine, integration, retries_spent=spent, retries_since=engine.clock.now())
        health = await health_of(engine, integration)
        assert health.status is status
    assert f"used up: {limit}. They go on at 13:00." in str(health.sentence)


async def test_planned_exports_that_were_missed_are_asked_about(engine: Engine) -> None:
    integration = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(integration)
        assert schedule is not None
        await unit.schedules.ask(schedule.id, START)
    health = await health_of(engine, integration)
    assert (health.status, health.missed_since) == (Status.NEEDS_ATTENTION, START)
    assert "were missed" in str(health.sentence)
    await engine.schedules.answer_missed(engine.actor, integration, export=False)
    health = await health_of(engine, integration)
    assert (health.status, health.missed_since) == (Status.ACTIVE, None)


async def test_a_run_that_found_nothing_says_why_there_was_nothing(engine: Engine) -> None:
    integration = await engine.set_up()
    run = await engine.sync(integration)
    health = await health_of(engine, integration)
    assert (run.state, run.delivered) == (RunState.SUCCEEDED, 0)
    assert str(health.sentence) == "Nothing to export: no approved claims or reimbursements were waiting."


async def test_another_organisations_integration_has_no_health(
    engine: Engine, integration: uuid.UUID
) -> None:
    other = await save_organisation(engine.database)
    with pytest.raises(NotFound):
        await engine.health.of(Actor(other.id, "Charlie", Role.ADMINISTRATOR), integration)


async def test_what_waits_is_what_the_next_run_takes_up_and_what_it_tries_again(
    engine: Engine, integration: uuid.UUID
) -> None:
    organisation = engine.actor.organisation_id
    statuses = ["approved", "approved", "approved", "approved", "draft", "submitted"]
    rows = [
        make_record(make_claim(id=f"EC-{number}", status=status, approved_on=approved))
        for number, status in enumerate(statuses)
        for approved in ["2026-11-05" if status == "approved" else None]
    ]
    async with engine.database.write(organisation) as unit:
        await unit.records.add(rows)
        for place, state in [(0, "ready"), (1, "retry_wait"), (2, "delivered"), (4, "rejected")]:
            await unit.decisions._add(_delivery(integration, rows[place].id, DeliveryState(state)))
    health = await health_of(engine, integration)
    assert (health.waiting, health.delivered_total, health.failed) == (3, 1, 1)


def _delivery(integration_id: uuid.UUID, record_id: int, state: DeliveryState) -> Delivery:
    return Delivery(
        integration_id=integration_id,
        record_id=record_id,
        state=state,
        reference=f"ref-{record_id}",
        voucher_number=record_id,
        revision=1,
        updated_at=START,
    )


async def test_the_counts_are_those_a_look_at_every_row_finds(engine: Engine, integration: uuid.UUID) -> None:
    organisation = engine.actor.organisation_id
    await save_undecided(engine.database, organisation, integration, "EC-1", fault=Fault.BUG)
    await save_records(engine.database, organisation, *(make_claim() for _ in range(3)))
    kinds, statuses = ["expense_claim"], ["approved", "paid"]
    async with engine.database.read(organisation) as unit:
        quick = await unit.backlog.by_state(integration)
        slow = await unit.deliveries.counts(integration)
        new = await unit.backlog.not_taken_up(integration, kinds, statuses, sum(quick.values()))
        looked = await unit.records.without_delivery(integration, kinds, statuses, 0, 100)
    assert quick == slow == {DeliveryState.NEEDS_PERSON: 1}
    assert new == len(looked) == 3


class SlowClock(FakeClock):
    """A clock on which everything takes a second."""

    def monotonic(self) -> float:
        self.advance(1.0)
        return super().monotonic()


async def test_slow_counts_are_told_again_for_a_while_but_never_what_is_open(
    engine: Engine, integration: uuid.UUID
) -> None:
    clock, organisation = SlowClock(), engine.actor.organisation_id
    counter = BacklogCounter(clock)

    async def counted(marker: str) -> tuple[int, int]:
        async with engine.database.read(organisation) as unit:
            backlog = await counter.count(unit, integration, ["expense_claim"], marker)
        return backlog.new, backlog.by_state.get(DeliveryState.NEEDS_PERSON, 0)

    assert await counted("no run") == (0, 0)
    await save_records(engine.database, organisation, make_claim())
    assert await counted("no run") == (0, 0), "remembered"
    assert await counted("a run ended") == (1, 0)
    await save_records(engine.database, organisation, make_claim())
    assert await counted("a run ended") == (1, 0)
    clock.advance(30)
    assert await counted("a run ended") == (2, 0)
    await save_records(engine.database, organisation, make_claim())
    await save_undecided(engine.database, organisation, integration, "EC-1")
    assert await counted("a run ended") == (3, 1)


async def test_what_is_ready_or_delivered_is_counted_every_two_seconds_while_an_export_is_under_way(
    engine: Engine, integration: uuid.UUID
) -> None:
    organisation, counter = engine.actor.organisation_id, BacklogCounter(engine.clock)

    async def counted(*, exporting: bool) -> int:
        async with engine.database.read(organisation) as unit:
            kinds = ["expense_claim"]
            return (await counter.count(unit, integration, kinds, None, exporting=exporting)).new

    assert await counted(exporting=True) == 0
    await save_records(engine.database, organisation, make_claim())
    assert await counted(exporting=True) == 0, "told again"
    assert await counted(exporting=False) == 1, "the export has ended"
    await save_records(engine.database, organisation, make_claim())
    assert await counted(exporting=True) == 2
    await save_records(engine.database, organisation, make_claim())
    engine.clock.advance(EXPORTING_SECONDS)
    assert await counted(exporting=True) == 3


async def test_a_run_that_is_being_stopped_and_was_interrupted_says_so(
    engine: Engine, integration: uuid.UUID
) -> None:
    async with engine.database.write(engine.actor.organisation_id) as unit:
        run = make_run(integration)
        await unit.runs.add(run)
        for _ in range(3):
            await unit.runs.start(run.id, START)
    await engine.runs.cancel(engine.actor, run.id)
    active = (await health_of(engine, integration)).active_run
    assert active is not None
    assert (active.state, active.resumed, active.stopping) == (RunState.RUNNING, 2, True)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs.finish(run.id, RunState.CANCELLED, START + timedelta(seconds=90))
    ended = (await health_of(engine, integration)).last_run
    assert ended is not None
    assert (ended.stopping, ended.seconds) == (False, 90.0)
