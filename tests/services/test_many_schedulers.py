"""Many schedulers on one PostgreSQL, all ticking at the minute when a thousand schedules are due."""

import asyncio
import subprocess
import sys
import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert

from faults.looking import looking
from integration_admin.core.statuses import RunState, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import Integration, Run, Schedule, ScheduleSlot
from tests.builders import make_integration, save_organisation
from tests.data.worlds import everything_of, make_schedule
from tests.fakes import START, FakeClock
from tests.services.scheduler_process import NotingQueue, make_scheduler

ROOT = Path(__file__).resolve().parents[2]
SCHEDULERS = 10
SCHEDULES = 1000
PROCESSES = 3
TWO = START.replace(day=22, hour=1, minute=0)
"""Two in the night in Oslo, after START."""


async def save_schedules(database: Database, count: int, **changes: Any) -> uuid.UUID:
    """Store active integrations, each with a daily schedule at 02:00, and return their organisation."""
    organisation = await save_organisation(database)
    integrations = [make_integration(organisation_id=organisation.id) for _ in range(count)]
    schedules = [
        make_schedule(integration.id, organisation_id=organisation.id, **({"at": "02:00"} | changes))
        for integration in integrations
    ]
    async with looking(database) as connection:
        await connection.execute(insert(Integration), [row_of(one) for one in integrations])
        await connection.execute(insert(Schedule), [row_of(one) for one in schedules])
        await connection.commit()
    return organisation.id


def row_of(thing: Any) -> dict[str, Any]:
    """Return what a mapped object would be stored as."""
    columns = thing.__table__.columns.keys()
    return {name: getattr(thing, name) for name in columns if getattr(thing, name) is not None}


async def check_exactly_once(database: Database, organisation: uuid.UUID, count: int) -> None:
    """Expect one run and one slot for every schedule, tied together."""
    stored = await everything_of(database, organisation)
    runs: list[Run] = stored["runs"]
    slots: list[ScheduleSlot] = stored["schedule_slots"]
    assert len(runs) == len(slots) == count
    assert len({run.integration_id for run in runs}) == count
    assert {run.id for run in runs} == {slot.run_id for slot in slots}
    assert {(run.trigger, run.state) for run in runs} == {(Trigger.SCHEDULE, RunState.QUEUED)}
    assert {slot.local_time for slot in slots} == {"2026-11-22T02:00"}


async def test_ten_schedulers_start_a_thousand_exports_of_one_minute_exactly_once(
    postgresql_database: Database, postgresql_url: str, tmp_path: Path
) -> None:
    organisation = await save_schedules(postgresql_database, SCHEDULES)
    databases = [Database(postgresql_url) for _ in range(SCHEDULERS)]
    queues = [NotingQueue() for _ in range(SCHEDULERS)]
    clock = FakeClock(TWO + timedelta(seconds=5))
    schedulers = [
        make_scheduler(database, clock, queue, tmp_path)
        for database, queue in zip(databases, queues, strict=True)
    ]
    await asyncio.gather(*(scheduler.tick() for scheduler in schedulers))
    for database in databases:
        await database.close()

    await check_exactly_once(postgresql_database, organisation, SCHEDULES)
    queued = Counter(run.run_id for queue in queues for run in queue.queued)
    assert set(queued.values()) == {1}
    assert sum(1 for queue in queues if queue.queued) > SCHEDULERS // 2, "The work was not shared."


async def test_real_processes_share_a_minute_without_a_double(
    postgresql_database: Database, postgresql_url: str
) -> None:
    organisation = await save_schedules(postgresql_database, 200)
    command = [sys.executable, "-m", "tests.services.scheduler_process", postgresql_url]
    processes = [
        subprocess.Popen(  # noqa: ASYNC220, the processes are what is waited for, nothing else runs here
            [*command, (TWO + timedelta(seconds=5)).isoformat()],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    queued = [line for process in processes for line in process.communicate(timeout=300)[0].split()]

    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert len(queued) == len(set(queued)) == 200
    await check_exactly_once(postgresql_database, organisation, 200)


async def test_a_later_tick_of_any_of_them_starts_nothing_more(
    postgresql_database: Database, tmp_path: Path
) -> None:
    organisation = await save_schedules(postgresql_database, 20)
    clock = FakeClock(TWO + timedelta(seconds=5))
    for _ in range(3):
        await make_scheduler(postgresql_database, clock, NotingQueue(), tmp_path).tick()
        clock.advance(20)
    await check_exactly_once(postgresql_database, organisation, 20)


async def test_a_tick_asks_no_more_of_the_database_for_a_thousand_schedules_than_for_ten(
    postgresql_database: Database, tmp_path: Path
) -> None:
    queue = NotingQueue()
    scheduler = make_scheduler(postgresql_database, FakeClock(TWO - timedelta(seconds=20)), queue, tmp_path)
    statements: list[str] = []
    event.listen(
        postgresql_database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    counts = []
    for more in (10, 990):
        await save_schedules(postgresql_database, more)
        statements.clear()
        await scheduler.tick()
        counts.append(len(statements))
    assert queue.queued == []
    assert counts[0] == counts[1]


async def test_whoever_holds_an_integration_delays_only_its_own_schedule(
    postgresql_database: Database, tmp_path: Path
) -> None:
    organisation = await save_schedules(postgresql_database, 5)
    async with postgresql_database.read(organisation) as unit:
        held = (await unit.integrations.everything())[0]
    clock, queue = FakeClock(TWO + timedelta(seconds=5)), NotingQueue()
    scheduler = make_scheduler(postgresql_database, clock, queue, tmp_path)
    async with postgresql_database.write(organisation) as unit:
        await unit.runs.take_turns(held.id)
        async with asyncio.timeout(10):
            await scheduler.tick()
        assert len(queue.queued) == 4
    clock.advance(20)
    await scheduler.tick()
    await check_exactly_once(postgresql_database, organisation, 5)
