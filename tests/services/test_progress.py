"""How far a run has come, told from the database alone: counts, pace, time left, also after a restart."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.messages import Message
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.history import History
from integration_admin.services.progress import COUNTED_SECONDS, Progress, ProgressReader, _lately
from tests.builders import make_claim, make_line, save_organisation
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.far_side import Dies
from tests.services.test_excluded_data import MEALS, leave_out


@pytest.fixture
async def engine(sqlite_database: Database, new_engine: Any) -> Engine:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    made: Engine = new_engine(
        sqlite_database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    )
    return made


def another_process(engine: Engine) -> History:
    """Return the history as a process has it that knows nothing but the database."""
    adapters = AdapterRegistry({"xledger": engine.adapter})
    return History(engine.database, ProgressReader(adapters, engine.clock))


class Watched:
    """Books what it is sent, half a minute a batch, and looks how far the run has come before each."""

    def __init__(self, engine: Engine, seconds: float = 30.0) -> None:
        self._engine = engine
        self._seconds = seconds
        self.seen: list[Progress] = []
        self.dies_before = 0

    async def __call__(self, adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        self.seen.append(await self.look())
        if len(self.seen) == self.dies_before:
            raise Dies
        self._engine.clock.advance(self._seconds)
        return book_all(adapter, batch)

    async def look(self) -> Progress:
        engine = self._engine
        async with engine.database.system() as system:
            (run,) = await system.unfinished_runs()
        found = [
            (await history.progress(engine.actor, run.id))[1]
            for history in (engine.history, another_process(engine))
        ]
        assert found[0] == found[1], "every process tells the same"
        assert found[0] is not None
        return found[0]


async def test_a_run_tells_how_far_it_has_come_how_fast_and_how_long_it_will_take(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(40)
    watched = Watched(engine)
    engine.adapter.behaviour = watched
    run = await engine.sync(integration)
    assert [(seen.done, seen.total, seen.quarter) for seen in watched.seen][-1] == (30, 40, 3)
    first, last = watched.seen[0], watched.seen[-1]
    assert (first.done, first.total, first.per_minute, first.seconds_left) == (0, 40, None, None)
    assert (last.per_minute, last.seconds_left) == (20, 30.0)
    assert [str(said) for said in last.sentences] == [
        "30 of 40 records are dealt with.",
        "20 records a minute.",
        "Less than a minute left.",
    ]
    assert (await engine.history.progress(engine.actor, run.id))[1] is None


async def test_a_run_taken_up_again_goes_on_from_what_was_counted(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(40)
    watched = Watched(engine)
    watched.dies_before = 3
    engine.adapter.behaviour = watched
    with pytest.raises(Dies):
        await engine.sync(integration)
    engine.clock.advance(timedelta(hours=2))
    async with engine.database.system() as system:
        (run,) = await system.unfinished_runs()
    await engine.runner.carry_out(engine.actor.organisation_id, run.id)
    again = watched.seen[3:]
    assert [seen.resumed for seen in again] == [1] * len(again)
    assert again[0].done >= watched.seen[2].done > 0
    assert str(again[0].sentences[-1]) == "Taken up again after a restart."
    # The two hours nobody exported anything do not slow it down.
    assert [seen.per_minute for seen in again if seen.per_minute] == [20] * (len(again) - 1)


async def test_what_is_left_is_not_counted_at_every_look_and_what_comes_in_joins_later(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(20)
    run = await engine.runs.start(engine.actor, integration)

    async def total() -> int:
        _, progress = await engine.history.progress(engine.actor, run.id)
        assert progress is not None
        return progress.total

    assert await total() == 20
    await engine.receive(5, first=100)
    assert await total() == 20
    engine.clock.advance(COUNTED_SECONDS)
    assert await total() == 25


async def test_where_a_category_is_left_out_the_total_is_the_most_it_can_be(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.records.receive(engine.actor, [make_claim(lines=[make_line(category="meals")])])
    await leave_out(engine, integration, [MEALS])
    watched = Watched(engine)
    engine.adapter.behaviour = watched
    await engine.sync(integration)
    assert [str(seen.counted) for seen in watched.seen] == ["0 of at most 2 records are dealt with."]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (59.0, "Less than a minute left."),
        (70.0, "About a minute left."),
        (150.0, "About 2 minutes left."),
        (90 * 60.0, "About 90 minutes left."),
        (3 * 3600.0, "About 3 hours left."),
    ],
)
def test_the_time_left_is_told_in_words(seconds: float, said: str) -> None:
    assert str(Progress(1, 2, seconds_left=seconds).left) == said


def test_a_run_that_waits_and_one_that_is_not_counted_say_so() -> None:
    assert str(Progress(0, 9, waits=True).counted) == "The export waits to begin."
    assert str(Progress(0, 0).counted) == "Looking for what there is to export."
    counted = Progress(1200, 5000).counted
    assert isinstance(counted, Message)
    assert counted.translate("en") == "1,200 of 5,000 records are dealt with."


def test_only_what_was_sent_without_a_gap_tells_the_pace() -> None:
    now = START
    lately = [now - timedelta(seconds=second) for second in (1, 2, 3, 4)]
    before = [now - timedelta(hours=1)]
    assert _lately([*lately, *before], now) == 1.0
    assert _lately(before, now) is None
    assert _lately([], now) is None
