"""Mappings are replaced as a whole, and reference lists are found by the words people type."""

import asyncio
from datetime import date

import pytest

from integration_admin.core.mapping import FieldMapping
from integration_admin.core.reference import ReferenceItem
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from tests.builders import save_integration, save_organisation
from tests.data.worlds import everything_of

MAPPING = {
    "account": FieldMapping(
        source="line.category", values={"travel.public_transport": "7140", "Ø 100 %": "1"}
    ),
    "text": FieldMapping(compose="{id} {line.description}"),
    "credit_account": FieldMapping(constant="2910"),
}
ACCOUNTS = [
    ReferenceItem("a-1", "7140", "Reisekostnader"),
    ReferenceItem(
        "a-2", "7100", "Ærlighet og Økonomi", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31)
    ),
    ReferenceItem("a-3", "K1714", "100 % stønad", open=False, posting=False),
]


async def connected(database: Database) -> Integration:
    """Store an organisation with one integration."""
    organisation = await save_organisation(database)
    return await save_integration(database, organisation.id)


async def with_accounts(database: Database) -> Integration:
    """Store an integration whose accounting system has told its accounts."""
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        await unit.mappings.replace_reference(
            integration.id, {"accounts": ACCOUNTS, "projects": ACCOUNTS[:1]}
        )
    return integration


async def test_a_mapping_comes_back_as_it_was_saved(database: Database) -> None:
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        assert await unit.mappings.get(integration.id) == {}
        await unit.mappings.replace(integration.id, MAPPING)
        assert await unit.mappings.get(integration.id) == MAPPING


async def test_whether_a_field_is_mapped_is_told_without_its_values(database: Database) -> None:
    integration = await connected(database)
    async with database.write(integration.organisation_id) as unit:
        assert not await unit.mappings.maps(integration.id, "credit_account")
        await unit.mappings.replace(integration.id, MAPPING)
        assert await unit.mappings.maps(integration.id, "credit_account")
        assert not await unit.mappings.maps(integration.id, "payment_account")


async def test_a_mapping_is_replaced_as_a_whole(database: Database) -> None:
    integration = await connected(database)
    smaller = {"account": FieldMapping(constant="6800")}
    for mapping in (MAPPING, smaller):
        async with database.write(integration.organisation_id) as unit:
            await unit.mappings.replace(integration.id, mapping)
    async with database.read(integration.organisation_id) as unit:
        assert await unit.mappings.get(integration.id) == smaller
    assert (await everything_of(database, integration.organisation_id))["value_maps"] == []


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("", ["7100", "7140", "K1714"]),
        ("71", ["7100", "7140"]),
        ("714", ["7140"]),
        ("k1", ["K1714"]),
        ("K1", ["K1714"]),
        ("reise", ["7140"]),
        ("ØKONOMI", ["7100"]),
        ("økonomi", ["7100"]),
        ("Ærlig", ["7100"]),
        ("100 %", ["K1714"]),
        ("7%", []),
        ("_", []),
    ],
)
async def test_entries_are_found_by_code_or_name_in_any_case(
    database: Database, words: str, codes: list[str]
) -> None:
    integration = await with_accounts(database)
    async with database.read(integration.organisation_id) as unit:
        found = await unit.mappings.search_reference(integration.id, "accounts", words)
    assert [item.code for item in found] == codes


async def test_a_search_stops_at_its_limit(database: Database) -> None:
    integration = await with_accounts(database)
    async with database.read(integration.organisation_id) as unit:
        assert len(await unit.mappings.search_reference(integration.id, "accounts", limit=2)) == 2


async def test_an_entry_comes_back_with_all_it_was_told(database: Database) -> None:
    integration = await with_accounts(database)
    async with database.read(integration.organisation_id) as unit:
        found = await unit.mappings.reference_ids(integration.id, "accounts", ["a-2", "a-3", "a-9"])
    assert found == {"a-2": ACCOUNTS[1], "a-3": ACCOUNTS[2]}


async def test_a_shared_code_stands_for_all_who_share_it(database: Database) -> None:
    integration = await connected(database)
    twins = [ReferenceItem("p-1", "100", "Old"), ReferenceItem("p-2", "100", "New")]
    async with database.write(integration.organisation_id) as unit:
        await unit.mappings.replace_reference(integration.id, {"projects": twins})
        found = await unit.mappings.reference_codes(integration.id, "projects", ["100", "200"])
    assert {item.id for item in found["100"]} == {"p-1", "p-2"}
    assert found["200"] == []


async def test_reference_lists_are_replaced_as_a_whole_however_long(database: Database) -> None:
    integration = await with_accounts(database)
    many = [ReferenceItem(f"d-{number}", f"{number:04}", f"Department {number}") for number in range(1_201)]
    async with database.write(integration.organisation_id) as unit:
        assert await unit.mappings.reference_counts(integration.id) == {"accounts": 3, "projects": 1}
        await unit.mappings.replace_reference(integration.id, {"departments": many, "projects": []})
        assert await unit.mappings.reference_counts(integration.id) == {"departments": 1_201}


async def test_lists_that_two_processes_read_at_once_are_kept_once(postgresql_database: Database) -> None:
    organisation = await save_organisation(postgresql_database)
    integration = await save_integration(postgresql_database, organisation.id)
    items = [ReferenceItem(str(number), str(number), "Reise") for number in range(1_000)]
    both_are_here = asyncio.Barrier(2)

    async def read_lists() -> None:
        async with postgresql_database.write(organisation.id) as unit:
            await both_are_here.wait()
            await unit.mappings.replace_reference(integration.id, {"accounts": items})

    await asyncio.gather(read_lists(), read_lists())
    async with postgresql_database.read(organisation.id) as unit:
        assert await unit.mappings.reference_counts(integration.id) == {"accounts": 1_000}
