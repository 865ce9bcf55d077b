"""Fates are read by what is due, put off by one reader only, and written without moving a delivery."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.fates import Postponed, Seen
from tests.builders import save_integration, save_organisation
from tests.data.taken_up import LATER, Export, export, intent, outcome
from tests.data.worlds import open_database
from tests.fakes import START

FOLLOW = LATER + timedelta(minutes=2)


async def followed(database: Database, count: int) -> Export:
    """Deliver records that are followed up from `FOLLOW` on."""
    setting = await export(database, count)
    await setting.begin(*(intent(row) for row in await setting.rows()))
    await setting.settle(*(outcome(row, follow_at=FOLLOW) for row in await setting.rows()))
    return setting


async def due(setting: Export, limit: int = 10) -> list[int]:
    async with setting.database.read(setting.organisation_id) as unit:
        return [row.id for row in await unit.fates.due(setting.integration_id, FOLLOW, limit)]


async def test_what_is_delivered_to_be_followed_is_staged_and_due(database: Database) -> None:
    setting = await followed(database, 2)
    one, other = await setting.rows()
    assert (one.state, one.fate, one.fate_at, one.fate_due_at) == (
        DeliveryState.DELIVERED,
        FateState.STAGED,
        LATER,
        FOLLOW,
    )
    async with database.read(setting.organisation_id) as unit:
        assert await unit.fates.due(setting.integration_id, FOLLOW - timedelta(seconds=1), 10) == []
        found = await unit.fates.due(setting.integration_id, FOLLOW, 10)
    assert [(row.id, row.record_id, row.reference, row.fate) for row in found] == [
        (row.id, row.record_id, row.reference, FateState.STAGED) for row in (one, other)
    ]
    assert (found[0].due_at, found[0].sent_at, found[0].run_id) == (FOLLOW, LATER, one.run_id)


async def test_the_longest_due_comes_first_and_what_is_put_off_not_at_all(database: Database) -> None:
    setting = await followed(database, 3)
    first, second, third = [row.id for row in await setting.rows()]
    assert await due(setting, 2) == [first, second]
    earlier, never = FOLLOW - timedelta(minutes=1), None
    async with database.write(setting.organisation_id) as unit:
        put_off = [Postponed(third, FOLLOW, earlier), Postponed(first, FOLLOW, never)]
        assert await unit.fates.postpone(put_off) == {first, third}
    assert await due(setting) == [third, second]


async def test_only_one_reader_puts_a_delivery_off(database: Database) -> None:
    setting = await followed(database, 1)
    [key] = await due(setting)
    mine = [Postponed(key, FOLLOW, FOLLOW + timedelta(hours=1))]
    async with database.write(setting.organisation_id) as unit:
        assert await unit.fates.postpone(mine) == {key}
        assert await unit.fates.postpone(mine) == frozenset()
        assert await unit.fates.postpone([]) == frozenset()


async def test_what_is_booked_is_done_and_named_anew_and_what_is_refused_is_asked_for_again(
    database: Database,
) -> None:
    setting = await followed(database, 2)
    one, other = await due(setting)
    async with database.write(setting.organisation_id) as unit:
        seen = [Seen(one, FateState.BOOKED, "J-1"), Seen(other, FateState.REJECTED)]
        assert await unit.fates.note(seen, START) == {one, other}
    booked, refused = await setting.rows()
    assert (booked.fate, booked.fate_due_at, booked.external_id) == (FateState.BOOKED, None, "J-1")
    assert (refused.fate, refused.fate_due_at, refused.external_id) == (FateState.REJECTED, FOLLOW, "")
    assert {row.fate_at for row in (booked, refused)} == {START}
    assert {row.state for row in (booked, refused)} == {DeliveryState.DELIVERED}


async def test_only_what_is_delivered_has_a_fate(database: Database) -> None:
    setting = await export(database, 1)
    [row] = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        assert await unit.fates.note([Seen(row.id, FateState.BOOKED)], START) == frozenset()
        assert await unit.fates.of_records(setting.integration_id, [row.record_id]) == {}
        assert await unit.fates.of_records(setting.integration_id, []) == {}


async def test_fates_are_counted_and_told_by_record(database: Database) -> None:
    setting = await followed(database, 3)
    rows = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        await unit.fates.note([Seen(rows[0].id, FateState.BOOKED)], START)
        counts = await unit.backlog.by_fate(setting.integration_id, tuple(FateState))
        told = await unit.fates.of_records(setting.integration_id, [row.record_id for row in rows[:2]])
    assert counts == {FateState.BOOKED: 1, FateState.STAGED: 2}
    assert told == {rows[0].record_id: FateState.BOOKED, rows[1].record_id: FateState.STAGED}


async def test_what_a_person_has_put_right_counts_as_booked_once(database: Database) -> None:
    setting = await followed(database, 1)
    [row] = await setting.rows()
    async with database.write(setting.organisation_id) as unit:
        assert await unit.fates.put_right(setting.integration_id, row.record_id, START) is None
        await unit.fates.note([Seen(row.id, FateState.REJECTED)], START)
        assert await unit.fates.put_right(setting.integration_id, row.record_id, START) == row.reference
        assert await unit.fates.put_right(setting.integration_id, row.record_id, START) is None
    [row] = await setting.rows()
    assert (row.fate, row.fate_due_at) == (FateState.BOOKED, None)


async def test_requests_are_added_up_by_the_month(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    counts = []
    for month, count in (("2026-11", 2), ("2026-11", 3), ("2026-12", 4), ("2026-11", 5), ("2027-01", 1)):
        async with database.write(organisation.id) as unit:
            await unit.integrations.count_requests(integration.id, month, count)
            row: Integration = await unit.integrations.get(integration.id)
            counts.append((row.requests_month, row.requests_sent))
    assert counts == [("2026-11", 2), ("2026-11", 5), ("2026-12", 4), ("2026-12", 9), ("2027-01", 1)]


@pytest.mark.parametrize(
    ("entity", "entity_id", "shared"),
    [
        ("Old name", "", True),
        ("New name", "7", True),
        ("Old name", "8", False),
        ("New name", "", False),
    ],
)
async def test_an_entity_is_the_same_by_its_id_or_else_by_its_name(
    database: Database, entity: str, entity_id: str, *, shared: bool
) -> None:
    organisation = await save_organisation(database)
    await save_integration(database, organisation.id, tested_entity="Old name", tested_entity_id="7")
    mine = await save_integration(database, organisation.id)
    async with database.read(organisation.id) as unit:
        other = await unit.integrations.sharing_ledger(mine, entity, entity_id)
    assert (other is not None) is shared


async def test_one_that_never_told_its_id_is_known_by_its_name(database: Database) -> None:
    organisation = await save_organisation(database)
    await save_integration(database, organisation.id, tested_entity="Old name")
    mine = await save_integration(database, organisation.id)
    async with database.read(organisation.id) as unit:
        assert await unit.integrations.sharing_ledger(mine, "Old name", "7") is not None


async def test_what_is_due_and_what_is_counted_is_found_in_indexes(new_sqlite_url: Callable[[], str]) -> None:
    # PostgreSQL plans by statistics, which an almost empty table does not have.
    plans = []
    async with open_database(new_sqlite_url()) as database, database.engine.connect() as connection:
        for question in (
            "SELECT id FROM deliveries WHERE integration_id = 'x' AND fate_due_at <= '2026' ORDER BY fate_due_at, id",
            "SELECT id FROM deliveries WHERE integration_id = 'x' AND fate IN ('staged')",
        ):
            explained = await connection.execute(text(f"EXPLAIN QUERY PLAN {question}"))
            plans += [row[-1] for row in explained]
    assert "ix_deliveries_fate_due" in plans[0]
    assert "COVERING INDEX ix_deliveries_fate " in plans[1]
