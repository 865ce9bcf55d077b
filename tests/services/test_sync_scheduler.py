"""Schedules that fire by themselves, once each, and say so in the history."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from integration_admin.adapters.base import Connection
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import DatabaseUnreachable
from integration_admin.core.messages import msg
from integration_admin.core.statuses import RunState, ScheduleKind, Trigger
from integration_admin.data.database import Database
from integration_admin.data.database_clock import DatabaseClock
from integration_admin.data.locks import FileLocks
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.run_queue import LocalRunQueue
from integration_admin.services.history import HistoryPage
from integration_admin.services.runs import Runs
from integration_admin.services.sync_scheduler import SyncScheduler
from integration_admin.services.timetable import Timetable
from tests.builders import save_integration, save_organisation
from tests.data.worlds import make_schedule
from tests.fakes import FakeClock
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

OSLO = ZoneInfo("Europe/Oslo")


def daily(at: str) -> Timetable:
    return Timetable(ScheduleKind.DAILY, at, "Europe/Oslo")


async def tick_at(engine: Engine, local: str) -> HistoryPage:
    engine.clock.set(datetime.fromisoformat(local).replace(tzinfo=OSLO))
    await engine.scheduler.tick()
    await engine.work_off()
    async with engine.database.read(engine.actor.organisation_id) as unit:
        integration = (await unit.integrations.everything())[0]
    return await engine.history.page(engine.actor, integration.id)


async def test_a_daily_schedule_fires_by_itself_at_two_and_its_summary_is_in_the_history(
    engine: Engine,
) -> None:
    await engine.set_up()
    await engine.receive(5)

    before = await tick_at(engine, "2026-11-22T01:59:30")
    after = await tick_at(engine, "2026-11-22T02:00:10")

    assert before.runs == ()
    assert [(run.trigger, run.state, run.delivered) for run in after.runs] == [
        (Trigger.SCHEDULE, RunState.SUCCEEDED, 5)
    ]
    assert "Exported: 5." in str(after.runs[0].message)


async def test_a_slot_fires_once_however_often_and_wherever_it_is_ticked(
    engine: Engine, database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> None:
    await engine.set_up()
    other = new_engine(database, engine.adapter, engine.actor)
    for seconds in (1, 20, 40):
        await tick_at(engine, f"2026-11-22T02:00:{seconds:02}")
        page = await tick_at(other, f"2026-11-22T02:00:{seconds:02}")
    assert len(page.runs) == 1


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
async def test_a_clock_change_night_has_one_run(engine: Engine, night: str) -> None:
    engine.clock.set(datetime.fromisoformat(f"{night}T00:00").replace(tzinfo=OSLO) - timedelta(hours=2))
    await engine.set_up()
    started = engine.clock.now()
    for half_hours in range(1, 24):
        engine.clock.set(started + timedelta(minutes=30 * half_hours))
        await engine.scheduler.tick()
        await engine.work_off()
    async with engine.database.read(engine.actor.organisation_id) as unit:
        integration = (await unit.integrations.everything())[0]
        runs = await unit.runs.history(integration.id, None, 10)
    assert len(runs) == 1


async def test_after_days_of_downtime_one_run_catches_up(engine: Engine) -> None:
    await engine.set_up()
    await engine.receive(3)
    page = await tick_at(engine, "2026-11-26T09:00:00")
    assert [(run.trigger, run.delivered) for run in page.runs] == [(Trigger.CATCH_UP, 3)]


async def test_moving_the_time_does_not_fire_a_second_run_for_a_date_already_done(engine: Engine) -> None:
    integration = await engine.set_up()
    await tick_at(engine, "2026-11-22T02:00:10")
    view = await engine.configuration.get(engine.actor, integration)
    await engine.schedules.save(engine.actor, integration, view.version, daily("03:00"))

    same_day = await tick_at(engine, "2026-11-22T03:00:10")
    next_day = await tick_at(engine, "2026-11-23T03:00:10")

    assert (len(same_day.runs), len(next_day.runs)) == (1, 2)


async def test_a_paused_integration_does_not_run_and_the_past_never_fires_when_it_is_resumed(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    paused = await tick_at(engine, "2026-11-22T02:00:10")
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    resumed = await tick_at(engine, "2026-11-22T09:00:00")
    assert (paused.runs, resumed.runs) == ((), ())


async def test_a_manual_schedule_never_runs_by_itself(engine: Engine) -> None:
    await engine.set_up(kind="manual")
    assert (await tick_at(engine, "2026-12-24T02:00:10")).runs == ()


async def test_a_run_whose_process_died_is_taken_up_as_soon_as_its_lock_is_free(
    engine: Engine, database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    run = await engine.runs.start(engine.actor, integration)
    successor = new_engine(database, engine.adapter, engine.actor)

    await successor.scheduler.tick()
    await successor.work_off()
    fresh = await successor.runs.get(engine.actor, run.id)
    engine.clock.advance(10)
    async with engine.locks.hold(integration):
        await successor.scheduler.tick()
        await successor.work_off()
        held = await successor.runs.get(engine.actor, run.id)
    await successor.scheduler.tick()
    await successor.work_off()

    assert fresh.state is RunState.QUEUED, "whoever has just made it is about to queue it"
    assert held.state is RunState.QUEUED
    assert (await successor.runs.get(engine.actor, run.id)).delivered == 2


async def test_a_schedule_set_in_the_afternoon_does_not_fire_for_the_night_before(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    engine.clock.advance(timedelta(days=2))
    view = await engine.configuration.get(engine.actor, integration)
    await engine.schedules.save(engine.actor, integration, view.version, daily("02:00"))

    await engine.scheduler.tick()
    await engine.work_off()

    assert (await engine.history.page(engine.actor, integration)).runs == ()


async def test_a_time_passed_while_paused_does_not_use_up_the_day(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    await tick_at(engine, "2026-11-22T02:00:10")
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    view = await engine.configuration.get(engine.actor, integration)
    await engine.schedules.save(engine.actor, integration, view.version, daily("15:00"))

    promised = (await engine.health.of(engine.actor, integration)).next_run_at
    page = await tick_at(engine, "2026-11-22T15:00:10")

    assert promised == datetime.fromisoformat("2026-11-22T15:00").replace(tzinfo=OSLO)
    assert [run.trigger for run in page.runs] == [Trigger.SCHEDULE]


async def test_the_next_run_that_is_promised_is_never_on_a_date_already_done(engine: Engine) -> None:
    integration = await engine.set_up()
    await tick_at(engine, "2026-11-22T02:00:10")
    view = await engine.configuration.get(engine.actor, integration)
    await engine.schedules.save(engine.actor, integration, view.version, daily("15:00"))

    promised = (await engine.schedules.get(engine.actor, integration)).next_slots[0]
    health = await engine.health.of(engine.actor, integration)

    assert promised.local_time == "2026-11-23T15:00"
    assert health.next_run_at == promised.due_at


class Full(Database):
    """A database nothing can be written to any more."""

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        raise DatabaseUnreachable(msg("The disk is full."), internal="database or disk is full")
        async with super().write(organisation_id) as unit:
            yield unit


async def test_what_is_due_while_the_disk_is_full_is_a_line_each_time_and_no_traceback(
    engine: Engine, tmp_path: Path
) -> None:
    integration = await engine.set_up()
    full = Full(engine.database.engine.url.render_as_string(hide_password=False))
    scheduler = SyncScheduler(full, engine.runs, engine.queue, FileLocks(tmp_path), engine.clock)
    engine.clock.set(datetime(2026, 11, 22, 2, 0, 10, tzinfo=OSLO))
    with capture_logs() as said:
        await scheduler.tick()
    await full.close()
    assert said == [
        {
            "event": "tick_item_failed",
            "integration": str(integration),
            "log_level": "warning",
            "reason": "database or disk is full",
        }
    ]
    assert len((await tick_at(engine, "2026-11-22T02:00:20")).runs) == 1


async def test_one_broken_schedule_keeps_no_other_integration_waiting(engine: Engine) -> None:
    broken = await engine.set_up()
    engine.adapter.connect = lambda _: Connection("Another AS")
    healthy = await engine.set_up()
    await engine.receive(2)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(broken)
        assert schedule is not None
        schedule.time_zone = "Nowhere/Gone"
        await unit.schedules.put(schedule)

    await tick_at(engine, "2026-11-22T02:00:10")

    runs = (await engine.history.page(engine.actor, healthy)).runs
    assert [(run.state, run.delivered) for run in runs] == [(RunState.SUCCEEDED, 2)]


async def test_a_schedule_that_cannot_be_computed_is_reported_once_and_stops_nobody(engine: Engine) -> None:
    broken = await engine.set_up()
    engine.adapter.connect = lambda _: Connection("Another AS")
    healthy = await engine.set_up()
    async with engine.database.write(engine.actor.organisation_id) as unit:
        schedule = await unit.schedules.get(broken)
        assert schedule is not None
        schedule.at = "99:99"
        await unit.schedules.put(schedule)
    with capture_logs() as logs:
        await tick_at(engine, "2026-11-22T02:00:10")
        await tick_at(engine, "2026-11-22T02:00:30")
    assert [entry["event"] for entry in logs].count("schedule_broken") == 1
    assert len((await engine.history.page(engine.actor, healthy)).runs) == 1


@pytest.mark.parametrize("seconds", [30, -30, 3600, -3600])
async def test_on_postgresql_a_wrong_machine_fires_by_the_databases_clock(
    postgresql_database: Database, tmp_path: Path, seconds: int
) -> None:
    database, now = postgresql_database, SystemClock().now()
    organisation = await save_organisation(database)
    half_an_hour = timedelta(minutes=30)
    past, coming = (f"{now + shift:%H:%M}" for shift in (-half_an_hour, half_an_hour))
    integrations = [await save_integration(database, organisation.id) for _ in range(2)]
    async with database.write(organisation.id) as unit:
        for integration, at in zip(integrations, (past, coming), strict=True):
            looked = now - timedelta(minutes=45)
            await unit.schedules.put(
                make_schedule(integration.id, at=at, time_zone="UTC", checked_until=looked)
            )
    clock = DatabaseClock(database, FakeClock(now + timedelta(seconds=seconds)))
    queue = LocalRunQueue()
    scheduler = SyncScheduler(
        database, Runs(database, queue, clock), queue, FileLocks(tmp_path), clock, time_source=clock
    )

    await scheduler.tick()

    async with database.system() as system:
        assert [run.integration_id for run in await system.unfinished_runs()] == [integrations[0].id]
