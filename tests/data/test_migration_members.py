"""People and API tokens of before go on as they were, and tokens and links of before know their maker by name."""

from integration_admin.core.statuses import LinkPurpose
from integration_admin.data.models_access import ApiToken, Session
from tests.builders import make_member, save_organisation
from tests.data.moving import move_down_and_up
from tests.data.people_rows import give_links, make_link
from tests.data.worlds import LATER, open_database
from tests.fakes import START


async def test_sessions_and_tokens_of_before_go_on(migrated_url: str) -> None:
    member = make_member("Alice")
    session = Session(
        member_id=member.id, token_hash="s" * 64, created_at=START, last_seen_at=START, expires_at=LATER
    )
    token = ApiToken(name="Expense system", token_hash="t" * 64, scopes=["records:write"], created_at=START)
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database, member)
        async with database.write(organisation.id) as unit:
            await unit.organisations.add_session(session)
            await unit.organisations.add_token(token)
            await give_links(unit, member)
    move_down_and_up(migrated_url, "0013")
    async with open_database(migrated_url) as database:
        async with database.system() as system:
            found, row = await system.session_by_hash("s" * 64), await system.token_by_hash("t" * 64)
        async with database.read(organisation.id) as unit:
            assert await unit.people.open_invitations(START) == []
    assert found is not None
    assert row is not None
    assert (found[0].id, found[0].user_agent) == (session.id, "")
    assert (row.scopes, row.created_by, row.expires_at) == (["records:write"], "", None)


async def test_tokens_and_links_of_before_they_knew_their_member_keep_the_name(migrated_url: str) -> None:
    member = make_member("Alice")
    made = {"created_by": "Alice", "created_by_id": member.id, "created_at": START}
    async with open_database(migrated_url) as database:
        organisation = await save_organisation(database, member)
        async with database.write(organisation.id) as unit:
            await unit.organisations.add_token(
                ApiToken(name="Expense system", token_hash="t" * 64, scopes=["records:write"], **made)
            )
            await unit.people.add_link(make_link(member, LinkPurpose.INVITATION, **made))
    move_down_and_up(migrated_url, "0018")
    async with open_database(migrated_url) as database, database.read(organisation.id) as unit:
        rows = [*await unit.people.tokens(), *await unit.people.open_invitations(START)]
    assert [(row.created_by, row.created_by_id) for row in rows] == [("Alice", None)] * 2
