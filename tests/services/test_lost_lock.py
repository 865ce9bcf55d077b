"""A run whose lock is lost sends nothing more and leaves everything to whoever has the lock now."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.database import Database
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.held_back import HeldBack
from tests.services.losing_locks import LosingLocks, nothing
from tests.services.traffic import Traffic, set_up, states

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


async def lose_lock(
    engine: Engine, lasts: int, meanwhile: Callable[[], Awaitable[Any]] = nothing
) -> uuid.UUID:
    """Carry out a run whose lock is lost; return the run."""
    integration = (await engine.configuration.everything(engine.actor))[0].id
    engine.runner._locks = LosingLocks(engine.locks, lasts, meanwhile)
    run = await engine.runs.start(engine.actor, integration)
    await engine.runner.carry_out(engine.actor.organisation_id, run.id)
    return run.id


@pytest.mark.parametrize(("batch_size", "in_flight"), [(1, 1), (1, 8), (10, 2)])
async def test_a_lost_lock_sends_nothing_more_and_takes_back_what_was_not_sent(
    engine: Engine, batch_size: int, in_flight: int
) -> None:
    integration = await set_up(engine, 60, batch_size=batch_size, in_flight=in_flight)
    await lose_lock(engine, 1)
    assert engine.adapter.sent == []
    assert await states(engine, integration) == {DeliveryState.READY: 60}


async def test_a_lost_lock_leaves_the_records_the_new_holder_is_sending_alone(
    engine: Engine, new_engine: NewEngine
) -> None:
    integration = await set_up(engine, 40, batch_size=10, in_flight=1)
    # Sends that leave within a twentieth of a second share one question about the lock.
    Traffic(engine.adapter, turns=80)
    successor = new_engine(engine.database, FakeAdapter(), engine.actor)
    held = successor.adapter.behaviour = HeldBack()
    taken: list[asyncio.Task[None]] = []

    async def take_over() -> None:
        await successor.scheduler.tick()
        taken.append(asyncio.create_task(successor.work_off()))
        await held.begun.wait()

    async with asyncio.timeout(20):
        await lose_lock(engine, 2, take_over)
        during = await states(engine, integration)
        held.go_on.set()
        await taken[0]

    # Ten were on their way out with the old holder and are in doubt; the rest is the new one's.
    assert during.get(DeliveryState.SENDING, 0) > 0, "what the new holder sends stays its own"
    async with engine.database.read(engine.actor.organisation_id) as unit:
        suspects = [
            item.reference
            for item in await unit.deliveries.unknown_due(
                integration, engine.clock.now().replace(year=2030), 0, 100
            )
        ]
    assert not set(suspects) & {voucher.reference for voucher in successor.adapter.ledger}


async def test_a_lost_lock_leaves_the_run_to_the_new_holder(engine: Engine, new_engine: NewEngine) -> None:
    await set_up(engine, 40, batch_size=10, in_flight=1)
    # Sends that leave within a twentieth of a second share one question about the lock.
    Traffic(engine.adapter, turns=80)
    successor = new_engine(engine.database, FakeAdapter(), engine.actor)
    held = successor.adapter.behaviour = HeldBack()
    taken: list[asyncio.Task[None]] = []

    async def take_over() -> None:
        await successor.scheduler.tick()
        taken.append(asyncio.create_task(successor.work_off()))
        await held.begun.wait()

    async with asyncio.timeout(20):
        run_id = await lose_lock(engine, 2, take_over)
        during = await engine.runs.get(engine.actor, run_id)
        held.go_on.set()
        await taken[0]
    after = await engine.runs.get(engine.actor, run_id)

    assert during.state is RunState.RUNNING, "whoever has the lock says how the run ended"
    assert after.delivered == len(engine.adapter.ledger) + len(successor.adapter.ledger)
