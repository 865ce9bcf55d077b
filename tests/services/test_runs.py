"""Runs asked for at the same moment, and runs that are cancelled."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import RunState
from integration_admin.services.views import RunView
from tests.services.conftest import Engine


async def test_of_several_starts_at_once_exactly_one_makes_a_run(engine: Engine) -> None:
    integration = await engine.set_up()
    answers = await asyncio.gather(
        *(engine.runs.start(engine.actor, integration) for _ in range(6)), return_exceptions=True
    )
    assert Counter(type(answer) for answer in answers) == {RunView: 1, Conflict: 5}
    assert len((await engine.history.page(engine.actor, integration)).runs) == 1


async def test_the_same_idempotency_key_at_the_same_moment_is_the_same_run(engine: Engine) -> None:
    integration = await engine.set_up()
    answers = await asyncio.gather(
        *(engine.runs.start(engine.actor, integration, idempotency_key="night-1") for _ in range(4))
    )
    assert len({answer.id for answer in answers}) == 1


async def test_a_queued_run_that_is_cancelled_ends_at_once(engine: Engine) -> None:
    integration = await engine.set_up()
    run = await engine.runs.start(engine.actor, integration)
    assert (await engine.runs.cancel(engine.actor, run.id)).state is RunState.CANCELLED
    await engine.work_off()
    assert engine.adapter.sent == []


async def test_a_run_that_begins_while_it_is_cancelled_is_asked_to_stop_and_not_ended(engine: Engine) -> None:
    integration = await engine.set_up()
    run = await engine.runs.start(engine.actor, integration)
    async with AsyncExitStack() as beginning:
        unit = await beginning.enter_async_context(engine.database.write(engine.actor.organisation_id))
        assert await unit.runs.start(run.id, engine.clock.now())
        cancelling = asyncio.create_task(engine.runs.cancel(engine.actor, run.id))
        await asyncio.wait([cancelling], timeout=0.2)
        assert not cancelling.done()

    assert (await cancelling).state is RunState.RUNNING
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert await unit.runs.cancel_requested(run.id)
