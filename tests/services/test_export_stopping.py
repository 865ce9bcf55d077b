"""A process that is told to stop lands what is in flight and takes nothing else along."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import DatabaseBusy
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.failures import TOO_LONG
from integration_admin.data.repositories.unit import Unit
from integration_admin.services import export_pipeline
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all


class _BusyOnceDatabase(Database):
    """Cannot be written to once, when a test says so."""

    is_busy = False

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        if self.is_busy:
            self.is_busy = False
            raise DatabaseBusy(TOO_LONG)
        async with super().write(organisation_id) as unit:
            yield unit


async def test_a_stopping_process_writes_down_what_it_has_sent_and_gives_the_rest_back(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=2, in_flight=2)
    await engine.receive(20)
    sending, answer = asyncio.Event(), asyncio.Event()

    async def slow(_credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        sending.set()
        await answer.wait()
        return book_all(engine.adapter, batch)

    engine.adapter.send = slow
    run = await engine.runs.start(engine.actor, integration)
    carrying = asyncio.create_task(engine.runner.carry_out(engine.actor.organisation_id, run.id))
    await sending.wait()
    carrying.cancel()
    asyncio.get_running_loop().call_later(0.05, answer.set)
    with pytest.raises(asyncio.CancelledError):
        await carrying

    booked = len(engine.adapter.ledger)
    async with engine.database.read(engine.actor.organisation_id) as unit:
        states = await unit.deliveries.counts(integration)
    assert 0 < booked < 20
    assert states == {DeliveryState.DELIVERED: booked, DeliveryState.READY: 20 - booked}


async def test_an_answer_that_does_not_come_while_the_process_stops_puts_no_other_record_in_doubt(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_pipeline, "LANDING_SECONDS", 0.2)
    integration = await engine.set_up()
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=2, in_flight=2)
    await engine.receive(60)
    run = await engine.runs.start(engine.actor, integration)
    carrying = asyncio.create_task(engine.runner.carry_out(engine.actor.organisation_id, run.id))

    async def one_hangs(_credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        if "EC-1" in {voucher.record_id for voucher in batch}:
            await asyncio.Event().wait()
        if "EC-5" in {voucher.record_id for voucher in batch}:
            carrying.cancel()
        return book_all(engine.adapter, batch)

    engine.adapter.send = one_hangs
    with pytest.raises(asyncio.CancelledError):
        await carrying

    booked = len(engine.adapter.ledger)
    async with engine.database.read(engine.actor.organisation_id) as unit:
        states = await unit.deliveries.counts(integration)
    assert 0 < booked < 58
    assert states == {
        DeliveryState.SENDING: 2,
        DeliveryState.DELIVERED: booked,
        DeliveryState.READY: 58 - booked,
    }


async def test_the_next_process_goes_on_at_once_and_suspects_nobody(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(30)
    sending = asyncio.Event()
    honest = engine.adapter.send

    async def slow(credentials: object, batch: Sequence[Voucher]) -> list[Outcome]:
        sending.set()
        await asyncio.sleep(0.05)
        return await honest(credentials, batch)

    engine.adapter.send = slow
    run = await engine.runs.start(engine.actor, integration)
    carrying = asyncio.create_task(engine.runner.carry_out(engine.actor.organisation_id, run.id))
    await sending.wait()
    carrying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await carrying
    engine.adapter.send = honest
    await engine.runner.carry_out(engine.actor.organisation_id, run.id)

    ended = await engine.runs.get(engine.actor, run.id)
    assert (ended.delivered, ended.unknown, ended.resumed) == (30, 0, 1)
    assert len(engine.adapter.ledger) == 30


async def test_a_process_that_is_stopped_while_it_writes_down_what_came_puts_none_of_it_in_doubt(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    engine.adapter.capabilities = replace(engine.adapter.capabilities, batch_size=2, in_flight=1)
    await engine.receive(6)
    run = await engine.runs.start(engine.actor, integration)
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold_the_run() -> None:
        async with engine.database.write(engine.actor.organisation_id) as unit:
            await unit.runs.progress(run.id, cancel_requested=False)
            held.set()
            await let_go.wait()

    async def answer_while_nothing_can_be_written(
        _credentials: object, batch: Sequence[Voucher]
    ) -> list[Outcome]:
        holding.append(asyncio.create_task(hold_the_run()))
        await held.wait()
        asyncio.get_running_loop().call_later(0.1, carrying.cancel)
        asyncio.get_running_loop().call_later(0.2, let_go.set)
        return book_all(engine.adapter, batch)

    holding: list[asyncio.Task[None]] = []
    engine.adapter.send = answer_while_nothing_can_be_written
    carrying = asyncio.create_task(engine.runner.carry_out(engine.actor.organisation_id, run.id))
    with pytest.raises(asyncio.CancelledError):
        await carrying
    await asyncio.gather(*holding)

    async with engine.database.read(engine.actor.organisation_id) as unit:
        states = await unit.deliveries.counts(integration)
    assert len(engine.adapter.ledger) == 2
    assert states == {DeliveryState.DELIVERED: 2, DeliveryState.READY: 4}


async def test_a_database_that_is_busy_once_puts_nothing_in_doubt_that_was_answered(
    engine: Engine,
    database_url: str,
    new_engine: Callable[[Database, FakeAdapter, Actor], Engine],
) -> None:
    integration = await engine.set_up()
    await engine.receive(4)
    database = _BusyOnceDatabase(database_url)
    other = new_engine(database, FakeAdapter(batch_size=2), engine.actor)

    async def answer_while_nothing_can_be_written(
        _credentials: object, batch: Sequence[Voucher]
    ) -> list[Outcome]:
        database.is_busy = True
        return book_all(other.adapter, batch)

    other.adapter.send = answer_while_nothing_can_be_written
    await other.sync(integration)
    await database.close()
    async with engine.database.read(engine.actor.organisation_id) as unit:
        states = await unit.deliveries.counts(integration)
    assert len(other.adapter.ledger) == 2
    assert states == {DeliveryState.DELIVERED: 2, DeliveryState.READY: 2}
