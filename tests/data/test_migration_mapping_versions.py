"""Mappings from before there were versions stay as they were, and who does not know of versions can go on saving."""

from integration_admin.core.mapping import FieldMapping
from tests.builders import make_member, save_integration, save_organisation
from tests.data.moving import move_down_and_up
from tests.data.worlds import open_database
from tests.fakes import START

MAPPING = {"account": FieldMapping(source="line.category", values={"meals": "7350"})}


async def test_mappings_survive_and_the_next_save_is_the_first_version(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database, make_member("Alice"))
        integration = await save_integration(database, organisation.id)
        async with database.write(organisation.id) as unit:
            await unit.mappings.replace(integration.id, MAPPING)
            await unit.mappings.keep_version(integration.id, START, "Alice", MAPPING)
    move_down_and_up(migrated_url, "0006")
    async with open_database(migrated_url) as database, database.write(organisation.id) as unit:
        assert await unit.mappings.get(integration.id) == MAPPING
        assert await unit.mappings.versions(integration.id, 9) == []
        assert await unit.mappings.keep_version(integration.id, START, "Alice", MAPPING) == 1
        assert await unit.mappings.keep_version(integration.id, START, "Bob", {}) == 2
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        newest, oldest = await unit.mappings.versions(integration.id, 9)
    assert (newest.number, newest.saved_by, newest.mapping) == (2, "Bob", {})
    assert oldest.mapping == {"account": {"source": "line.category", "values": {"meals": "7350"}}}
    assert oldest.saved_at == START
