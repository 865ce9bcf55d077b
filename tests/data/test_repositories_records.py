"""Records are known by kind and id, and come in pages by row id."""

import asyncio
import uuid

import pytest

from integration_admin.core.errors import Conflict, NotFound
from integration_admin.data.database import Database
from integration_admin.data.models import Category
from integration_admin.data.repositories.deliveries import NewDelivery
from tests.builders import (
    make_activity,
    make_claim,
    make_record,
    make_reimbursement,
    save_integration,
    save_organisation,
    save_records,
)
from tests.data.worlds import everything_of
from tests.fakes import START

CLAIM = "expense_claim"


async def test_a_record_is_found_by_its_kind_and_id(database: Database) -> None:
    organisation = await save_organisation(database)
    payload = make_claim(id="EC-1")
    await save_records(database, organisation.id, payload, make_activity(id="EC-1"))
    async with database.read(organisation.id) as unit:
        row = await unit.records.get(CLAIM, "EC-1")
    assert (row.payload, row.amount_minor, row.currency, row.status) == (payload, 41_200, "NOK", "approved")
    with pytest.raises(NotFound):
        async with database.read(organisation.id) as unit:
            await unit.records.get("reimbursement", "EC-1")


async def test_known_records_are_told_from_new_ones(database: Database) -> None:
    organisation = await save_organisation(database)
    await save_records(database, organisation.id, make_claim(id="EC-1"), make_reimbursement(id="RB-1"))
    keys = [(CLAIM, "EC-1"), (CLAIM, "RB-1"), ("reimbursement", "RB-1"), (CLAIM, "EC-2")]
    async with database.read(organisation.id) as unit:
        assert (await unit.records.known(keys)).keys() == {(CLAIM, "EC-1"), ("reimbursement", "RB-1")}
        assert await unit.records.known([]) == {}


async def test_a_thousand_keys_can_be_asked_for_at_once(database: Database) -> None:
    organisation = await save_organisation(database)
    await save_records(database, organisation.id, make_claim(id="EC-1"))
    keys = [(CLAIM, f"EC-{number}") for number in range(1_000)]
    async with database.read(organisation.id) as unit:
        assert len(await unit.records.known(keys)) == 1
        assert await unit.records.by_ids(range(10**6, 10**6 + 1_000)) == {}


async def test_the_same_record_stored_twice_at_once_is_a_conflict(database: Database) -> None:
    organisation = await save_organisation(database)
    answers = await asyncio.gather(
        *(save_records(database, organisation.id, make_claim(id="EC-1")) for _ in range(2)),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "list"]
    assert Conflict in {type(answer) for answer in answers}


async def test_records_come_in_pages_without_gap_or_repeat(database: Database) -> None:
    organisation = await save_organisation(database)
    rows = await save_records(database, organisation.id, *(make_claim() for _ in range(7)))
    drafts = await save_records(
        database, organisation.id, *(make_claim(status="draft", approved_on=None) for _ in range(2))
    )
    async with database.read(organisation.id) as unit:
        pages, after = [], 0
        while page := await unit.records.page("approved", after, 3):
            pages.append([row.id for row in page])
            after = page[-1].id
        everything = await unit.records.page(None, 0, 100)
    ids = [row.id for row in rows]
    assert pages == [ids[:3], ids[3:6], ids[6:]]
    assert [row.id for row in everything] == ids + [row.id for row in drafts]


async def test_what_an_integration_has_not_taken_up_comes_in_pages(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    other = await save_integration(database, organisation.id)
    rows = await save_records(database, organisation.id, *(make_claim() for _ in range(4)))
    await save_records(
        database, organisation.id, make_claim(status="submitted", approved_on=None), make_activity()
    )
    async with database.write(organisation.id) as unit:
        await unit.deliveries.add(integration.id, [NewDelivery(rows[1].id, "ref", 1, 1)], START)
        await unit.deliveries.add(other.id, [NewDelivery(rows[0].id, "ref", 1, 1)], START)
    ask = (integration.id, [CLAIM], ["approved", "paid"])
    async with database.read(organisation.id) as unit:
        first = await unit.records.without_delivery(*ask, 0, 2)
        second = await unit.records.without_delivery(*ask, first[-1][0], 2)
    assert first == [(row.id, CLAIM, row.external_id, 1) for row in (rows[0], rows[2])]
    assert second == [(rows[3].id, CLAIM, rows[3].external_id, 1)]


async def test_a_changed_record_is_written_back_by_its_unit(database: Database) -> None:
    organisation = await save_organisation(database)
    (row,) = await save_records(database, organisation.id, make_claim(id="EC-1"))
    async with database.write(organisation.id) as unit:
        known = await unit.records.known([(CLAIM, "EC-1")])
        known[CLAIM, "EC-1"].revision = 2
    async with database.read(organisation.id) as unit:
        assert (await unit.records.by_ids([row.id]))[row.id].revision == 2


async def test_categories_are_noted_once_however_many_imports_meet_them_at_once(database: Database) -> None:
    organisation = await save_organisation(database)
    pairs = [(CLAIM, "travel"), (CLAIM, "food"), ("activity", "peer_support")]

    async def note() -> None:
        async with database.write(organisation.id) as unit:
            await unit.records.note_categories(pairs, START)

    await asyncio.gather(*(note() for _ in range(10)))
    async with database.read(organisation.id) as unit:
        assert await unit.records.categories(CLAIM) == ["food", "travel"]
    stored = await everything_of(database, organisation.id)
    assert len(stored[Category.__tablename__]) == 3


async def test_noting_no_category_adds_none(database: Database) -> None:
    organisation = await save_organisation(database)
    async with database.write(organisation.id) as unit:
        await unit.records.note_categories([], START)
        assert await unit.records.categories(CLAIM) == []
        assert await unit.records.without_delivery(uuid.uuid4(), [], [], 0, 10) == []


async def test_many_records_are_stored_at_once(database: Database) -> None:
    organisation = await save_organisation(database)
    rows = [make_record() for _ in range(250)]
    async with database.write(organisation.id) as unit:
        await unit.records.add_all([])
        await unit.records.add_all(rows)
    async with database.read(organisation.id) as unit:
        stored = await unit.records.page(None, 0, 1_000)
    assert [(row.external_id, row.payload, row.content_hash) for row in stored] == [
        (row.external_id, row.payload, row.content_hash) for row in rows
    ]


async def test_one_known_record_among_many_keeps_all_of_them_out(database: Database) -> None:
    organisation = await save_organisation(database)
    known, *_ = await save_records(database, organisation.id, make_claim(id="EC-1"))
    with pytest.raises(Conflict):
        async with database.write(organisation.id) as unit:
            await unit.records.add_all([make_record(), make_record(make_claim(id="EC-1"))])
    async with database.read(organisation.id) as unit:
        assert [row.id for row in await unit.records.page(None, 0, 10)] == [known.id]
