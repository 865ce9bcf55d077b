"""Only what was really exported settles the question about exports that were missed; the rest is in test_catch_up.py."""

import uuid

from integration_admin.core.statuses import RunState
from tests.services.conftest import Engine
from tests.services.fake_adapter import book_all
from tests.services.test_catch_up import at, missed_since, not_now
from tests.services.test_catch_up import missed as missed  # noqa: PLC0414, a fixture


async def test_a_run_that_was_cancelled_before_it_began_leaves_the_question(
    engine: Engine, missed: uuid.UUID
) -> None:
    run = await engine.runs.start(engine.actor, missed)
    await engine.runs.cancel(engine.actor, run.id)
    assert await missed_since(engine, missed) == at("2026-12-01T02:00")
    assert await asks(engine)
    assert await engine.schedules.answer_missed(engine.actor, missed, export=True) is not None


async def test_a_run_that_exported_nothing_because_it_failed_leaves_the_question(
    engine: Engine, missed: uuid.UUID
) -> None:
    await engine.receive(1)
    engine.adapter.behaviour = not_now
    assert (await engine.sync(missed)).state is RunState.FAILED
    assert await missed_since(engine, missed) == at("2026-12-01T02:00")
    assert await asks(engine)
    engine.adapter.behaviour = book_all
    assert (await engine.sync(missed)).state is RunState.SUCCEEDED
    assert await missed_since(engine, missed) is None
    assert not await asks(engine)


async def asks(engine: Engine) -> bool:
    """Tell whether notices are to say that a person is asked."""
    async with engine.database.system() as system:
        return any(sign.asks_about_missed for sign in await system.notices.signs())
