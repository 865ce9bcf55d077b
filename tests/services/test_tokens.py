"""API tokens: made once, found by their fingerprint, limited to their scopes."""

import os
from datetime import timedelta

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotPermitted, SignInRequired
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
    with pytest.raises(NotPermitted):
        await tokens.resolve(token, "records:write")


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
