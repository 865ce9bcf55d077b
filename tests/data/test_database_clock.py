"""On PostgreSQL everybody goes by the database's clock, however wrong their own is."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from integration_admin.bootstrap import assemble
from integration_admin.core.clock import SystemClock
from integration_admin.core.settings import PREFIX, load_settings
from integration_admin.data.database import Database
from integration_admin.data.database_clock import DatabaseClock, seconds_awake_or_not
from tests.fakes import FakeClock

NEAR = timedelta(seconds=10)
"""How far two looks at a running clock may lie apart on a busy machine; wrong ones are off by half a minute and more."""


def machine_off_by(seconds: float) -> FakeClock:
    """Return a machine's clock that is wrong by so much against this machine's."""
    return FakeClock(SystemClock().now() + timedelta(seconds=seconds))


async def database_time(database: Database) -> datetime:
    async with database.engine.connect() as connection:
        told = await connection.scalar(sa.text("SELECT clock_timestamp()"))
    assert isinstance(told, datetime)
    return told


@pytest.mark.parametrize("seconds", [30, -30, 3600, -3600, 400 * 86400, 0])
async def test_a_wrong_machine_goes_by_the_database(postgresql_database: Database, seconds: float) -> None:
    machine = machine_off_by(seconds)
    clock = DatabaseClock(postgresql_database, machine)
    assert clock.now() == machine.now()

    await clock.sync()

    assert abs(clock.now() - await database_time(postgresql_database)) < NEAR
    assert clock.now().utcoffset() == timedelta(0)


async def test_machines_that_disagree_by_an_hour_agree_after_a_sync(postgresql_database: Database) -> None:
    slow, fast = (DatabaseClock(postgresql_database, machine_off_by(seconds)) for seconds in (-1800, 1800))
    await asyncio.gather(slow.sync(), fast.sync())
    assert abs(slow.now() - fast.now()) < NEAR


async def test_between_two_syncs_time_passes_by_itself(postgresql_database: Database) -> None:
    passed = [1000.0]
    clock = DatabaseClock(postgresql_database, machine_off_by(0), elapsed=lambda: passed[0])
    await clock.sync()
    before = clock.now()
    passed[0] += 90.5
    assert clock.now() - before == timedelta(seconds=90.5)


async def test_setting_the_machines_clock_changes_nothing(postgresql_database: Database) -> None:
    machine = machine_off_by(0)
    clock = DatabaseClock(postgresql_database, machine)
    await clock.sync()
    machine.advance(timedelta(days=-2))
    machine.advance(timedelta(days=400))
    assert abs(clock.now() - SystemClock().now()) < NEAR


async def test_the_answer_counts_from_the_middle_of_the_round_trip(postgresql_database: Database) -> None:
    looks = iter([100.0, 101.0, 101.0, 101.0])
    clock = DatabaseClock(postgresql_database, machine_off_by(0), elapsed=lambda: next(looks))
    earliest = await database_time(postgresql_database)
    await clock.sync()
    latest = await database_time(postgresql_database)
    # The database's instant is as of 100.5, so at 101.0 it is half a second past.
    half = timedelta(seconds=0.5)
    assert earliest + half <= clock.now() <= latest + half


async def test_an_answer_that_took_too_long_changes_nothing(postgresql_database: Database) -> None:
    machine = machine_off_by(30)
    looks = iter([100.0, 101.5])
    clock = DatabaseClock(postgresql_database, machine, elapsed=lambda: next(looks))
    with capture_logs() as logs:
        await clock.sync()
    assert clock.now() == machine.now()
    assert [entry["event"] for entry in logs] == ["database_clock_slow"]


@pytest.mark.parametrize(
    ("seconds", "told"), [(4, []), (-4, []), (30, [30.0]), (-30, [-30.0]), (3600, [3600.0])]
)
async def test_a_machine_that_is_off_by_more_than_five_seconds_is_told_of_once(
    postgresql_database: Database, seconds: float, told: list[float]
) -> None:
    clock = DatabaseClock(postgresql_database, machine_off_by(seconds))
    with capture_logs() as logs:
        for _ in range(3):
            await clock.sync()
    warned = [entry for entry in logs if entry["event"] == "machine_clock_off"]
    assert [entry["log_level"] for entry in warned] == ["warning"] * len(told)
    assert [entry["seconds_ahead"] for entry in warned] == pytest.approx(told, abs=2)


async def test_it_is_told_when_the_machine_is_right_again(postgresql_database: Database) -> None:
    machine = machine_off_by(30)
    clock = DatabaseClock(postgresql_database, machine)
    with capture_logs() as logs:
        await clock.sync()
        machine.advance(timedelta(seconds=-30))
        await clock.sync()
        machine.advance(timedelta(seconds=60))
        await clock.sync()
    assert [entry["event"] for entry in logs] == [
        "machine_clock_off",
        "machine_clock_right_again",
        "machine_clock_off",
    ]


async def test_without_a_database_the_last_answer_goes_on_counting(postgresql_database: Database) -> None:
    clock = DatabaseClock(postgresql_database, machine_off_by(3600))
    await clock.sync()
    elsewhere = postgresql_database.engine.url.set(host="/nowhere", query={})
    await postgresql_database.close()
    clock._database = Database(elsewhere.render_as_string(hide_password=False))
    with pytest.raises(sa.exc.OperationalError):
        await clock.sync()
    assert abs(clock.now() - SystemClock().now()) < NEAR
    await clock._database.close()


async def test_waiting_and_measuring_are_the_machines(postgresql_database: Database) -> None:
    machine = machine_off_by(0)
    clock = DatabaseClock(postgresql_database, machine)
    await clock.sleep(7)
    assert machine.slept == [7]
    assert clock.monotonic() == machine.monotonic() == 7


def test_what_has_passed_never_runs_backwards() -> None:
    looks = [seconds_awake_or_not() for _ in range(1000)]
    assert looks == sorted(looks)


async def test_only_an_installation_on_postgresql_goes_by_the_databases_clock(
    postgresql_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    kinds = []
    for url in (postgresql_url, sqlite_url):
        given = {PREFIX + "INSTANCE_DIR": str(tmp_path), PREFIX + "DATABASE_URL": url}
        application = assemble(load_settings(given))
        kinds.append(type(application.clock))
        await application.close()
    assert kinds == [DatabaseClock, SystemClock]
