"""Organisations, their first administrator and the people in them."""

import os
from typing import Any

import pytest

from integration_admin.adapters.catalog import CATALOG
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict, InvalidInput, NotFound
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission, Role
from integration_admin.data.database import Database
from integration_admin.services.organisations import Organisations
from integration_admin.services.sign_in import SignIn
from tests.fakes import FakeClock
from tests.services.light_passwords import LightPasswords

NAME = "Prøveforbundet"
PASSWORD = Secret("correct horse battery")


@pytest.fixture
def organisations(database: Database, clock: FakeClock) -> Organisations:
    return Organisations(database, LightPasswords(), clock)


async def create(organisations: Organisations, **changes: Any) -> None:
    values = {"number": "974 760 673", "email": "Alice@Example.org", "password": PASSWORD} | changes
    await organisations.create_administrator(
        changes.get("name", NAME), values["number"], values["email"], values["password"]
    )


async def test_the_first_administrator_can_sign_in(
    organisations: Organisations, database: Database, clock: FakeClock
) -> None:
    await create(organisations)
    sign_in = SignIn(database, LightPasswords(), clock, os.urandom)
    session = await sign_in.sign_in("alice@example.org", PASSWORD, "192.0.2.1")
    assert session.actor.role is Role.ADMINISTRATOR


async def test_a_new_organisation_may_use_every_system(
    organisations: Organisations, database: Database
) -> None:
    await create(organisations)
    async with database.system() as system:
        found = await system.organisation_named(NAME)
    assert found is not None
    assert (sorted(found.features), found.organisation_number) == (sorted(CATALOG), "974760673")


async def test_a_second_administrator_joins_the_same_organisation(organisations: Organisations) -> None:
    await create(organisations)
    await create(organisations, email="bob@example.org", number=None)
    actor = await organisations.actor_of(NAME)
    members = await organisations.members(actor)
    assert [member.email for member in members] == ["alice@example.org", "bob@example.org"]


@pytest.mark.parametrize("changes", [{}, {"name": "Another"}, {"email": " ALICE@example.ORG"}])
async def test_an_email_address_signs_in_once(organisations: Organisations, changes: dict[str, Any]) -> None:
    await create(organisations)
    with pytest.raises(Conflict):
        await create(organisations, **changes)


async def test_another_number_is_another_organisation(organisations: Organisations) -> None:
    await create(organisations)
    with pytest.raises(Conflict):
        await create(organisations, email="bob@example.org", number="889640782")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "123456789"}, "organisation_number"),
        ({"email": "alice"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"name": " "}, "organisation"),
        ({"password": Secret("short")}, "password"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(
    organisations: Organisations, database: Database, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await create(organisations, **changes)
    assert set(caught.value.fields) == {field}
    async with database.system() as system:
        assert await system.organisations() == []


async def test_whoever_operates_the_server_acts_as_an_administrator(organisations: Organisations) -> None:
    await create(organisations)
    assert (await organisations.actor_of(NAME)).may(Permission.CONFIGURE)
    with pytest.raises(NotFound):
        await organisations.actor_of("Nobody's")


async def test_a_member_changes_only_their_own_language(
    organisations: Organisations, database: Database
) -> None:
    await create(organisations)
    await create(organisations, email="bob@example.org")
    operator = await organisations.actor_of(NAME)
    alice, _ = await organisations.members(operator)
    await organisations.set_language(Actor(operator.organisation_id, "Alice", alice.role, alice.id), "nn")
    async with database.read(operator.organisation_id) as unit:
        members = await unit.organisations.members()
        assert [member.language for member in members] == ["nn", None]
        # Who has chosen none reads the organisation's.
        assert [await unit.organisations.language_of(member.id) for member in members] == ["nn", "nb"]


async def test_a_language_nobody_translated_is_refused(organisations: Organisations) -> None:
    await create(organisations)
    with pytest.raises(InvalidInput):
        await organisations.set_language(await organisations.actor_of(NAME), "se")
