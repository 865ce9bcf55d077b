"""Lines of the audit log from before there was a chain are chained in the order they were written."""

import pytest

from alembic import command
from integration_admin.data import migrations
from integration_admin.services.audit_chain_check import AuditChainCheck
from tests.builders import save_organisation
from tests.data.worlds import open_database
from tests.fakes import START
from tests.postgresql import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database that may be migrated down, once on each engine."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    server: Server = request.getfixturevalue("postgresql_server")
    return server.new_migrated()


async def test_lines_of_before_are_chained_and_the_next_one_continues_them(migrated_url: str) -> None:
    async with open_database(migrated_url) as database:
        organisations = [await save_organisation(database), await save_organisation(database)]
        for number in range(3):
            for organisation in organisations:
                async with database.write(organisation.id) as unit:
                    await unit.audit.add(
                        START, "Åse", "look", f"thing {number}", old={"n": ["æ", 1, None, True]}
                    )
        empty = await save_organisation(database)
    for move, revision in ((command.downgrade, "0009"), (command.upgrade, "head")):
        with migrations.schema_connection(migrated_url) as connection:
            move(migrations.alembic_config(connection), revision)
    async with open_database(migrated_url) as database:
        for organisation in (*organisations, empty):
            async with database.write(organisation.id) as unit:
                await unit.audit.add(START, "Åse", "look again")
        reports = [await AuditChainCheck(database).check(row.id) for row in (*organisations, empty)]
        assert [(report.lines, report.faults) for report in reports] == [(4, []), (4, []), (1, [])]
        async with database.read(organisations[0].id) as unit:
            assert [line.target for line in await unit.audit.latest()] == [
                "",
                "thing 2",
                "thing 1",
                "thing 0",
            ]
