"""Records from before they could be searched for are found like any other after the upgrade."""

from integration_admin.core.search_words import search_words
from tests.builders import make_activity, make_claim, save_organisation, save_records
from tests.data.moving import move_down_and_up
from tests.data.worlds import open_database

PAYLOADS = (
    make_claim(id="EC-2026-01042", claimant={"id": "V-1", "name": "ØYVIND  Å. BØ"}),
    make_claim(id="Straße 9", claimant={"id": "V-2", "name": "Cher"}),
    make_claim(id="EC-x", claimant={"id": "V-3", "name": "A" * 100 + " " + "ß" * 99}),
    make_activity(id="0"),
)


async def test_stored_records_get_the_words_they_are_found_by(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database)
        await save_records(database, organisation.id, *PAYLOADS)
    move_down_and_up(migrated_url, "0010")
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        rows = await unit.records.page(None, 0, 10)
        assert (await unit.organisations.get()).keep_years == 10
    words = [search_words(str(payload["id"]), payload) for payload in PAYLOADS]
    assert [(row.folded_id, row.id_number, row.claimant, row.claimant_turned) for row in rows] == words
    assert words[0] == ("ec-2026-01042", "1042", "øyvind å. bø", "bø øyvind å.")
    assert words[3] == ("0", "", "", "")
