"""Finding a claim by whatever somebody has at hand, and listing records by where they are."""

from decimal import Decimal
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.statuses import DeliveryState, Role
from integration_admin.data.database import Database
from integration_admin.services.record_search import FoundPage, RecordQuery, RecordSearch
from integration_admin.services.record_ways import read_amount
from tests.builders import make_activity, make_claim, make_line, make_reimbursement, save_records
from tests.data.taken_up import Export, export, intent, outcome, take_up

CLAIMS: tuple[dict[str, Any], ...] = (
    make_claim(id="EC-2026-1042", lines=[make_line(amount="1234.50")]),
    make_claim(id="EC-2026-1043", claimant={"id": "V-2", "name": "Øyvind Å. Bø"}),
    make_claim(id="ec-2026-2042", status="submitted", approved_on=None, claimant={"id": "V-3", "name": "Bø"}),
    make_claim(id="EC-2026-0007", currency="JPY", lines=[make_line(amount="412")]),
    make_reimbursement(id="RB-7", amount="1234.50"),
    make_activity(id="AC-42"),
)


class Office:
    """An organisation with a few records, of which the first was delivered and the second rejected."""

    def __init__(self, setting: Export, database: Database) -> None:
        self.setting = setting
        self.search = RecordSearch(database)
        self.actor = self.somebody(Role.COORDINATOR)

    def somebody(self, role: Role) -> Actor:
        return Actor(self.setting.organisation_id, "Somebody", role)

    async def found(self, text: str = "", role: Role = Role.COORDINATOR, **query: Any) -> list[str]:
        page = await self.search.find(self.somebody(role), RecordQuery(text, **query))
        return [record.id for record in page.records]


@pytest.fixture
async def office(sqlite_database: Database) -> Office:
    setting = await export(sqlite_database, 0)
    organisation, integration = setting.organisation_id, setting.integration_id
    records = await save_records(sqlite_database, organisation, *CLAIMS)
    async with sqlite_database.write(organisation) as unit:
        await take_up(unit, integration, records[:2])
    setting.records = records
    first, second = await setting.rows()
    await setting.begin(intent(first), intent(second))
    first, second = await setting.rows()
    await setting.settle(outcome(first, external_id="VB-120043"), outcome(second, DeliveryState.REJECTED))
    return Office(setting, sqlite_database)


FOUND_BY: dict[str, list[str]] = {
    "EC-2026-10": ["EC-2026-1042", "EC-2026-1043"],
    "ec-2026-2042": ["ec-2026-2042"],
    "EC-2026-2042": ["ec-2026-2042"],
    "1042": ["EC-2026-1042"],
    "0007": ["RB-7", "EC-2026-0007"],
    "øyvind": ["EC-2026-1043"],
    "  BØ ": ["ec-2026-2042", "EC-2026-1043"],
    "bø øyvind å": ["EC-2026-1043"],
    "1 234,50": ["RB-7", "EC-2026-1042"],
    "NOK 1234.50": ["RB-7", "EC-2026-1042"],
    "412": ["EC-2026-0007", "EC-2026-1043", "ec-2026-2042"],
    "vb-120043": ["EC-2026-1042"],
    "VB-120043": ["EC-2026-1042"],
    "vb-1200": [],
    "2026": [],
    "%": [],
    "'; DROP TABLE records": [],
}


async def test_a_record_is_found_by_what_is_at_hand(office: Office) -> None:
    for typed, expected in FOUND_BY.items():
        found = await office.found(typed)
        assert sorted(found) == sorted(expected), typed
        assert len(set(found)) == len(found), "each once"


async def test_our_own_reference_and_voucher_number_find_the_record(office: Office) -> None:
    first, second = await office.setting.rows()
    assert await office.found(first.reference) == ["EC-2026-1042"]
    assert await office.found(str(second.voucher_number)) == ["EC-2026-1043"]


async def test_who_only_looks_finds_and_sees_no_people(office: Office) -> None:
    assert await office.found("øyvind", Role.VIEWER) == []
    page = await office.search.find(office.somebody(Role.VIEWER), RecordQuery("EC-2026-1043"))
    assert [(record.id, record.claimant) for record in page.records] == [("EC-2026-1043", "")]
    shown = await office.search.find(office.actor, RecordQuery("EC-2026-1043"))
    assert shown.records[0].claimant == "Øyvind Å. Bø"


async def test_records_are_listed_by_where_they_are_the_newest_first(office: Office) -> None:
    assert await office.found() == [claim["id"] for claim in reversed(CLAIMS)]
    assert await office.found(status="submitted") == ["ec-2026-2042"]
    assert await office.found(status="approved") == ["EC-2026-0007", "EC-2026-1043", "EC-2026-1042"]
    assert await office.found(state=DeliveryState.REJECTED) == ["EC-2026-1043"]
    assert await office.found("EC-2026", state=DeliveryState.DELIVERED) == ["EC-2026-1042"]
    assert await office.found("EC-2026", status="submitted") == ["ec-2026-2042"]
    assert await office.found(state=DeliveryState.DELIVERED, status="paid") == []


async def test_a_found_record_says_where_it_is(office: Office) -> None:
    page = await office.search.find(office.actor, RecordQuery("EC-2026-1042"))
    (record,) = page.records
    (place,) = record.places
    assert (place.state, place.external_id) == (DeliveryState.DELIVERED, "VB-120043")
    assert place.integration_id == office.setting.integration_id


async def test_pages_join_up_without_a_gap_or_a_double(office: Office) -> None:
    for query in (RecordQuery(), RecordQuery("EC"), RecordQuery("42"), RecordQuery("EC", "approved")):
        whole = await office.search.find(office.actor, query)
        assert whole.next_cursor == ""
        pieces: list[str] = []
        page: FoundPage = await office.search.find(office.actor, query, "", 1)
        pieces += [record.id for record in page.records]
        while page.next_cursor:
            page = await office.search.find(office.actor, query, page.next_cursor, 1)
            pieces += [record.id for record in page.records]
        assert pieces == [record.id for record in whole.records], query


async def test_a_filter_few_fit_looks_at_only_so_many_at_once_and_goes_on(
    office: Office, sqlite_database: Database
) -> None:
    search = RecordSearch(sqlite_database, most_looked_at=2)
    query = RecordQuery("EC", state=DeliveryState.REJECTED)
    first = await search.find(office.actor, query)
    assert (first.records, bool(first.next_cursor)) == ((), True)
    second = await search.find(office.actor, query, first.next_cursor)
    assert [record.id for record in second.records] == ["EC-2026-1043"]


async def test_a_damaged_cursor_is_refused(office: Office) -> None:
    for cursor in ("nonsense", "id|x|", "id|-1|", "claimant|1|a\x00b", "id|" + "9" * 30 + "|", "id|1|a"):
        with pytest.raises(InvalidInput):
            await office.search.find(office.actor, RecordQuery("EC"), cursor)


async def test_another_organisations_records_do_not_exist(office: Office, sqlite_database: Database) -> None:
    others = await export(sqlite_database, 1)
    stranger = Actor(others.organisation_id, "Stranger", Role.ADMINISTRATOR)
    for text in ("EC-2026-1042", "øyvind", "VB-120043", "1234,50"):
        assert (await office.search.find(stranger, RecordQuery(text))).records == ()


def test_amounts_are_read_as_people_write_them() -> None:
    written = {
        "412": "412",
        "412,00": "412.00",
        "1.234,50": "1234.50",
        "1,234.50": "1234.50",
        "1 234": "1234",
        "1.234": "1234",
        "kr 412,5": "412.5",
        "-412 NOK": "-412",
        "412,": None,
        "4-12": None,
        "": None,
        "1042kr": None,
    }
    for typed, amount in written.items():
        assert read_amount(typed) == (None if amount is None else Decimal(amount)), typed
