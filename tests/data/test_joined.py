"""Units of work that end in another way: joined with others, or not kept."""

import uuid

import pytest
from sqlalchemy import func, select

from faults.looking import looking
from integration_admin.data.database import Database
from integration_admin.data.joined import JoinedDatabase, rolled_back
from integration_admin.data.models import Integration
from tests.builders import make_integration, save_organisation


async def count(database: Database) -> int:
    async with looking(database) as connection:
        return await connection.scalar(select(func.count()).select_from(Integration)) or 0


async def test_what_is_written_through_a_joined_database_is_committed_with_the_rest(
    database: Database,
) -> None:
    organisation = await save_organisation(database)
    async with database.write(organisation.id) as unit:
        joined = JoinedDatabase(unit)
        async with joined.write(organisation.id) as inner:
            await inner.integrations.add(make_integration())
        assert await count(database) == 0
        async with joined.read(organisation.id) as reader:
            assert len(await reader.integrations.everything()) == 1
    assert await count(database) == 1


async def test_what_fails_later_takes_with_it_what_was_written_through_a_joined_database(
    database: Database,
) -> None:
    organisation = await save_organisation(database)

    async def write_and_fail() -> None:
        async with (
            database.write(organisation.id) as unit,
            JoinedDatabase(unit).write(organisation.id) as inner,
        ):
            await inner.integrations.add(make_integration())
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await write_and_fail()
    assert await count(database) == 0


async def test_a_joined_database_knows_its_own_organisation_only(database: Database) -> None:
    organisation = await save_organisation(database)
    async with database.read(organisation.id) as unit:
        joined = JoinedDatabase(unit)
        with pytest.raises(RuntimeError):
            async with joined.read(uuid.uuid4()):
                pass
        with pytest.raises(RuntimeError):
            async with joined.system():
                pass


async def test_what_is_tried_out_is_seen_and_not_kept(database: Database) -> None:
    organisation = await save_organisation(database)
    async with rolled_back(database, organisation.id) as unit:
        await unit.integrations.add(make_integration())
        assert len(await unit.integrations.everything()) == 1
    assert await count(database) == 0
