"""What people search and page through is read from the beginning of an index, on both engines, never from a whole table."""

import json
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.repositories.audit import AuditFilter
from integration_admin.data.repositories.search import After
from integration_admin.data.repositories.unit import Unit
from tests.builders import save_organisation
from tests.data.taken_up import Export, export
from tests.fakes import START

Asked = tuple[str, Any]
_TABLES = ("records", "deliveries", "failures", "runs")
_WAYS: dict[str, tuple[Any, After]] = {
    "folded_id": ("ec-", After(1, "ec-2026")),
    "claimant": ("kari", After(1, "kari")),
    "claimant_turned": ("nord", After(1, "nordmann")),
    "id_number": ("1042", After(9)),
    "amount_minor": (41_200, After(9)),
    "reference": ("ref-1", After(9)),
    "external_id": ("120043", After(9)),
    "voucher_number": (1, After(9)),
    "newest": (None, After(9)),
    "status": ("approved", After(9)),
    "state": (DeliveryState.REJECTED, After(9)),
}


@asynccontextmanager
async def listening(database: Database, asked: list[Asked]) -> AsyncIterator[None]:
    """Collect every statement the database is asked, with its values."""

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:  # noqa: FBT001, SQLAlchemy calls it so
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, values))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


async def ask_everything(unit: Unit, setting: Export, run: uuid.UUID, ways: Collection[str]) -> None:
    """Ask what the pages of records, of one record, of the history, of a run and of an integration ask."""
    for by in ways:
        value, after = _WAYS[by]
        await unit.search.along(by, value, None, 26)
        await unit.search.along(by, value, after, 26)
    await unit.records.found_as(["ec-1", "ec-2"])
    await unit.search.places([record.id for record in setting.records])
    await unit.run_records.failed(run, 0, 100)
    await unit.run_records.sent(run, 0, 100)
    await unit.run_records.failures_of(run, [record.id for record in setting.records])
    await unit.run_records.story_of(setting.records[0].id)
    await unit.runs.history(setting.integration_id, (START + timedelta(days=1), run), 26)
    await unit.retention.remove_finished(run, START, 0, 500)
    await unit.health.head(setting.integration_id, "account", "reimbursement")
    await unit.health.runs(setting.integration_id)


async def plan(database: Database, asked: Asked) -> list[str]:
    """Return how a statement is carried out, one step a line."""
    statement, values = asked
    async with database.engine.connect() as connection:
        if database.is_sqlite:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            return [row[3] for row in rows]
        # With so few rows reading all of them is cheapest; what matters is that it can be done without.
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            await connection.execute(text(f"SET LOCAL {setting} = off"))
        found = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
        whole = found.scalar_one()
        return list(_steps((json.loads(whole) if isinstance(whole, str) else whole)[0]["Plan"]))


def _steps(node: dict[str, Any]) -> list[str]:
    here = f"{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Cond', '')}"
    return [here, *(step for part in node.get("Plans", ()) for step in _steps(part))]


def reads_a_whole_table(step: str) -> bool:
    """Tell whether a step looks at every row of a table that grows."""
    whole = step.startswith(tuple(f"SCAN {table}" for table in _TABLES))
    return whole or step.startswith(tuple(f"Seq Scan {table}" for table in _TABLES))


@pytest.mark.parametrize("analysed", [False, True])
async def test_no_question_of_the_pages_reads_a_whole_table(database: Database, *, analysed: bool) -> None:
    setting = await export(database, 60)
    if analysed:
        async with database.system(writes=True) as system:
            await system._session.execute(text("ANALYZE"))
    asked: list[Asked] = []
    async with listening(database, asked), database.read(setting.organisation_id) as unit:
        # Told that there is one organisation only, SQLite rightly takes the newest rows of the table itself.
        ways = set(_WAYS) - ({"newest"} if analysed else set())
        await ask_everything(unit, setting, uuid.uuid4(), ways)
    plans = {question: await plan(database, (question, values)) for question, values in asked}
    assert len(plans) > 20
    whole = {question: steps for question, steps in plans.items() if any(map(reads_a_whole_table, steps))}
    assert whole == {}


async def test_pages_come_out_of_the_index_in_their_order(sqlite_database: Database) -> None:
    setting = await export(sqlite_database, 60)
    asked: list[Asked] = []
    async with listening(sqlite_database, asked), sqlite_database.read(setting.organisation_id) as unit:
        for by, (value, after) in _WAYS.items():
            if by not in {"reference", "voucher_number"}:
                await unit.search.along(by, value, after, 26)
        await unit.run_records.sent(uuid.uuid4(), 0, 100)
        await unit.run_records.failed(uuid.uuid4(), 0, 100)
    plans = {question: await plan(sqlite_database, (question, values)) for question, values in asked}
    sorting = {
        question: steps for question, steps in plans.items() if any("TEMP B-TREE" in step for step in steps)
    }
    assert sorting == {}


async def test_who_did_something_and_the_lines_of_one_action_are_read_from_an_index(
    sqlite_database: Database,
) -> None:
    organisation = await save_organisation(sqlite_database)
    asked: list[Asked] = []
    async with listening(sqlite_database, asked), sqlite_database.read(organisation.id) as unit:
        await unit.audit.actors()
        await unit.audit.page(AuditFilter(actions=["organisation.keep_years"]), None, 51)
    people, lines = [await plan(sqlite_database, one) for one in asked[-2:]]
    assert ["COVERING INDEX" in step and "TEMP" not in step for step in people] == [True]
    assert ["action=?" in step and "TEMP" not in step for step in lines] == [True]


async def test_a_tick_looks_at_what_is_open_and_not_at_what_has_ended(database: Database) -> None:
    await export(database, 60)
    asked: list[Asked] = []
    async with listening(database, asked), database.system() as system:
        await system.unfinished_runs()
        await system.integrations_with_due_deliveries(START)
        await system.integrations_with_due_fates(START)
    runs, deliveries, fates = [await plan(database, one) for one in asked[-3:]]
    assert any("uq_runs_active" in step for step in runs) or not database.is_sqlite
    assert not any(map(reads_a_whole_table, [*deliveries, *fates]))
    looks = [step for step in deliveries if " deliveries " in step]
    assert len(looks) == 2
    assert all("state" in step or "due_at" in step for step in looks)
