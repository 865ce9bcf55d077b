"""Planned exports that were missed: one run makes up for them, or a person is asked; and clocks that were wrong."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, Conflict, Fault, NotPermitted
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Role, RunState, ScheduleKind, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import Run, Schedule
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.catch_up import with_announcement
from integration_admin.services.schedules import Schedules
from integration_admin.services.timetable import Timetable
from tests.builders import make_run, save_integration, save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

OSLO = ZoneInfo("Europe/Oslo")


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=OSLO)


async def tick(engine: Engine, local: str) -> None:
    """Tick at a local time of Oslo, and have every run it queued end well at once."""
    engine.clock.set(at(local))
    await engine.scheduler.tick()
    async with engine.database.system() as system:
        unfinished = await system.unfinished_runs()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        for run in unfinished:
            assert await unit.runs.finish(run.id, RunState.SUCCEEDED, engine.clock.now())


async def tick_and_work(engine: Engine, local: str) -> None:
    """Tick at a local time of Oslo, and carry out every run it queued."""
    engine.clock.set(at(local))
    await engine.scheduler.tick()
    await engine.work_off()


def not_now(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    raise AdapterError(msg("Too many requests."), Fault.RATE_LIMITED, retry_after=600)


async def runs_of(engine: Engine, integration: uuid.UUID) -> list[Run]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.runs.history(integration, None, 100)


async def noted(engine: Engine, action: str) -> list[dict[str, Any]]:
    """Return the details of what the audit log says about an action, newest first."""
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return [dict(event.detail) for event in await unit.audit.latest() if event.action == action]


@pytest.mark.parametrize(
    ("last_look", "next_look", "trigger", "missed"),
    [
        ("2026-11-22T01:59:30", "2026-11-22T02:01:30", Trigger.SCHEDULE, 0),
        ("2026-11-22T01:59:30", "2026-11-22T02:02:01", Trigger.CATCH_UP, 1),
        ("2026-03-28T12:00:00", "2026-03-29T12:00:00", Trigger.CATCH_UP, 1),
        ("2026-03-29T01:59:59", "2026-03-29T03:00:10", Trigger.SCHEDULE, 0),
        ("2026-10-24T12:00:00", "2026-10-25T12:00:00", Trigger.CATCH_UP, 1),
        ("2026-11-22T12:00:00", "2026-11-25T12:00:00", Trigger.CATCH_UP, 3),
        ("2026-11-22T12:00:00", "2026-11-25T02:00:10", Trigger.CATCH_UP, 2),
        ("2026-10-10T12:00:00", "2026-11-19T12:00:00", Trigger.CATCH_UP, 40),
    ],
)
async def test_after_downtime_one_run_makes_up_for_all_that_was_missed(
    engine: Engine, last_look: str, next_look: str, trigger: Trigger, missed: int
) -> None:
    engine.clock.set(at(last_look))
    integration = await engine.set_up()
    await tick(engine, last_look)

    await tick(engine, next_look)
    await tick(engine, next_look)

    (run,) = await runs_of(engine, integration)
    assert run.trigger is trigger
    assert [detail["count"] for detail in await noted(engine, "schedule.catch_up")] == [missed] * bool(missed)
    assert (run.message is not None) == bool(missed)


async def test_a_catch_up_run_says_how_many_it_makes_up_for_and_since_when(engine: Engine) -> None:
    integration = await engine.set_up()
    await tick(engine, "2026-11-25T12:00:00")
    (run,) = await runs_of(engine, integration)
    assert run.message is not None
    sentence = str(Message.from_json(run.message))
    assert sentence == (
        "This export makes up for planned ones that were missed: 4, the first on 2026-11-22 02:00."
    )
    assert str(with_announcement(run.message, msg("Exported: 5."))) == f"{sentence} Exported: 5."
    assert with_announcement(None, msg("Exported: 5.")) == msg("Exported: 5.")


async def test_many_missed_slots_of_a_cron_line_are_one_run(engine: Engine) -> None:
    integration = await engine.set_up(kind="cron", cron_line="*/5 * * * *")
    await tick(engine, "2026-12-31T12:03:00")
    (run,) = await runs_of(engine, integration)
    assert run.trigger is Trigger.CATCH_UP
    assert [detail["count"] for detail in await noted(engine, "schedule.catch_up")] == [40 * 288 - 12]


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param(["2026-11-22T02:00:10", "2026-11-22T01:00:20", "2026-11-22T02:00:05"], id="back 1 h"),
        pytest.param(["2026-11-22T02:00:10", "2026-11-21T01:00:20", "2026-11-22T02:00:05"], id="back 25 h"),
        pytest.param(["2026-11-22T02:01:00", "2026-11-22T01:01:20", "2026-11-22T02:00:05"], id="ahead 1 h"),
        pytest.param(["2026-11-22T02:00:10", "2026-11-22T02:00:09"], id="a leap second"),
    ],
)
async def test_a_clock_that_goes_back_fires_no_date_twice(engine: Engine, looks: list[str]) -> None:
    engine.clock.set(at("2026-11-20T12:00:00"))
    integration = await engine.set_up()
    for look in ("2026-11-21T02:00:10", *looks, "2026-11-23T02:00:10"):
        await tick(engine, look)
    assert [run.trigger for run in await runs_of(engine, integration)] == [Trigger.SCHEDULE] * 3


async def test_a_clock_that_was_400_days_ahead_costs_one_run_and_no_later_one(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.clock.advance(timedelta(days=400))
    await engine.scheduler.tick()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        (run,) = await unit.runs.history(integration, None, 10)
        await unit.runs.finish(run.id, RunState.SUCCEEDED, engine.clock.now())

    with capture_logs() as logs:
        await tick(engine, "2026-11-21T14:00:00")
    for day in ("22", "23", "24"):
        await tick(engine, f"2026-11-{day}T02:00:10")

    assert [entry["event"] for entry in logs].count("clock_went_back") == 1
    triggers = sorted(str(run.trigger) for run in await runs_of(engine, integration))
    assert triggers == ["catch_up", "schedule", "schedule", "schedule"]


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "Europe/London", "Pacific/Kiritimati"])
async def test_rules_that_change_under_a_schedule_fire_no_date_twice(engine: Engine, zone: str) -> None:
    integration = await engine.set_up()
    await tick(engine, "2026-11-22T02:00:10")
    # What an update of the time zone data does: the same row means other instants.
    await change_row(engine, integration, time_zone=zone)
    for hour in range(3, 24):
        await tick(engine, f"2026-11-22T{hour:02}:00:10")
    async with engine.database.read(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(integration)
        assert schedule is not None
        done = await unit.schedules.dates_done(schedule.id, "2026-11-01")
    runs = await runs_of(engine, integration)
    assert len(runs) == len(done)


async def test_somebody_is_told_once_when_the_time_zone_is_gone_and_can_choose_another(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await change_row(engine, integration, time_zone="Europe/Atlantis")
    with capture_logs() as logs:
        await tick(engine, "2026-11-22T02:00:10")
        await tick(engine, "2026-11-23T02:00:10")
    assert [entry["event"] for entry in logs].count("schedule_zone_unknown") == 1
    view = await engine.schedules.get(engine.actor, integration)
    assert (view.zone_known, view.next_slots, view.timetable.time_zone) == (False, (), "Europe/Atlantis")
    assert (await engine.health.of(engine.actor, integration)).next_run_at is None

    daily = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
    await engine.schedules.save(engine.actor, integration, view.version, daily)
    await tick(engine, "2026-11-23T12:00:00")
    assert await runs_of(engine, integration) == []
    await tick(engine, "2026-11-24T02:00:10")
    assert [run.trigger for run in await runs_of(engine, integration)] == [Trigger.SCHEDULE]


async def test_a_slot_that_comes_while_a_run_is_under_way_is_left_out_and_noted(engine: Engine) -> None:
    integration = await engine.set_up()
    run = await engine.runs.start(engine.actor, integration)
    engine.clock.set(at("2026-11-22T02:00:10"))
    await engine.scheduler.tick()
    assert [one.id for one in await runs_of(engine, integration)] == [run.id]
    assert await noted(engine, "schedule.skip") == [{"slot": "2026-11-22T02:00"}]


@pytest.fixture
async def missed(engine: Engine) -> uuid.UUID:
    """A monthly integration whose export of the 1st of December was missed for two weeks."""
    integration = await engine.set_up(kind="monthly", day="1")
    await tick(engine, "2026-12-15T12:00:00")
    return integration


async def missed_since(engine: Engine, integration: uuid.UUID) -> datetime | None:
    return (await engine.schedules.get(engine.actor, integration)).missed_since


async def test_what_was_missed_over_a_week_ago_waits_for_a_person(engine: Engine, missed: uuid.UUID) -> None:
    await tick(engine, "2026-12-16T12:00:00")
    assert await runs_of(engine, missed) == []
    assert await missed_since(engine, missed) == at("2026-12-01T02:00")
    assert await noted(engine, "schedule.ask") == [{"count": 1, "since": "2026-12-01T02:00"}]


async def test_a_record_that_waits_for_another_try_takes_nothing_along_while_a_person_is_asked(
    engine: Engine,
) -> None:
    integration = await engine.set_up(kind="monthly", day="1")
    await engine.receive(1)
    engine.adapter.behaviour = not_now
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    await engine.receive(2, first=10)
    await tick_and_work(engine, "2026-12-15T12:00:00")
    assert await missed_since(engine, integration) == at("2026-12-01T02:00")
    assert engine.adapter.ledger == []

    await engine.schedules.answer_missed(engine.actor, integration, export=True)
    await engine.work_off()
    assert len(engine.adapter.ledger) == 3


async def test_a_run_of_somebody_else_settles_no_question(engine: Engine) -> None:
    integration = await engine.set_up(kind="monthly", day="1")
    await engine.receive(1)
    engine.adapter.behaviour = not_now
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    neighbour = await save_organisation(engine.database)
    theirs = await save_integration(engine.database, neighbour.id)
    async with engine.database.write(neighbour.id) as unit:
        day = at("2026-12-14T02:00")
        await unit.runs.add(make_run(theirs.id, requested_at=day, finished_at=day))
    for minute in ("00", "01"):
        await tick_and_work(engine, f"2026-12-15T12:{minute}:00")
    assert await missed_since(engine, integration) == at("2026-12-01T02:00")
    assert engine.adapter.ledger == []


async def test_what_waits_for_another_try_goes_out_once_the_person_has_left_the_rest(engine: Engine) -> None:
    integration = await engine.set_up(kind="monthly", day="1")
    await engine.receive(1)
    engine.adapter.behaviour = not_now
    await engine.sync(integration)
    engine.adapter.behaviour = book_all
    await tick_and_work(engine, "2026-12-15T12:00:00")
    await engine.schedules.answer_missed(engine.actor, integration, export=False)
    await tick_and_work(engine, "2026-12-15T12:01:00")
    assert [voucher.record_id for voucher in engine.adapter.ledger] == ["EC-1"]


@pytest.mark.parametrize(("look", "asked"), [("2026-12-08T02:00:00", False), ("2026-12-08T02:00:01", True)])
async def test_seven_days_are_the_limit(engine: Engine, look: str, asked: bool) -> None:  # noqa: FBT001, a case
    integration = await engine.set_up(kind="monthly", day="1")
    await tick(engine, look)
    assert (await missed_since(engine, integration) is not None) is asked
    assert len(await runs_of(engine, integration)) == (0 if asked else 1)


async def test_a_person_may_have_it_made_up_for(engine: Engine, missed: uuid.UUID) -> None:
    run = await engine.schedules.answer_missed(engine.actor, missed, export=True)
    assert run is not None
    assert (run.trigger, run.started_by) == (Trigger.CATCH_UP, "Alice")
    assert [one.id for one in await runs_of(engine, missed)] == [run.id]
    assert await missed_since(engine, missed) is None
    assert await noted(engine, "schedule.answer") == [{"export": True}]


async def test_a_person_may_leave_it(engine: Engine, missed: uuid.UUID) -> None:
    assert await engine.schedules.answer_missed(engine.actor, missed, export=False) is None
    assert await missed_since(engine, missed) is None
    await tick(engine, "2026-12-20T12:00:00")
    assert await runs_of(engine, missed) == []


@pytest.mark.parametrize("export", [True, False])
async def test_a_question_is_answered_once(
    engine: Engine,
    missed: uuid.UUID,
    export: bool,  # noqa: FBT001, a case
) -> None:
    await engine.schedules.answer_missed(engine.actor, missed, export=False)
    with pytest.raises(Conflict):
        await engine.schedules.answer_missed(engine.actor, missed, export=export)
    assert await runs_of(engine, missed) == []


class Answering(Database):
    """A database in which somebody else answers the question just before something is written."""

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        async with super().write(organisation_id) as unit:
            await unit.schedules._session.execute(update(Schedule).values(missed_since=None))
        async with super().write(organisation_id) as unit:
            yield unit


async def test_of_two_answers_at_the_same_moment_one_counts(
    engine: Engine, missed: uuid.UUID, database: Database
) -> None:
    answering = Answering(database.engine.url.render_as_string(hide_password=False))
    schedules = Schedules(answering, engine.runs, engine.clock)
    with pytest.raises(Conflict):
        await schedules.answer_missed(engine.actor, missed, export=False)
    await answering.close()
    assert await noted(engine, "schedule.answer") == []


async def test_a_question_that_cannot_be_answered_with_a_run_stays(engine: Engine, missed: uuid.UUID) -> None:
    await engine.configuration.set_paused(engine.actor, missed, paused=True)
    with pytest.raises(Conflict):
        await engine.schedules.answer_missed(engine.actor, missed, export=True)
    assert await missed_since(engine, missed) is not None


async def test_who_may_only_look_answers_nothing(engine: Engine, missed: uuid.UUID) -> None:
    viewer = Actor(engine.actor.organisation_id, "Bob", Role.VIEWER)
    with pytest.raises(NotPermitted):
        await engine.schedules.answer_missed(viewer, missed, export=True)
    assert await missed_since(engine, missed) is not None


async def test_the_next_planned_run_settles_the_question(engine: Engine, missed: uuid.UUID) -> None:
    await tick(engine, "2027-01-01T02:00:10")
    assert [run.trigger for run in await runs_of(engine, missed)] == [Trigger.SCHEDULE]
    async with engine.database.read(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(missed)
    assert schedule is not None
    assert schedule.missed_since is None


async def test_a_run_somebody_started_settles_the_question(engine: Engine, missed: uuid.UUID) -> None:
    await engine.runs.start(engine.actor, missed)
    assert await missed_since(engine, missed) is None
    with pytest.raises(Conflict):
        await engine.schedules.answer_missed(engine.actor, missed, export=False)


async def test_a_person_is_asked_again_about_what_is_missed_after_that(
    engine: Engine, missed: uuid.UUID
) -> None:
    await engine.runs.start(engine.actor, missed)
    await engine.work_off()
    await tick(engine, "2027-01-12T12:00:00")
    assert await missed_since(engine, missed) == at("2027-01-01T02:00")
    assert [detail["since"] for detail in await noted(engine, "schedule.ask")] == [
        "2027-01-01T02:00",
        "2026-12-01T02:00",
    ]


async def test_nobody_is_asked_about_what_was_missed_while_paused(engine: Engine) -> None:
    integration = await engine.set_up(kind="monthly", day="1")
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    await tick(engine, "2026-12-15T12:00:00")
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    await tick(engine, "2026-12-15T12:01:00")
    assert await missed_since(engine, integration) is None
    assert await runs_of(engine, integration) == []


async def change_row(engine: Engine, integration: uuid.UUID, **values: Any) -> None:
    """Change a stored schedule past the services."""
    async with engine.database.write(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(integration)
        assert schedule is not None
        for name, value in values.items():
            setattr(schedule, name, value)
        await unit.schedules.put(schedule)
