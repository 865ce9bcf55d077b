"""A restored database does not know what was exported after the backup; the accounting system does, and is asked first."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from integration_admin.adapters.base import Booked, Credentials, Outcome, Result, Voucher
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, RunState
from integration_admin.data.models import Delivery
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

AWAY = msg("The accounting system did not answer.")


async def forget_deliveries(engine: Engine) -> None:
    """Leave the database as it was before anything was taken up."""
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.deliveries._session.execute(delete(Delivery))


async def come_out_of_a_backup(engine: Engine, integration: uuid.UUID) -> None:
    """Do what `restore` does, and what a person does then."""
    assert await engine.configuration.pause_restored(engine.actor) == 1
    await engine.configuration.set_paused(engine.actor, integration, paused=False)


async def states(engine: Engine, integration: uuid.UUID) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration)


async def test_what_is_there_already_is_found_and_only_the_rest_is_sent(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(3)
    await engine.sync(integration)
    await forget_deliveries(engine)
    await come_out_of_a_backup(engine, integration)
    await engine.receive(2, first=4)
    engine.adapter.sent.clear()

    run = await engine.sync(integration)

    assert (run.state, run.delivered) == (RunState.SUCCEEDED, 5)
    assert engine.adapter.sent == [["EC-4", "EC-5"]]
    assert len(engine.adapter.ledger) == 5
    async with engine.database.read(engine.actor.organisation_id) as unit:
        rows = (await unit.deliveries._session.execute(select(Delivery))).scalars().all()
    assert all(row.state is DeliveryState.DELIVERED and row.external_id for row in rows)


async def test_what_had_been_tried_before_the_backup_is_looked_up_too(engine: Engine) -> None:
    def nothing_gets_through(_: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        return [Outcome(one.reference, Result.NOT_SENT, message=AWAY, fault=Fault.TRANSIENT) for one in batch]

    integration = await engine.set_up()
    await engine.receive(1)
    engine.adapter.behaviour = nothing_gets_through
    await engine.sync(integration)
    async with engine.database.read(engine.actor.organisation_id) as unit:
        (row,) = (await unit.deliveries._session.execute(select(Delivery))).scalars().all()
        backup = {"state": row.state, "attempts": row.attempts, "due_at": row.due_at, "external_id": ""}
    engine.adapter.behaviour = book_all
    engine.clock.advance(3_600)
    assert (await engine.sync(integration)).delivered == 1
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.deliveries._session.execute(update(Delivery).values(**backup))
    await come_out_of_a_backup(engine, integration)

    assert (await engine.sync(integration)).delivered == 1
    assert len(engine.adapter.ledger) == 1


@pytest.mark.parametrize("fault", [Fault.UPSTREAM, Fault.UNKNOWN_OUTCOME, Fault.RATE_LIMITED])
async def test_nothing_leaves_while_the_question_is_not_answered(engine: Engine, fault: Fault) -> None:
    async def unanswered(_: Credentials, __: Sequence[str]) -> list[Booked]:
        raise AdapterError(AWAY, fault, retry_after=3_600)

    integration = await engine.set_up()
    await engine.receive(3)
    await engine.sync(integration)
    await forget_deliveries(engine)
    await come_out_of_a_backup(engine, integration)
    answered, engine.adapter.lookup = engine.adapter.lookup, unanswered
    await engine.sync(integration)
    assert DeliveryState.UNKNOWN not in await states(engine, integration)

    engine.adapter.lookup = answered
    engine.clock.advance(86_400)
    await engine.sync(integration)
    assert await states(engine, integration) == {DeliveryState.DELIVERED: 3}
    assert len(engine.adapter.ledger) == 3


async def test_refused_credentials_stop_the_integration_and_leave_every_record_ready(engine: Engine) -> None:
    async def refused(_: Credentials, __: Sequence[str]) -> list[Booked]:
        raise AuthenticationFailed(msg("The key is refused."))

    integration = await engine.set_up()
    await engine.receive(3)
    await come_out_of_a_backup(engine, integration)
    engine.adapter.lookup = refused
    await engine.sync(integration)
    assert await states(engine, integration) == {DeliveryState.READY: 3}
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.STOPPED
    assert engine.adapter.ledger == []


async def test_what_is_there_twice_is_handed_to_a_person(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    engine.adapter.book(engine.adapter.ledger[0])
    await forget_deliveries(engine)
    await come_out_of_a_backup(engine, integration)
    await engine.sync(integration)
    assert await states(engine, integration) == {DeliveryState.NEEDS_PERSON: 1}
    assert len(engine.adapter.ledger) == 2


async def test_where_nothing_can_be_asked_whoever_resumed_has_compared(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.adapter.capabilities = replace(engine.adapter.capabilities, lookup=False)
    await engine.receive(1)
    await come_out_of_a_backup(engine, integration)
    assert (await engine.sync(integration)).delivered == 1
