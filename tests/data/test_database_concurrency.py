"""Many units at once: SQLite's settings, who waits for whom, and what a cancelled unit leaves behind."""

import asyncio
import random
import sqlite3
import uuid

import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import QueuePool

from integration_admin.core.errors import Conflict, DatabaseBusy
from integration_admin.data.database import Database
from tests.builders import save_integration, save_organisation
from tests.data.worlds import open_database
from tests.fakes import START

WRITERS = 20
SECONDS = 20
"""How long what waits for nobody may take on a busy machine; whoever does wait gives up earlier or never ends."""


async def pragmas(database: Database) -> tuple[object, ...]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    async with database.engine.connect() as connection:
        return tuple([await connection.scalar(text(f"PRAGMA {name}")) for name in names])


async def write(database: Database, organisation_id: uuid.UUID, integration_id: uuid.UUID) -> None:
    """Change two tables in one unit."""
    async with database.write(organisation_id) as unit:
        await unit.integrations.take_voucher_numbers(integration_id, 1)
        await unit.audit.add(START, "Alice", "write")


async def committed(
    database: Database, organisation_id: uuid.UUID, integration_id: uuid.UUID
) -> tuple[int, int]:
    """Return how many units left their mark in each of the two tables."""
    async with database.read(organisation_id) as unit:
        integration = await unit.integrations.get(integration_id)
        events = await unit.audit.latest(10_000)
    return integration.next_voucher_number - 1, len(events)


async def test_every_sqlite_connection_is_durable_and_checks_references(sqlite_database: Database) -> None:
    meet = asyncio.Barrier(3)

    async def one() -> tuple[object, ...]:
        async with sqlite_database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
            await meet.wait()
        return await pragmas(sqlite_database)

    synchronous_full = 2
    assert list(await asyncio.gather(one(), one(), one())) == [("wal", synchronous_full, 1, 10_000)] * 3


async def test_a_writing_unit_takes_the_write_lock_at_once(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    other = sqlite3.connect(sqlite_database.path, timeout=0, isolation_level=None)
    async with sqlite_database.write(organisation.id):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_a_writer_that_waits_too_long_for_another_process_is_told_that_the_database_is_busy(
    sqlite_database: Database,
) -> None:
    organisation = await save_organisation(sqlite_database)
    impatient = "PRAGMA busy_timeout=50"
    event.listen(
        sqlite_database.engine.sync_engine, "checkout", lambda raw, *_: raw.cursor().execute(impatient)
    )
    other = sqlite3.connect(sqlite_database.path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        async with sqlite_database.write(organisation.id) as unit:
            await unit.audit.add(START, "Alice", "never written")
    other.execute("ROLLBACK")
    other.close()
    async with sqlite_database.write(organisation.id) as unit:
        assert await unit.audit.latest() == []


async def test_of_two_writers_that_wait_for_each_other_one_is_told_that_the_database_is_busy(
    postgresql_database: Database,
) -> None:
    organisation = await save_organisation(postgresql_database)
    one, other = [await save_integration(postgresql_database, organisation.id) for _ in range(2)]
    meet = asyncio.Barrier(2)

    async def take_both(first: uuid.UUID, second: uuid.UUID) -> None:
        async with postgresql_database.write(organisation.id) as unit:
            await unit.integrations.take_voucher_numbers(first, 1)
            await meet.wait()
            await unit.integrations.take_voucher_numbers(second, 1)

    outcomes = await asyncio.gather(
        take_both(one.id, other.id), take_both(other.id, one.id), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {type(None), DatabaseBusy}
    assert await committed(postgresql_database, organisation.id, one.id) == (1, 0)


async def test_a_reading_unit_takes_no_write_lock(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    other = sqlite3.connect(sqlite_database.path, timeout=0, isolation_level=None)
    async with sqlite_database.read(organisation.id) as unit:
        await unit.organisations.get()
        other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    organisation = await save_organisation(database)
    async with database.write(organisation.id) as writer:
        await writer.audit.add(START, "Alice", "not committed yet")
        assert await writer.audit.latest(1)
        async with asyncio.timeout(SECONDS), database.read(organisation.id) as reader:
            assert await reader.audit.latest() == []


async def test_many_writers_at_once_all_succeed(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    await asyncio.gather(*(write(database, organisation.id, integration.id) for _ in range(WRITERS)))
    assert await committed(database, organisation.id, integration.id) == (WRITERS, WRITERS)


async def test_writers_of_several_programs_on_one_file_all_succeed(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    integration = await save_integration(sqlite_database, organisation.id)
    address = f"sqlite:///{sqlite_database.path}"
    async with open_database(address) as second, open_database(address) as third:
        programs = (sqlite_database, second, third)
        await asyncio.gather(
            *(write(program, organisation.id, integration.id) for program in programs for _ in range(7))
        )
    assert await committed(sqlite_database, organisation.id, integration.id) == (21, 21)


async def test_waiting_writers_leave_the_connections_to_readers(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    integration = await save_integration(sqlite_database, organisation.id)
    async with sqlite_database.write(organisation.id):
        waiting = [
            asyncio.create_task(write(sqlite_database, organisation.id, integration.id)) for _ in range(40)
        ]
        # The first readers may come before the writers; in the end all connections would be theirs.
        async with asyncio.timeout(SECONDS):
            for _ in range(20):
                async with sqlite_database.read(organisation.id) as unit:
                    assert await unit.audit.latest() == []
    await asyncio.gather(*waiting)
    assert await committed(sqlite_database, organisation.id, integration.id) == (40, 40)


async def test_of_two_who_change_an_integration_at_once_one_is_told(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)

    async def change(name: str) -> str:
        async with database.write(organisation.id) as unit:
            await unit.integrations.change(integration.id, 1, START, name=name)
        return name

    answers = await asyncio.gather(change("First"), change("Second"), return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, str)]
    assert len(winners) == 1
    assert [type(answer) for answer in answers if not isinstance(answer, str)] == [Conflict]
    async with database.read(organisation.id) as unit:
        stored = await unit.integrations.get(integration.id)
    assert (stored.name, stored.version) == (winners[0], 2)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancelled_unit_leaves_neither_rows_nor_locks(database: Database, times: int) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    chance = random.Random(times)  # noqa: S311, moments to cancel at, no secret
    cancelled: list[BaseException | None] = []
    for _ in range(15):
        tasks = [asyncio.create_task(write(database, organisation.id, integration.id)) for _ in range(4)]
        for _ in range(times):
            await asyncio.wait(tasks, timeout=chance.random() * 0.01)
            for task in tasks:
                task.cancel()
        # The errors are kept on purpose: their tracebacks refer to the statements that were cancelled.
        cancelled += await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(SECONDS):
            await write(database, organisation.id, integration.id)
    assert any(isinstance(error, asyncio.CancelledError) for error in cancelled)
    assert {type(error) for error in cancelled} <= {asyncio.CancelledError, type(None)}
    vouchers, events = await committed(database, organisation.id, integration.id)
    assert vouchers == events
    # Closing what was open may outlast the cancelled tasks, but not for long.
    if closing := asyncio.all_tasks() - {asyncio.current_task()}:
        assert (await asyncio.wait(closing, timeout=SECONDS))[1] == set()
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


async def test_a_unit_cancelled_in_the_middle_is_undone(database: Database) -> None:
    organisation = await save_organisation(database)
    inside = asyncio.Event()

    async def hang() -> None:
        async with database.write(organisation.id) as unit:
            await unit.audit.add(START, "Alice", "undone")
            assert await unit.audit.latest(1)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.read(organisation.id) as unit:
        assert await unit.audit.latest() == []
    async with asyncio.timeout(SECONDS), database.write(organisation.id) as unit:
        await unit.audit.add(START, "Alice", "free again")
