"""Records from before they could be searched for are found like any other after the upgrade."""

import pytest

from alembic import command
from integration_admin.core.search_words import search_words
from integration_admin.data import migrations
from tests.builders import make_activity, make_claim, save_organisation, save_records
from tests.data.worlds import open_database
from tests.postgresql import Server

PAYLOADS = (
    make_claim(id="EC-2026-01042", claimant={"id": "V-1", "name": "ØYVIND  Å. BØ"}),
    make_claim(id="Straße 9", claimant={"id": "V-2", "name": "Cher"}),
    make_claim(id="EC-x", claimant={"id": "V-3", "name": "A" * 100 + " " + "ß" * 99}),
    make_activity(id="0"),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database that may be migrated down, once on each engine."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    server: Server = request.getfixturevalue("postgresql_server")
    return server.new_migrated()


async def test_stored_records_get_the_words_they_are_found_by(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database)
        await save_records(database, organisation.id, *PAYLOADS)
    for move, revision in ((command.downgrade, "0010"), (command.upgrade, "head")):
        with migrations.schema_connection(migrated_url) as connection:
            move(migrations.alembic_config(connection), revision)
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        rows = await unit.records.page(None, 0, 10)
        assert (await unit.organisations.get()).keep_years == 10
    words = [search_words(str(payload["id"]), payload) for payload in PAYLOADS]
    assert [(row.folded_id, row.id_number, row.claimant, row.claimant_turned) for row in rows] == words
    assert words[0] == ("ec-2026-01042", "1042", "øyvind å. bø", "bø øyvind å.")
    assert words[3] == ("0", "", "", "")
