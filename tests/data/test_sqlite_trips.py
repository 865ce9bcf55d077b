"""What SQLite is asked costs few trips to its thread, and moving deliveries never reads the whole table."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Update, text
from sqlalchemy.dialects import sqlite

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.deliveries import Settlement
from integration_admin.data.repositories.fates import note_statement, postpone_statement
from integration_admin.data.repositories.moves import begin_statement, settle_statement
from integration_admin.data.sqlite import ConnectionThread, OneTripCursor
from tests.builders import save_integration, save_organisation
from tests.data.taken_up import LATER, RUN, export, intent

Trips = list[str]


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    """Collect the name of each piece of work that is handed to a connection's thread."""
    made: Trips = []
    honest = ConnectionThread._execute

    async def counting(self: ConnectionThread, work: Any, *arguments: Any, **named: Any) -> Any:
        made.append(getattr(work, "__name__", type(work).__name__))
        return await honest(self, work, *arguments, **named)  # type: ignore[no-untyped-call]  # aiosqlite has no types here

    monkeypatch.setattr(ConnectionThread, "_execute", counting)
    return made


async def plan_of(database: Database, statement: Callable[[str], Update], row: list[object]) -> list[str]:
    """Return SQLite's plan for moving one row."""
    compiled = statement("sqlite").compile(dialect=sqlite.dialect())
    values = compiled.construct_params(
        {"rows": json.dumps([row]), "organisation": uuid.uuid4(), "run": RUN, "at": LATER}
    )
    values = {name: str(value) for name, value in values.items()}
    positional = tuple(values[name] for name in compiled.positiontup or ())
    async with database.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", positional)
        return [row[3] for row in found]


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        (begin_statement, [1, "ready", 0, 1, "digest"]),
        (settle_statement, [1, "sending", 1, "delivered", "ext", None, None, 0]),
        (postpone_statement, [1, None, None]),
        (note_statement, [1, "booked", ""]),
    ],
    ids=["begin", "settle", "postpone", "note"],
)
@pytest.mark.parametrize("analysed", [False, True])
async def test_moving_deliveries_starts_from_the_given_rows_and_never_reads_the_table(
    sqlite_database: Database, statement: Callable[[str], Update], row: list[object], *, analysed: bool
) -> None:
    setting = await export(sqlite_database, 300)
    if analysed:
        async with sqlite_database.system(writes=True) as system:
            await system._session.execute(text("ANALYZE"))
    plan = await plan_of(sqlite_database, statement, row)
    assert len(setting.records) == 300
    scanned = [step.split()[1] for step in plan if step.startswith("SCAN")]
    assert scanned in (["each"], ["groups", "said", "each"]), plan
    assert plan.index("SEARCH deliveries USING INTEGER PRIMARY KEY (rowid=?)") >= len(scanned), plan


async def test_a_statement_with_its_rows_is_one_trip_to_the_thread(
    sqlite_database: Database, trips: Trips
) -> None:
    organisation = await save_organisation(sqlite_database)
    integration = await save_integration(sqlite_database, organisation.id)
    async with sqlite_database.read(organisation.id) as unit:
        trips.clear()
        assert [row.id for row in await unit.integrations.everything()] == [integration.id]
        assert trips == ["_run"]


async def test_a_unit_that_only_reads_makes_no_trip_but_its_statements_and_leaves_no_transaction_open(
    sqlite_database: Database, trips: Trips
) -> None:
    organisation = await save_organisation(sqlite_database)
    trips.clear()
    async with sqlite_database.read(organisation.id) as unit:
        await unit.integrations.everything()
        await unit.organisations.get()
    async with sqlite_database.read(organisation.id):
        pass
    assert trips == ["_run", "_run"]
    async with sqlite_database.engine.connect() as connection:
        thread = (await connection.get_raw_connection()).driver_connection
        await thread.carry_out(lambda: None)
        assert not thread.in_transaction


async def test_a_transaction_that_moves_deliveries_is_three_trips(
    sqlite_database: Database, trips: Trips
) -> None:
    setting = await export(sqlite_database, 50)
    rows = await setting.rows()
    trips.clear()
    assert len(await setting.begin(*[intent(row) for row in rows])) == 50
    assert len(trips) == 3, "begin, one statement, commit"
    trips.clear()
    await setting.settle(
        *[Settlement(row.id, DeliveryState.SENDING, 1, DeliveryState.DELIVERED) for row in rows]
    )
    assert len(trips) == 3


async def test_rows_are_handed_out_once_and_the_columns_are_named(sqlite_database: Database) -> None:
    async with sqlite_database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        async with OneTripCursor(raw) as cursor:
            await cursor.execute("SELECT 1 AS one, 'æ' AS letter")
            assert [column[0] for column in cursor.description] == ["one", "letter"]
            assert await cursor.fetchall() == [(1, "æ")]
            assert await cursor.fetchall() == []


async def test_a_statement_that_returns_what_it_changed_counts_it_too(sqlite_database: Database) -> None:
    organisation = await save_organisation(sqlite_database)
    for _ in range(3):
        await save_integration(sqlite_database, organisation.id)
    async with sqlite_database.system(writes=True) as system:
        connection = await system._session.connection()
        raw = (await connection.get_raw_connection()).driver_connection
        async with OneTripCursor(raw) as cursor:
            table = Integration.__tablename__
            await cursor.execute(f"UPDATE {table} SET name = ? RETURNING id", ("Regnskap",))  # noqa: S608, our own table's name
            assert (cursor.rowcount, len(await cursor.fetchall())) == (3, 3)
            await cursor.executemany(f"UPDATE {table} SET name = ? WHERE name = ?", [("A", "Regnskap")] * 2)  # noqa: S608, as above
            assert (cursor.rowcount, await cursor.fetchall()) == (3, [])


async def test_a_statement_that_fails_leaves_the_connection_usable(sqlite_database: Database) -> None:
    async with sqlite_database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        cursor = OneTripCursor(raw)
        with pytest.raises(Exception, match="no such table"):
            await cursor.execute("SELECT * FROM nowhere")
        await cursor.execute("SELECT 1")
        assert await cursor.fetchall() == [(1,)]
