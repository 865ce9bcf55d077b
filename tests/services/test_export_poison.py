"""A record the program dies of is found, alone, and set aside; all others are exported once."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.database import Database
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


class Dies(BaseException):
    """Stands for the process's end: nothing in the runner handles it."""


def dies_of(*poisonous: str) -> Callable[[FakeAdapter, Sequence[Voucher]], list[Outcome]]:
    """Return a behaviour that kills the process before anything is booked whenever it meets one of these."""

    def behaviour(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if {voucher.record_id for voucher in batch} & set(poisonous):
            raise Dies
        return book_all(adapter, batch)

    return behaviour


async def states(engine: Engine, integration: uuid.UUID) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration)


async def interrupted(engine: Engine, integration: uuid.UUID) -> set[str]:
    """Return the records that were being sent when the process died."""
    async with engine.database.read(engine.actor.organisation_id) as unit:
        rows = await unit.deliveries.interrupted(integration, 0, 1000)
        records = await unit.records.by_ids([row.record_id for row in rows])
    return {record.external_id for record in records.values()}


async def live_on(engine: Engine, new_engine: NewEngine, ticks: int = 12) -> int:
    """Start the program anew after each death, a minute and a bit apart; return how often it died."""
    deaths = 0
    for _ in range(ticks):
        engine = new_engine(engine.database, engine.adapter, engine.actor)
        await engine.scheduler.tick()
        try:
            await engine.work_off()
        except Dies:
            deaths += 1
        engine.clock.advance(61)
    return deaths


async def dying(engine: Engine, records: int, batch_size: int, in_flight: int, *poisonous: str) -> uuid.UUID:
    """Set up an export that has died for the first time."""
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(
        engine.adapter.capabilities, batch_size=batch_size, in_flight=in_flight
    )
    await engine.receive(records)
    engine.adapter.behaviour = dies_of(*poisonous)
    run = await engine.runs.start(engine.actor, integration)
    with pytest.raises(Dies):
        await engine.runner.carry_out(engine.actor.organisation_id, run.id)
    engine.clock.advance(61)
    return integration


@pytest.mark.parametrize(("batch_size", "in_flight"), [(30, 1), (10, 1), (5, 3), (1, 8)])
async def test_exactly_the_record_the_program_dies_of_is_set_aside(
    engine: Engine, new_engine: NewEngine, batch_size: int, in_flight: int
) -> None:
    integration = await dying(engine, 30, batch_size, in_flight, "EC-17")
    deaths = await live_on(engine, new_engine)

    assert await states(engine, integration) == {DeliveryState.DELIVERED: 29, DeliveryState.NEEDS_PERSON: 1}
    booked = sorted(voucher.record_id for voucher in engine.adapter.ledger)
    assert booked == sorted(f"EC-{number}" for number in range(1, 31) if number != 17)
    assert deaths == 2, "three with the first; then it is not sent any more"


async def test_what_is_set_aside_says_why_and_waits_for_a_person(
    engine: Engine, new_engine: NewEngine
) -> None:
    integration = await dying(engine, 3, 1, 1, "EC-2")
    await live_on(engine, new_engine)

    (failure,) = (await engine.health.of(engine.actor, integration)).failures
    assert (failure.record_id, failure.fault) == ("EC-2", Fault.BUG)
    assert "stopped 3 times" in str(failure.message)
    (waits,) = (await engine.decisions.waiting(engine.actor, integration)).decisions
    assert (waits.record_id, waits.may_send_again) == ("EC-2", True)


async def test_what_a_person_sends_again_after_the_cause_is_mended_goes_out_once(
    engine: Engine, new_engine: NewEngine
) -> None:
    integration = await dying(engine, 3, 1, 1, "EC-2")
    await live_on(engine, new_engine)
    engine.adapter.behaviour = book_all
    await engine.decisions.send_again(engine.actor, integration, [("expense_claim", "EC-2")])
    run = await engine.sync(integration)

    assert (run.state, run.delivered) == (RunState.SUCCEEDED, 1)
    assert sorted(voucher.record_id for voucher in engine.adapter.ledger) == ["EC-1", "EC-2", "EC-3"]


async def test_two_poisonous_records_are_both_found(engine: Engine, new_engine: NewEngine) -> None:
    integration = await dying(engine, 30, 10, 2, "EC-4", "EC-5")
    await live_on(engine, new_engine, ticks=20)

    assert await states(engine, integration) == {DeliveryState.DELIVERED: 28, DeliveryState.NEEDS_PERSON: 2}
    assert len({voucher.reference for voucher in engine.adapter.ledger}) == len(engine.adapter.ledger) == 28


async def test_suspects_are_sent_apart_from_all_others_and_after_them(
    engine: Engine, new_engine: NewEngine
) -> None:
    integration = await dying(engine, 60, 20, 3, "EC-7")
    suspects = await interrupted(engine, integration)
    assert "EC-7" in suspects
    engine.adapter.sent.clear()
    await engine.receive(20, first=100)
    engine.adapter.behaviour = book_all
    await live_on(engine, new_engine)

    batches = [set(batch) for batch in engine.adapter.sent]
    mixed = [batch for batch in batches if batch & suspects and batch - suspects]
    assert mixed == [], "nobody is sent together with a suspect"
    about_suspects = [bool(batch & suspects) for batch in batches]
    assert about_suspects == sorted(about_suspects), "they come last"
    assert len(engine.adapter.ledger) == 80


async def test_suspects_of_two_crashes_are_sent_alone(engine: Engine, new_engine: NewEngine) -> None:
    integration = await dying(engine, 12, 4, 1, "EC-2")
    await live_on(engine, new_engine, ticks=1)
    await live_on(engine, new_engine, ticks=1)
    suspects = await interrupted(engine, integration)
    engine.adapter.sent.clear()
    await live_on(engine, new_engine)

    assert "EC-2" in suspects
    assert [batch for batch in engine.adapter.sent if suspects & set(batch) and len(batch) > 1] == []
    assert len(engine.adapter.ledger) == 11


async def test_suspects_never_overlap_with_another_send(engine: Engine, new_engine: NewEngine) -> None:
    integration = await dying(engine, 12, 4, 3, "EC-2")
    suspects = await interrupted(engine, integration)
    under_way: list[str] = []
    beside_suspects: list[str] = []

    async def alone(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        records = [voucher.record_id for voucher in batch]
        if under_way and suspects & {*records, *under_way}:
            beside_suspects.extend(records)
        under_way.extend(records)
        await asyncio.sleep(0.01)
        under_way[:] = [record for record in under_way if record not in records]
        return book_all(adapter, batch)

    engine.adapter.behaviour = alone
    await live_on(engine, new_engine)
    assert beside_suspects == []
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 12}


async def test_crashes_in_which_everything_had_arrived_make_nobody_a_suspect_for_ever(
    engine: Engine, new_engine: NewEngine
) -> None:
    integration = await engine.set_up(kind="manual")
    await engine.receive(30)

    def book_and_die(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        book_all(adapter, batch)
        raise Dies

    engine.adapter.behaviour = book_and_die
    run = await engine.runs.start(engine.actor, integration)
    with pytest.raises(Dies):
        await engine.runner.carry_out(engine.actor.organisation_id, run.id)
    await live_on(engine, new_engine)

    assert await states(engine, integration) == {DeliveryState.DELIVERED: 30}
    assert len(engine.adapter.ledger) == 30


@pytest.mark.parametrize(("batch_size", "in_flight"), [(10, 1), (10, 3)])
async def test_a_record_the_accounting_system_fails_at_keeps_those_sent_with_it_back_for_three_sends_only(
    engine: Engine, batch_size: int, in_flight: int
) -> None:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(
        engine.adapter.capabilities, batch_size=batch_size, in_flight=in_flight
    )
    await engine.receive(30)

    def out_of_order(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if any(voucher.record_id == "EC-5" for voucher in batch):
            raise AdapterError(msg("Out of order."), Fault.UPSTREAM)
        return book_all(adapter, batch)

    engine.adapter.behaviour = out_of_order
    await engine.sync(integration)
    for _ in range(3):
        engine.clock.advance(61)
        await engine.scheduler.tick()
        await engine.work_off()

    assert await states(engine, integration) == {DeliveryState.DELIVERED: 29, DeliveryState.UNKNOWN: 1}
    assert [len(batch) for batch in engine.adapter.sent if "EC-5" in batch] == [10, 10, 10, 1]
    assert len({voucher.reference for voucher in engine.adapter.ledger}) == len(engine.adapter.ledger) == 29
