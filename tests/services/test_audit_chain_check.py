"""A changed, removed or inserted line of the audit log is found, and named by its number."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.data.audit_chain import BEGINNING, ChainLine, digest
from integration_admin.data.database import Database
from integration_admin.data.models_access import AuditEvent, AuditHead
from integration_admin.services.audit_chain_check import AuditChainCheck
from tests.builders import save_organisation
from tests.fakes import START

LINES = 5


async def write_lines(database: Database, organisation_id: uuid.UUID, count: int = LINES) -> None:
    for number in range(count):
        async with database.write(organisation_id) as unit:
            await unit.audit.add(START, "Alice", "look", f"thing {number}", old={"n": 0.5}, new={"n": "æ\0"})


async def told(database: Database, organisation_id: uuid.UUID) -> list[str]:
    return [str(fault) for fault in (await AuditChainCheck(database).check(organisation_id)).faults]


async def test_writers_at_once_leave_a_whole_chain(database: Database) -> None:
    organisation = await save_organisation(database)
    await asyncio.gather(*(write_lines(database, organisation.id, 2) for _ in range(5)))
    report = await AuditChainCheck(database).check(organisation.id)
    assert (report.whole, report.lines, report.number) == (True, 10, 10)
    async with database.read(organisation.id) as unit:
        newest = (await unit.audit.latest(1))[0]
        assert (await unit.audit.head()) == (newest.number, newest.hash) == (report.number, report.hash)
    assert newest.detail == {"old": {"n": "0.5"}, "new": {"n": "æ"}}


@pytest.mark.parametrize("typed", ["\\u0000", "C:\\u0000x", "\\\\u0000", '"\\'])
async def test_whatever_a_person_types_is_noted_as_it_was(database: Database, typed: str) -> None:
    organisation = await save_organisation(database)
    async with database.write(organisation.id) as unit:
        await unit.audit.add(START, "Alice", "record.dismiss", "expense_claim 1", reason=typed)
    async with database.read(organisation.id) as unit:
        assert (await unit.audit.latest(1))[0].detail == {"reason": typed}
    assert await told(database, organisation.id) == []


async def test_a_log_without_a_line_is_whole(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    assert await told(sqlite_database, organisation.id) == []


@asynccontextmanager
async def tampering(database: Database) -> AsyncIterator[AsyncSession]:
    """Write past the repositories, as whoever has the database's password can."""
    async with database.system(writes=True) as system:
        yield system._session


async def change_line_3(database: Database) -> None:
    async with tampering(database) as connection:
        await connection.execute(update(AuditEvent).where(AuditEvent.number == 3).values(actor="Mallory"))


async def rewrite_line_3(database: Database) -> None:
    """Change a line and its own hash with it."""
    async with tampering(database) as connection:
        found = (await connection.execute(select(AuditEvent.__table__).where(AuditEvent.number == 3))).one()
        line = ChainLine(
            found.organisation_id, 3, found.at, "Mallory", found.action, found.target, found.detail,
            found.previous_hash,
        )  # fmt: skip
        await connection.execute(
            update(AuditEvent).where(AuditEvent.number == 3).values(actor="Mallory", hash=digest(line))
        )


async def remove_line_3(database: Database) -> None:
    async with tampering(database) as connection:
        await connection.execute(delete(AuditEvent).where(AuditEvent.number == 3))


async def remove_the_first_two(database: Database) -> None:
    async with tampering(database) as connection:
        await connection.execute(delete(AuditEvent).where(AuditEvent.number <= 2))


async def remove_the_last_two(database: Database) -> None:
    async with tampering(database) as connection:
        await connection.execute(delete(AuditEvent).where(AuditEvent.number >= 4))


async def remove_all(database: Database) -> None:
    async with tampering(database) as connection:
        await connection.execute(delete(AuditEvent))


async def insert_a_line_6(database: Database) -> None:
    """Add a line that continues the chain, without the head."""
    async with tampering(database) as connection:
        last = (
            await connection.execute(select(AuditEvent.__table__).where(AuditEvent.number == LINES))
        ).one()
        line = ChainLine(last.organisation_id, 6, START, "Mallory", "look", "", {}, last.hash)
        await connection.execute(insert(AuditEvent).values(**line._asdict(), hash=digest(line)))


async def insert_between_2_and_3(database: Database) -> None:
    """Make room for a line and put it in, as whoever knows the numbers would."""
    async with tampering(database) as connection:
        for number in (5, 4, 3):
            await connection.execute(
                update(AuditEvent).where(AuditEvent.number == number).values(number=number + 1)
            )
        last = (await connection.execute(select(AuditEvent.__table__).where(AuditEvent.number == 2))).one()
        line = ChainLine(last.organisation_id, 3, START, "Mallory", "look", "", {}, last.hash)
        await connection.execute(insert(AuditEvent).values(**line._asdict(), hash=digest(line)))
        await connection.execute(update(AuditHead).values(number=6))


@pytest.mark.parametrize(
    ("tamper", "first"),
    [
        (change_line_3, "Line 3 was changed."),
        (rewrite_line_3, "Line 4 does not continue line 3: one of them was inserted or written anew."),
        (remove_line_3, "Line 3 was removed."),
        (remove_the_first_two, "Lines 1 to 2 were removed."),
        (remove_the_last_two, "The log ends with line 3, and 5 were written: its end was removed."),
        (remove_all, "The log ends with line 0, and 5 were written: its end was removed."),
        (insert_a_line_6, "Lines after line 5 were inserted: nobody wrote so many."),
        (
            insert_between_2_and_3,
            "Line 4 does not continue line 3: one of them was inserted or written anew.",
        ),
    ],
)
async def test_what_was_done_to_the_log_is_named(
    sqlite_database: Database, tamper: Callable[[Database], Awaitable[None]], first: str
) -> None:
    organisation = await save_organisation(sqlite_database)
    await write_lines(sqlite_database, organisation.id)
    await tamper(sqlite_database)
    assert (await told(sqlite_database, organisation.id))[0] == first


async def test_what_is_not_named_any_more_is_counted(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    await write_lines(sqlite_database, organisation.id, 23)
    async with tampering(sqlite_database) as connection:
        await connection.execute(update(AuditEvent).values(actor="Mallory"))
    faults = await told(sqlite_database, organisation.id)
    assert faults[19:] == ["Line 20 was changed.", "Further places where the log is wrong: 3."]


async def test_organisations_have_chains_of_their_own(sqlite_database: Database) -> None:
    ours, theirs = await save_organisation(sqlite_database), await save_organisation(sqlite_database)
    await write_lines(sqlite_database, ours.id, 2)
    await write_lines(sqlite_database, theirs.id, 3)
    await write_lines(sqlite_database, ours.id, 1)
    async with sqlite_database.read(ours.id) as unit:
        lines = await unit.audit.after(0, 10)
    assert [line.number for line, _ in lines] == [1, 2, 3]
    assert lines[0][0].previous_hash == BEGINNING
    await change_line_3(sqlite_database)
    assert [len(await told(sqlite_database, row.id)) for row in (ours, theirs)] == [1, 1]
