"""A process that is told to stop lands what is in flight and takes nothing else along."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.statuses import DeliveryState
from integration_admin.services import export_pipeline
from tests.services.conftest import Engine
from tests.services.fake_adapter import book_all


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
    await engine.receive(20)
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
    assert 0 < booked < 18
    assert states == {
        DeliveryState.SENDING: 2,
        DeliveryState.DELIVERED: booked,
        DeliveryState.READY: 18 - booked,
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
