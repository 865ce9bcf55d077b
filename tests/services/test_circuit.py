"""When call after call does not get through, sending rests, and one question finds out whether it may go on."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from integration_admin.adapters.base import Booked, Connection, Credentials, Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.services.circuit import OPENS_AFTER, Circuit
from integration_admin.services.views import RunView
from tests.builders import make_integration
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]
NOTHING_ANSWERS = msg("Nothing answers.")


class Line:
    """The way to a fake accounting system, which can be cut; `calls` tells questions and sends in their order."""

    def __init__(self, adapter: FakeAdapter) -> None:
        self.calls: list[str] = []
        self.sends_fail = self.questions_fail = True
        self.fault = Fault.TRANSIENT
        adapter.behaviour = self._send
        self._honest_lookup = adapter.lookup
        adapter.lookup = self._lookup
        adapter.connect = self._connect

    def mend(self) -> None:
        self.sends_fail = self.questions_fail = False

    def _send(self, adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        self.calls.append("send")
        if self.sends_fail:
            raise AdapterError(NOTHING_ANSWERS, self.fault)
        return book_all(adapter, batch)

    async def _lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        self.calls.append("lookup")
        if self.questions_fail:
            raise AdapterError(NOTHING_ANSWERS, self.fault)
        return await self._honest_lookup(credentials, references)

    def _connect(self, _credentials: Credentials) -> Connection:
        self.calls.append("test")
        if self.questions_fail:
            raise AdapterError(NOTHING_ANSWERS, self.fault)
        return Connection("Fake AS")


async def stored(engine: Engine, integration: uuid.UUID) -> Integration:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.integrations.get(integration)


async def rest_of(engine: Engine, integration: uuid.UUID) -> float | None:
    """Return how many minutes sending rests from now on; None while it does not."""
    until = (await stored(engine, integration)).open_until
    return None if until is None else (until - engine.clock.now()).total_seconds() / 60


async def tick(engine: Engine, minutes: float) -> None:
    engine.clock.advance(timedelta(minutes=minutes))
    await engine.scheduler.tick()
    await engine.work_off()


async def runs(engine: Engine, integration: uuid.UUID) -> tuple[RunView, ...]:
    return (await engine.history.page(engine.actor, integration, limit=500)).runs


async def opened(engine: Engine, *, records: int = 8) -> tuple[uuid.UUID, Line]:
    """Set up an integration whose circuit has just opened."""
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1)
    await engine.receive(records)
    line = Line(engine.adapter)
    await engine.sync(integration)
    assert line.calls == ["send"] * 5
    line.calls.clear()
    return integration, line


async def test_the_circuit_opens_at_the_fifth_failure_in_a_row_and_not_before(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1)
    line = Line(engine.adapter)
    await engine.receive(4)
    await engine.sync(integration)
    assert (len(line.calls), await rest_of(engine, integration)) == (4, None)
    await engine.receive(4, first=10)
    run = await engine.sync(integration)
    assert (len(line.calls), await rest_of(engine, integration)) == (5, 1)
    assert (run.state, run.waiting) == (RunState.FAILED, 1)
    assert "5 tries in a row did not reach" in str(run.message)


@pytest.mark.parametrize("fault", [Fault.UPSTREAM, Fault.UNKNOWN_OUTCOME])
async def test_lost_answers_count_as_not_getting_through(engine: Engine, fault: Fault) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1)
    await engine.receive(8)
    Line(engine.adapter).fault = fault
    await engine.sync(integration)
    assert len(engine.adapter.sent) == 5
    assert await rest_of(engine, integration) == 1


async def test_one_success_in_between_begins_the_count_anew(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1)
    await engine.receive(12)
    attempts: list[str] = []

    def every_fifth_arrives(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        attempts.append(batch[0].record_id)
        if len(attempts) % 5:
            raise AdapterError(NOTHING_ANSWERS, Fault.TRANSIENT)
        return book_all(adapter, batch)

    engine.adapter.behaviour = every_fifth_arrives
    await engine.sync(integration)
    assert len(attempts) == 12
    row = await stored(engine, integration)
    assert (row.transport_failures, row.open_until) == (2, None)


async def test_it_rests_1_2_4_8_and_then_15_minutes_at_a_time(engine: Engine) -> None:
    integration, line = await opened(engine)
    rests = []
    for _ in range(6):
        rest = await rest_of(engine, integration)
        assert rest is not None
        rests.append(rest)
        await tick(engine, rest)
    assert rests == [1, 2, 4, 8, 15, 15]
    assert line.calls == ["lookup"] * 6, "one question each time, and nothing is sent"


@pytest.mark.parametrize("in_flight", [8, 32])
async def test_calls_that_fail_at_the_same_time_are_one_outage_and_rest_for_one_minute(
    engine: Engine, in_flight: int
) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1, in_flight=in_flight)
    await engine.receive(100)
    all_there = asyncio.Event()

    async def fail_together(adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
        if len(adapter.sent) == in_flight:
            all_there.set()
        await all_there.wait()
        raise AdapterError(NOTHING_ANSWERS, Fault.TRANSIENT)

    engine.adapter.behaviour = fail_together
    async with asyncio.timeout(10):
        await engine.sync(integration)
    assert len(engine.adapter.sent) < in_flight + OPENS_AFTER
    assert await rest_of(engine, integration) == 1


async def test_while_it_rests_the_scheduler_starts_nothing(engine: Engine) -> None:
    integration, line = await opened(engine)
    before = await runs(engine, integration)
    for _ in range(5):
        await tick(engine, 59 / 5 / 60)
    assert len(await runs(engine, integration)) == len(before)
    assert line.calls == []


async def test_when_the_rest_is_over_one_question_goes_before_the_first_send(engine: Engine) -> None:
    integration, line = await opened(engine)
    line.mend()
    await tick(engine, 1)
    assert line.calls[:2] == ["lookup", "send"]
    assert line.calls.count("lookup") == 1
    assert await rest_of(engine, integration) is None
    assert (await stored(engine, integration)).transport_failures == 0
    await tick(engine, 20)
    assert len(engine.adapter.ledger) == 8


async def test_the_question_names_a_reference_nothing_was_sent_under(engine: Engine) -> None:
    _, line = await opened(engine)
    line.mend()
    await tick(engine, 1)
    await tick(engine, 20)
    ((asked,),) = engine.adapter.looked_up
    assert asked not in {voucher.reference for voucher in engine.adapter.ledger}


async def test_where_the_question_is_answered_but_the_first_send_fails_it_opens_again_at_once(
    engine: Engine,
) -> None:
    integration, line = await opened(engine)
    line.questions_fail = False
    await tick(engine, 1)
    assert line.calls == ["lookup", "send"]
    assert await rest_of(engine, integration) == 2


async def test_a_person_finds_out_at_once(engine: Engine) -> None:
    integration, line = await opened(engine)
    still_away = await engine.sync(integration)
    assert line.calls == ["lookup"]
    assert (still_away.state, still_away.delivered) == (RunState.FAILED, 0)
    assert "6 tries in a row did not reach" in str(still_away.message)
    assert await rest_of(engine, integration) == 2

    line.mend()
    assert (await engine.sync(integration)).delivered == 3, "what waits for its time still waits"


async def test_a_scheduled_run_meanwhile_sends_nothing_and_says_why(engine: Engine) -> None:
    integration = await engine.set_up(kind="daily", at="13:01")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1)
    await engine.receive(8)
    line = Line(engine.adapter)
    engine.clock.advance(timedelta(seconds=30))
    await engine.sync(integration)
    line.calls.clear()
    line.mend()
    await tick(engine, 0.5)
    assert line.calls == []
    latest = (await runs(engine, integration))[0]
    assert (str(latest.trigger), latest.state) == ("schedule", RunState.FAILED)
    assert "Sending rests for a while" in str(latest.message)


async def test_an_integration_without_lookup_is_probed_by_the_connection_test(engine: Engine) -> None:
    integration, line = await opened(engine)
    engine.adapter.capabilities = replace(engine.adapter.capabilities, lookup=False)
    await tick(engine, 1)
    assert line.calls == ["test"]
    assert await rest_of(engine, integration) == 2
    line.mend()
    await tick(engine, 2)
    assert line.calls[1:3] == ["test", "send"]
    assert await rest_of(engine, integration) is None


async def test_credentials_refused_to_the_question_stop_the_integration(engine: Engine) -> None:
    integration, _ = await opened(engine)

    async def refuse(_credentials: object, _references: Sequence[str]) -> list[Booked]:
        raise AuthenticationFailed(msg("The token is not accepted."))

    engine.adapter.lookup = refuse
    await tick(engine, 1)
    row = await stored(engine, integration)
    assert row.state is IntegrationState.STOPPED
    assert (await runs(engine, integration))[0].state is RunState.FAILED


async def test_lookups_that_fail_open_it_too_and_then_nothing_is_sent(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=10, lookup_size=1)
    await engine.receive(8)
    line = Line(engine.adapter)
    line.fault = Fault.UNKNOWN_OUTCOME
    await engine.sync(integration)
    await engine.receive(1, first=100)
    line.sends_fail = False
    line.calls.clear()
    await tick(engine, 2)
    assert line.calls == ["lookup"] * 4, "with the failed send they are five in a row"
    assert await rest_of(engine, integration) == 1
    assert engine.adapter.ledger == []


async def test_its_state_survives_a_restart(engine: Engine, new_engine: NewEngine) -> None:
    integration, line = await opened(engine)
    successor = new_engine(engine.database, engine.adapter, engine.actor)
    await tick(successor, 0.5)
    assert line.calls == []
    await tick(successor, 0.5)
    assert line.calls == ["lookup"]
    row = await stored(successor, integration)
    assert row.transport_failures == 6
    assert row.open_message is not None
    assert row.open_message["template"] == "Nothing answers."


async def test_a_rest_as_long_as_the_adapter_says_is_never_cut_to_fifteen_minutes(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=1, rest_seconds=1800.0)
    await engine.receive(8)
    Line(engine.adapter)
    await engine.sync(integration)
    assert await rest_of(engine, integration) == 30
    await tick(engine, 30)
    assert await rest_of(engine, integration) == 30


def test_a_circuit_goes_on_counting_where_it_was_left() -> None:
    circuit = Circuit.of(make_integration(transport_failures=4), 60.0)
    assert not circuit.is_open
    circuit.failed(START, NOTHING_ANSWERS)
    assert circuit.is_open
    assert circuit.rests(START + timedelta(seconds=60) - timedelta(microseconds=1))
    assert not circuit.rests(START + timedelta(seconds=60))


def test_only_what_changed_is_written_and_what_moved_on_meanwhile_is_written_next() -> None:
    circuit = Circuit.of(make_integration(transport_failures=0), 60.0)
    assert circuit.changes() == {}
    circuit.got_through()
    assert circuit.changes() == {}
    circuit.failed(START, NOTHING_ANSWERS)
    changes = circuit.changes()
    assert changes == {"transport_failures": 1, "open_until": None, "open_message": None}
    circuit.failed(START, NOTHING_ANSWERS)
    circuit.written(changes)
    assert circuit.changes()["transport_failures"] == 2
    circuit.written(circuit.changes())
    circuit.written({})
    assert circuit.changes() == {}
