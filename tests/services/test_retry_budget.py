"""Automatic repetitions have a daily limit and a greatest age; what a person asks for has neither."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from integration_admin.adapters.base import Booked, Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.services.retry_budget import RetryBudget
from tests.builders import make_integration
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


def refuse_each(_adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
    """Take no voucher, but say so for each: the circuit has nothing to count."""
    return [
        Outcome(batch[0].reference, Result.REJECTED, message=msg("Closed."), fault=Fault.CONFIG),
        *(
            Outcome(v.reference, Result.NOT_SENT, message=msg("Not now."), fault=Fault.TRANSIENT)
            for v in batch[1:]
        ),
    ]


def limited(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    raise AdapterError(msg("Too many requests."), Fault.RATE_LIMITED, retry_after=600)


def lose(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    raise AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME)


async def states(engine: Engine, integration: uuid.UUID) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration)


async def tick(engine: Engine, seconds: float = 3600) -> None:
    engine.clock.advance(seconds)
    await engine.scheduler.tick()
    await engine.work_off()


async def waiting(engine: Engine, count: int, **capabilities: int) -> uuid.UUID:
    """Set up an integration with `count` records that wait for another attempt."""
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=count + 1)
    await engine.receive(count + 1)
    engine.adapter.behaviour = refuse_each
    await engine.sync(integration)
    assert await states(engine, integration) == {DeliveryState.RETRY_WAIT: count, DeliveryState.REJECTED: 1}
    engine.adapter.behaviour = book_all
    engine.adapter.sent.clear()
    engine.adapter.capabilities = replace(engine.adapter.capabilities, **capabilities)
    return integration


def sent(engine: Engine) -> list[str]:
    return [record for batch in engine.adapter.sent for record in batch]


@pytest.mark.parametrize(("batch_size", "in_flight"), [(1, 1), (10, 1), (2, 8), (10, 8)])
async def test_no_more_repetitions_leave_in_a_day_than_the_budget_allows(
    engine: Engine, batch_size: int, in_flight: int
) -> None:
    await waiting(engine, 60, retries_a_day=25, batch_size=batch_size, in_flight=in_flight)
    for _ in range(5):
        await tick(engine)
    assert len(sent(engine)) == len(engine.adapter.ledger) == 25


async def test_what_was_never_tried_goes_out_although_the_budget_is_spent(engine: Engine) -> None:
    integration = await waiting(engine, 6, retries_a_day=2, batch_size=1)
    await tick(engine)
    await engine.receive(30, first=100)
    run = await engine.sync(integration)
    assert run.delivered == 30
    assert (await states(engine, integration))[DeliveryState.RETRY_WAIT] == 4


async def test_the_budget_begins_anew_a_day_after_its_first_repetition(engine: Engine) -> None:
    integration = await waiting(engine, 6, retries_a_day=2, batch_size=1)
    await tick(engine)
    await tick(engine, 24 * 3600 - 1)
    assert len(sent(engine)) == 2
    await tick(engine, 1)
    assert len(sent(engine)) == 4
    await tick(engine, 24 * 3600)
    assert len(sent(engine)) == 6
    assert (await states(engine, integration))[DeliveryState.DELIVERED] == 6


async def test_what_a_person_retries_is_not_limited(engine: Engine) -> None:
    integration = await waiting(engine, 20, retries_a_day=1)
    await engine.runs.retry(engine.actor, integration)
    await engine.work_off()
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 21}


async def test_a_spent_budget_is_still_spent_after_a_restart(engine: Engine, new_engine: NewEngine) -> None:
    await waiting(engine, 6, retries_a_day=2, batch_size=1)
    await tick(engine)
    successor = new_engine(engine.database, engine.adapter, engine.actor)
    await tick(successor)
    assert len(sent(engine)) == 2


async def test_a_spent_budget_makes_no_run_every_minute(engine: Engine) -> None:
    integration = await waiting(engine, 6, retries_a_day=2, batch_size=1)
    for _ in range(60):
        await tick(engine, 60)
    page = await engine.history.page(engine.actor, integration, limit=500)
    assert len(page.runs) < 10


@pytest.mark.parametrize(("hours", "gives_up"), [(71, False), (73, True)])
async def test_a_record_that_is_refused_for_three_days_is_given_up_and_says_so(
    engine: Engine, hours: int, *, gives_up: bool
) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)
    engine.adapter.behaviour = limited
    await engine.sync(integration)
    await tick(engine, hours * 3600)

    state = DeliveryState.REJECTED if gives_up else DeliveryState.RETRY_WAIT
    assert await states(engine, integration) == {state: 1}
    (failure,) = (await engine.health.of(engine.actor, integration)).failures
    given_up = "Tried 2 times over 3 days without getting through."
    assert (given_up in str(failure.message)) == gives_up


@pytest.mark.parametrize(("hours", "gives_up"), [(71, False), (73, True)])
async def test_a_record_that_never_arrives_is_a_persons_after_three_days_and_goes_out_when_they_say_so(
    engine: Engine, hours: int, *, gives_up: bool
) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    for _ in range(4):
        await tick(engine, hours * 900)

    state = DeliveryState.NEEDS_PERSON if gives_up else DeliveryState.UNKNOWN
    assert await states(engine, integration) == {state: 1}
    if not gives_up:
        return
    (waiting_for,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert (waiting_for.may_send_again, "over 3 days" in str(waiting_for.message)) == (True, True)
    engine.adapter.behaviour = book_all
    await engine.decisions.send_again(engine.actor, integration, [("expense_claim", "EC-1")])
    assert (await engine.sync(integration)).delivered == 1


async def test_a_record_lost_once_goes_out_by_itself_however_long_nothing_ran(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    await tick(engine, 100 * 3600)
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 1}


async def test_the_three_days_begin_when_a_person_retries(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)
    engine.adapter.behaviour = limited
    await engine.sync(integration)
    await tick(engine, 73 * 3600)
    await engine.runs.retry(engine.actor, integration)
    await engine.work_off()
    assert await states(engine, integration) == {DeliveryState.RETRY_WAIT: 1}
    await tick(engine, 71 * 3600)
    assert await states(engine, integration) == {DeliveryState.RETRY_WAIT: 1}


async def test_days_in_which_nothing_was_sent_do_not_count_against_a_record(engine: Engine) -> None:
    # The credentials were refused, so the record never left; its three days have not begun.
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)

    def refuse(_adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        return [
            Outcome(v.reference, Result.NOT_SENT, message=msg("Refused."), fault=Fault.CONFIG) for v in batch
        ]

    engine.adapter.behaviour = refuse
    await engine.sync(integration)
    engine.clock.advance(timedelta(days=4))
    view = await engine.configuration.get(engine.actor, integration)
    await engine.credentials.store(engine.actor, integration, view.version, {"token": "another"})
    await engine.credentials.test(engine.actor, integration)
    engine.adapter.behaviour = limited
    await engine.sync(integration)
    assert await states(engine, integration) == {DeliveryState.RETRY_WAIT: 1}


@pytest.mark.parametrize(("hours", "gives_up"), [(71, False), (73, True)])
async def test_a_question_put_off_for_three_days_is_a_persons(
    engine: Engine, hours: int, *, gives_up: bool
) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)
    engine.adapter.behaviour = lose
    await engine.sync(integration)

    async def broken(_credentials: object, _references: Sequence[str]) -> list[Booked]:
        raise AdapterError(msg("Not now."), Fault.UPSTREAM)

    engine.adapter.lookup = broken
    await tick(engine, hours * 3600)

    state = DeliveryState.NEEDS_PERSON if gives_up else DeliveryState.UNKNOWN
    assert await states(engine, integration) == {state: 1}


async def test_a_question_that_is_put_off_stays_on_the_list_of_failures(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(1)
    engine.adapter.behaviour = lose
    await engine.sync(integration)
    before = (await engine.health.of(engine.actor, integration)).failures

    async def broken(_credentials: object, _references: Sequence[str]) -> list[Booked]:
        raise AdapterError(msg("Not now."), Fault.UPSTREAM)

    engine.adapter.lookup = broken
    await tick(engine)
    assert [item.record_id for item in before] == ["EC-1"]
    assert [item.record_id for item in (await engine.health.of(engine.actor, integration)).failures] == [
        "EC-1"
    ]


def test_a_budget_counts_from_its_first_repetition_and_writes_only_what_changed() -> None:
    budget = RetryBudget.of(make_integration(), 3, START)
    assert (budget.left, budget.changes()) == (3, {})
    budget.spend(0, START)
    assert (budget.since, budget.changes()) == (None, {})
    budget.spend(2, START)
    budget.spend(2, START + timedelta(hours=1))
    assert (budget.left, budget.since) == (0, START)
    changes = budget.changes()
    tomorrow = START + timedelta(hours=24)
    assert changes == {"retries_spent": 4, "retries_since": START, "retries_rest_until": tomorrow}
    budget.written(changes)
    assert budget.changes() == {}


@pytest.mark.parametrize(
    ("passed", "left"),
    [(timedelta(), 1), (timedelta(hours=24) - timedelta(microseconds=1), 1), (timedelta(hours=24), 3)],
)
def test_a_stored_window_holds_for_24_hours(passed: timedelta, left: int) -> None:
    integration = make_integration(retries_spent=2, retries_since=START)
    assert RetryBudget.of(integration, 3, START + passed).left == left
