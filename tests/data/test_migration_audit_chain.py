"""Lines of the audit log from before there was a chain are chained in the order they were written."""

from integration_admin.services.audit_chain_check import AuditChainCheck
from tests.builders import save_organisation
from tests.data.moving import move_down_and_up
from tests.data.worlds import open_database
from tests.fakes import START


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
    move_down_and_up(migrated_url, "0009")
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
