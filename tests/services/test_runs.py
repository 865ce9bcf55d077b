"""Runs asked for at the same moment, and runs that are cancelled."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import update

from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import DeliveryState, RunState, Trigger
from integration_admin.data.models import Delivery
from integration_admin.services.views import RunView
from tests.builders import make_run
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
    cancelled = await engine.runs.cancel(engine.actor, run.id)
    assert (cancelled.state, str(cancelled.message)) == (RunState.CANCELLED, "Cancelled before it began.")
    await engine.work_off()
    assert engine.adapter.sent == []


async def test_cancelling_a_run_that_has_ended_changes_and_notes_nothing(engine: Engine) -> None:
    ended = await engine.sync(await engine.set_up())
    assert await engine.runs.cancel(engine.actor, ended.id) == ended
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert not await unit.runs.cancel_requested(ended.id)
        assert "run.cancel" not in {line.action for line in await unit.audit.latest()}


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


async def test_a_run_is_refused_in_words_while_another_has_not_ended(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.runs.add(make_run(integration, state=RunState.RUNNING))
    for start in (engine.runs.start, engine.runs.retry):
        await reject_all(engine)
        with pytest.raises(Conflict) as told:
            await start(engine.actor, integration)
        assert "already being synchronised" in str(told.value.message)
    # What was made ready again for the refused run is as it was.
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert await unit.backlog.by_state(integration) == {DeliveryState.REJECTED: 1}


async def reject_all(engine: Engine) -> None:
    async with engine.database.system(writes=True) as system:
        await system._session.execute(update(Delivery).values(state=DeliveryState.REJECTED))


async def test_a_run_that_has_ended_stays_as_it_is_when_it_is_cancelled(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    run = await engine.sync(integration)
    again = await engine.runs.cancel(engine.actor, run.id)
    assert (again.state, again.delivered, again.stopping) == (RunState.SUCCEEDED, 1, False)
    assert again.message == run.message


async def test_a_run_remembers_who_started_it_how_and_what_it_exported(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    await engine.sync(integration)
    (run,) = (await engine.history.page(engine.actor, integration)).runs
    assert (run.trigger, run.started_by, run.delivered) == (Trigger.MANUAL, "Alice", 2)
    assert ([str(money.decimal()) for money in run.amounts], run.resumed, run.seconds) == (["824.00"], 0, 0.0)
