"""Organisations that chose their notices before there were comparisons are told of differences too, and keep the rest."""

from integration_admin.data.models_notices import NoticeSettings
from tests.builders import save_organisation
from tests.data.moving import move_down_and_up
from tests.data.worlds import open_database


async def test_what_was_chosen_stays_and_differences_are_told_besides(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database)
        async with database.write(organisation.id) as unit:
            await unit.notices.add_settings(NoticeSettings(kinds=["failed"], deputy_email="", version=1))
    move_down_and_up(migrated_url, "0012")
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        settings = await unit.notices.settings()
    assert settings is not None
    assert settings.kinds == ["failed", "reconciliation"]
