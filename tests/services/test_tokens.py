"""API tokens: made once, found by their fingerprint, limited to their scopes."""

import os
from datetime import UTC, date, datetime, timedelta

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotFound, NotPermitted, SignInRequired
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission, Role
from integration_admin.data.database import Database
from integration_admin.services.tokens import ApiTokens, fingerprint
from tests.builders import save_organisation
from tests.fakes import START, FakeClock


@pytest.fixture
async def alice(database: Database) -> Actor:
    return Actor((await save_organisation(database)).id, "Alice", Role.ADMINISTRATOR)


@pytest.fixture
def tokens(database: Database, clock: FakeClock) -> ApiTokens:
    return ApiTokens(database, clock, os.urandom)


async def test_a_token_acts_as_a_coordinator_of_its_organisation(tokens: ApiTokens, alice: Actor) -> None:
    token = await tokens.create(alice, ["records:write"], "expense system")
    assert token.reveal().startswith("ia_")
    actor = await tokens.resolve(token, "records:write")
    assert (actor.organisation_id, actor.name) == (alice.organisation_id, "expense system")
    assert actor.may(Permission.RUN)
    assert not actor.may(Permission.CONFIGURE)


async def test_a_scope_that_was_not_given_is_refused(tokens: ApiTokens, alice: Actor) -> None:
    token = await tokens.create(alice, ["records:read"], "reader")
    with pytest.raises(NotPermitted) as refused:
        await tokens.resolve(token, "records:write")
    # Whoever reads this has no role: they look after a script.
    assert str(refused.value.message) == "This API token lacks the scope records:write. Use one that has it."


@pytest.mark.parametrize("token", ["", "ia_", "ia_" + "A" * 43])
async def test_an_unknown_token_is_refused(tokens: ApiTokens, token: str) -> None:
    with pytest.raises(SignInRequired):
        await tokens.resolve(Secret(token), "records:read")


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.VIEWER])
async def test_only_administrators_make_tokens(tokens: ApiTokens, alice: Actor, role: Role) -> None:
    with pytest.raises(NotPermitted):
        await tokens.create(Actor(alice.organisation_id, "Bob", role), ["records:read"], "reader")


@pytest.mark.parametrize(
    ("scopes", "name", "field"),
    [([], "x", "scopes"), (["records:delete"], "x", "scopes"), (["records:read"], " ", "name")],
)
async def test_a_token_needs_a_name_and_scopes_that_exist(
    tokens: ApiTokens, alice: Actor, scopes: list[str], name: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await tokens.create(alice, scopes, name)
    assert set(caught.value.fields) == {field}


async def test_the_token_is_not_stored_and_its_making_is_audited(
    tokens: ApiTokens, alice: Actor, database: Database
) -> None:
    token = await tokens.create(alice, ["records:read"], "reader")
    async with database.read(alice.organisation_id) as unit:
        (event,) = await unit.audit.latest()
    assert (event.actor, event.action, event.target) == ("Alice", "token.create", "reader")
    assert event.detail == {"scopes": ["records:read"]}
    assert token.reveal() not in str(event.detail)


async def test_use_is_noted_at_most_once_a_minute(
    tokens: ApiTokens, alice: Actor, database: Database, clock: FakeClock
) -> None:
    token = await tokens.create(alice, ["records:read"], "reader")
    noted = []
    for seconds in (0, 59, 1):
        clock.advance(seconds)
        await tokens.resolve(token, "records:read")
        async with database.system() as system:
            row = await system.token_by_hash(fingerprint(token))
        noted.append(row and row.last_used_at)
    assert noted == [START, START, START + timedelta(minutes=1)]


async def test_what_a_token_may_not_do_is_audited_at_most_once_a_minute(
    tokens: ApiTokens, alice: Actor, database: Database, clock: FakeClock
) -> None:
    token = await tokens.create(alice, ["records:read"], "reader")
    for seconds in (0, 59, 1):
        clock.advance(seconds)
        with pytest.raises(NotPermitted):
            await tokens.resolve(token, "runs:write")
    async with database.read(alice.organisation_id) as unit:
        lines = [(line.actor, line.action, line.target, line.at) for line in await unit.audit.latest(2)]
    denied = ("reader", "access.denied", "runs:write")
    assert lines == [(*denied, START + timedelta(minutes=1)), (*denied, START)]


async def test_what_a_token_in_use_may_not_do_is_audited_too(
    tokens: ApiTokens, alice: Actor, database: Database
) -> None:
    token = await tokens.create(alice, ["records:read"], "reader")
    await tokens.resolve(token, "records:read")
    with pytest.raises(NotPermitted):
        await tokens.resolve(token, "runs:write")
    async with database.read(alice.organisation_id) as unit:
        (line,) = await unit.audit.latest(1)
    assert (line.actor, line.action, line.target) == ("reader", "access.denied", "runs:write")


async def test_a_token_works_to_the_end_of_its_last_day_where_the_organisation_is(
    sqlite_database: Database, clock: FakeClock
) -> None:
    alice = Actor((await save_organisation(sqlite_database)).id, "Alice", Role.ADMINISTRATOR)
    tokens = ApiTokens(sqlite_database, clock, os.urandom)
    token = await tokens.create(alice, ["records:read"], "reader", date(2026, 11, 22))
    (line,) = await tokens.everything(alice)
    assert (line.created_by, line.last_day, line.is_over) == ("Alice", date(2026, 11, 22), False)
    clock.set(datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC))
    await tokens.resolve(token, "records:read")
    clock.advance(1)
    with pytest.raises(SignInRequired):
        await tokens.resolve(token, "records:read")
    assert (await tokens.everything(alice))[0].is_over
    for over in (date(2026, 11, 22), date.min):
        with pytest.raises(InvalidInput) as caught:
            await tokens.create(alice, ["records:read"], "reader", over)
        assert set(caught.value.fields) == {"last_day"}
    # There is no day after the last one a program knows.
    with pytest.raises(InvalidInput, match="too far ahead"):
        await tokens.create(alice, ["records:read"], "reader", date.max)


async def test_a_revoked_token_works_no_more_and_only_administrators_revoke(
    sqlite_database: Database, clock: FakeClock
) -> None:
    organisation, other = await save_organisation(sqlite_database), await save_organisation(sqlite_database)
    alice = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    tokens = ApiTokens(sqlite_database, clock, os.urandom)
    token = await tokens.create(alice, ["records:read"], "reader")
    (line,) = await tokens.everything(alice)
    with pytest.raises(NotPermitted):
        await tokens.revoke(Actor(organisation.id, "Bob", Role.COORDINATOR), line.id)
    with pytest.raises(NotFound):
        await tokens.revoke(Actor(other.id, "Charlie", Role.ADMINISTRATOR), line.id)
    await tokens.revoke(alice, line.id)
    with pytest.raises(SignInRequired):
        await tokens.resolve(token, "records:read")
    with pytest.raises(NotFound):
        await tokens.revoke(alice, line.id)
    assert await tokens.everything(alice) == []
