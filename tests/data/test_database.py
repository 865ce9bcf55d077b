"""A unit of work keeps its promises: all or nothing, true reads, references that stay inside."""

import asyncio
import traceback
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, delete, event, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from faults.looking import looking
from integration_admin.core.errors import Conflict, DatabaseUnreachable, InvalidInput, NotFound
from integration_admin.data.columns import Base, owned_models
from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import Unit
from tests.builders import (
    make_member,
    make_organisation,
    make_record,
    make_run,
    save_integration,
    save_organisation,
)
from tests.data.worlds import Neighbours, make_schedule, open_database
from tests.fakes import START

CANARY = "canary-4711"
REFERENCES = sorted(
    (constraint.table.name, constraint.column_keys[1], constraint.referred_table.name)
    for table in Base.metadata.sorted_tables
    for constraint in table.foreign_key_constraints
    if len(constraint.column_keys) == 2
)


async def note_and_fail(database: Database, organisation_id: uuid.UUID, error: BaseException) -> None:
    async with database.write(organisation_id) as unit:
        await unit.audit.add(START, "Alice", "first")
        assert await unit.audit.latest(1)
        await unit.organisations.add_member(make_member())
        raise error


async def note(database: Database, organisation_id: uuid.UUID) -> None:
    async with database.write(organisation_id) as unit:
        await unit.audit.add(START, "Alice", "note")


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError(), KeyboardInterrupt()])
async def test_a_unit_that_raises_leaves_nothing_behind(database: Database, error: BaseException) -> None:
    organisation = await save_organisation(database)
    with pytest.raises(type(error)):
        await note_and_fail(database, organisation.id, error)
    async with database.read(organisation.id) as unit:
        assert await unit.audit.latest() == []
        assert await unit.organisations.members() == []


async def test_rows_stay_readable_after_their_unit_has_ended(database: Database) -> None:
    organisation = await save_organisation(database)
    saved = await save_integration(database, organisation.id, name="Accounting")
    async with database.read(organisation.id) as unit:
        read = await unit.integrations.get(saved.id)
    async with database.write(organisation.id) as unit:
        written = await unit.integrations.get(saved.id)
    assert (saved.name, read.name, written.name) == ("Accounting",) * 3


async def test_a_unit_reads_what_it_has_changed_itself(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id, name="Old")
    async with database.write(organisation.id) as unit:
        held = await unit.integrations.get(integration.id)
        await unit.integrations.change(integration.id, 1, START, name="New")
        assert (held.name, (await unit.integrations.get(integration.id)).name) == ("Old", "New")
        assert held.name == "New"


async def test_a_unit_keeps_a_changed_attribute_when_it_reads_the_row_again(database: Database) -> None:
    organisation = await save_organisation(database)
    row = make_record()
    async with database.write(organisation.id) as unit:
        await unit.records.add([row])
        row.status = "paid"
        assert (await unit.records.get(row.kind, row.external_id)).status == "paid"
        assert [found.id for found in await unit.records.page("paid", 0, 10)] == [row.id]


async def test_a_reading_unit_refuses_to_write(database: Database) -> None:
    organisation = await save_organisation(database)
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        async with database.read(organisation.id) as unit:
            await unit.audit.add(START, "Alice", "lost")
    await note(database, organisation.id)


async def test_adding_what_exists_is_a_conflict(database: Database) -> None:
    organisation = await save_organisation(database, name="Likepersonene")
    integration = await save_integration(database, organisation.id)
    with pytest.raises(Conflict):
        await save_organisation(database, name="Likepersonene")
    async with database.write(organisation.id) as unit:
        await unit.schedules.put(make_schedule(integration.id))
    with pytest.raises(Conflict) as caught:
        async with database.write(organisation.id) as unit:
            await unit.schedules.put(make_schedule(integration.id))
    assert "schedules" in caught.value.internal


async def test_referring_to_what_does_not_exist_is_not_found(database: Database) -> None:
    organisation = await save_organisation(database)
    with pytest.raises(NotFound):
        async with database.write(organisation.id) as unit:
            await unit.runs.add(make_run(uuid.uuid4()))


async def test_a_missing_value_is_nobodys_conflict(database: Database) -> None:
    organisation = make_organisation(name=None)
    with pytest.raises(IntegrityError):
        async with database.system(writes=True) as system:
            await system.add_organisation(organisation)


async def add_member_twice(unit: Unit) -> None:
    for _ in range(2):
        await unit.organisations.add_member(make_member(email=CANARY))


async def add_member_without_name(unit: Unit) -> None:
    member = make_member(password_hash=CANARY)
    del member.name
    await unit.organisations.add_member(member)


async def add_member_with_impossible_time(unit: Unit) -> None:
    await unit.organisations.add_member(make_member(email=CANARY, created_at=START.replace(tzinfo=None)))


async def cast_text_to_number(unit: Unit) -> None:
    statement = text("SELECT CASE WHEN :first = :first THEN missing_column END")
    await unit.organisations._session.execute(statement, {"first": CANARY})


@pytest.mark.parametrize(
    "fault",
    [add_member_twice, add_member_without_name, add_member_with_impossible_time, cast_text_to_number],
)
async def test_no_error_prints_what_was_to_be_stored(
    database: Database, fault: Callable[[Unit], Awaitable[None]]
) -> None:
    organisation = await save_organisation(database)
    with pytest.raises(Exception) as caught:  # noqa: PT011, each fault raises another kind
        async with database.write(organisation.id) as unit:
            await fault(unit)
    printed = "".join(traceback.format_exception(caught.value))
    assert "members" in printed or "missing_column" in printed
    assert CANARY not in printed + repr(caught.value) + getattr(caught.value, "internal", "")


@pytest.mark.parametrize(("table", "column", "referred"), REFERENCES)
async def test_the_database_refuses_a_reference_to_another_organisations_row(
    neighbours: Neighbours, table: str, column: str, referred: str
) -> None:
    ours, theirs = neighbours.ours.id, neighbours.theirs.id
    child, parent = Base.metadata.tables[table], Base.metadata.tables[referred]
    async with looking(neighbours.database) as connection:
        await connection.execution_options(writes=True)
        # Their rows of this kind are taken out of the way, lest a unique constraint answers first.
        await connection.execute(delete(child).where(child.c.organisation_id == theirs))
        foreign = await connection.scalar(
            select(parent.c.id).where(parent.c.organisation_id == theirs).limit(1)
        )
        assert foreign is not None
        own = await connection.scalar(select(child.c.id).where(child.c.organisation_id == ours).limit(1))
        move = update(child).where(child.c.id == own).values({column: foreign})
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            await connection.execute(move)


def test_every_reference_between_owned_tables_names_the_organisation_too() -> None:
    constraints = [
        constraint
        for model in owned_models()
        for constraint in Base.metadata.tables[model.__tablename__].foreign_key_constraints  # type: ignore[attr-defined]  # mapped classes
    ]
    assert len(REFERENCES) >= 13
    assert [name(one) for one in constraints if one.column_keys[0] != "organisation_id"] == []


def name(constraint: ForeignKeyConstraint) -> Any:
    return constraint.name


async def test_nothing_is_opened_before_first_use(tmp_path: Any) -> None:
    file = tmp_path / "data.sqlite3"
    database = Database(f"sqlite:///{file}")
    assert database.is_sqlite
    assert database.path == str(file)
    await database.close()
    assert not file.exists()


async def test_a_disk_that_is_full_in_the_middle_of_a_unit_is_told_as_such(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    await sqlite_database.close()

    def limit(connection: Any, _record: Any) -> None:
        connection.cursor().execute(
            "PRAGMA max_page_count=1"
        )  # SQLite takes the size it has for the smallest

    event.listen(sqlite_database.engine.sync_engine, "connect", limit)
    with pytest.raises(DatabaseUnreachable, match="disk is full"):
        async with sqlite_database.write(organisation.id) as unit:
            await unit.records.add_all([make_record(external_id=f"EC-{one}") for one in range(1_000)])
    async with sqlite_database.read(organisation.id) as unit:
        assert await unit.records.page(None, 0, 1) == []


@pytest.mark.parametrize("way", ["read", "write"])
async def test_a_connection_that_breaks_in_the_middle_of_a_unit_is_told_as_such(
    postgresql_database: Database, way: str
) -> None:
    organisation = await save_organisation(postgresql_database)
    opened = postgresql_database.read if way == "read" else postgresql_database.write
    with pytest.raises(DatabaseUnreachable) as told:
        async with opened(organisation.id) as unit:
            await unit.organisations._session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert "terminating connection" in told.value.internal
    async with opened(organisation.id) as unit:
        assert (await unit.organisations.get()).id == organisation.id


async def test_a_closed_database_opens_again(database: Database) -> None:
    organisation = await save_organisation(database)
    await database.close()
    async with database.read(organisation.id) as unit:
        assert (await unit.organisations.get()).id == organisation.id


async def test_postgresql_has_no_path(postgresql_url: str) -> None:
    async with open_database(postgresql_url) as database:
        assert (database.is_sqlite, database.path) == (False, "")


async def test_a_text_no_database_takes_is_refused_in_words_and_not_repeated(database: Database) -> None:
    for typed in ("\ud800 half a pair", *(() if database.is_sqlite else ("zero \0 byte",))):
        with pytest.raises(InvalidInput) as refused:
            async with database.system() as system:
                await system.member_by_email(typed)
        assert (refused.value.internal, refused.value.__cause__) == ("unstorable text", None)


async def test_nor_is_it_taken_inside_of_settings(postgresql_database: Database) -> None:
    alice = make_member()
    await save_organisation(postgresql_database, alice)
    with pytest.raises(InvalidInput):
        await save_integration(
            postgresql_database, alice.organisation_id, settings={"company": "zero \0 byte"}
        )
