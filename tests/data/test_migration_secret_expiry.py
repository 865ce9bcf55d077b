"""Rows from before secrets had expiry dates, and sessions before they knew when the password came, stay as they were."""

import uuid

from sqlalchemy import NullPool, Table, Uuid, create_engine, insert, literal, select

from integration_admin.data import migrations
from integration_admin.data.models import Integration
from integration_admin.data.row_security import admit_to_all
from tests.builders import make_member, save_integration, save_organisation
from tests.data.moving import move_down_and_up
from tests.data.worlds import open_database


def write_as_before(url: str) -> None:
    """Copy the one integration there is, naming only the columns of before."""
    table = Integration.__table__
    assert isinstance(table, Table)
    known = [column for column in table.columns if not column.name.startswith("secrets_")]
    values = [literal(uuid.uuid4(), Uuid) if column.name == "id" else column for column in known]
    engine = create_engine(migrations.synchronous_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        admit_to_all(connection)
        connection.execute(insert(table).from_select(known, select(*values), include_defaults=False))


async def test_what_was_there_before_has_no_date_and_keeps_everything_else(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database, make_member("Alice"))
        before = await save_integration(database, organisation.id, name="Regnskapet")
    move_down_and_up(migrated_url, "0004")
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        row = await unit.integrations.get(before.id)
    assert (row.name, row.settings, row.version) == (before.name, before.settings, before.version)
    assert (row.secrets_expire_on, row.secrets_expiry_by, row.secrets_reminded) == (None, "", None)


async def test_a_program_that_does_not_know_the_columns_yet_can_go_on_writing(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database, make_member("Alice"))
        await save_integration(database, organisation.id)
    write_as_before(migrated_url)
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        rows = await unit.integrations.everything()
    assert [(row.secrets_expire_on, row.secrets_expiry_by) for row in rows] == [(None, "")] * 2
