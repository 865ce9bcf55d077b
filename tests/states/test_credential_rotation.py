"""The secrets' own form in a tab: what it says, whom it asks for the password, and what it never sends back."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.adapters.base import Connection, Credentials
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AuthenticationFailed
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState, Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.credential_rotation import RotationState
from integration_admin.states.credentials import CredentialState
from integration_admin.states.health import HealthState
from integration_admin.states.reauthentication import ReauthenticationState
from tests import canary
from tests.services.conftest import Engine
from tests.services.entrance import factors_without_keys
from tests.services.fake_adapter import FakeAdapter
from tests.services.light_passwords import LightPasswords
from tests.states.people import People
from tests.states.tab import Tab, open_tab

LOADS = [HealthState.load, CredentialState.load, ReauthenticationState.load, RotationState.load]
PAGES = {"settings/integrations/[id]/credentials": LOADS}
NEW, PASSWORD = canary.secret("new-token"), canary.secret("password")


@pytest.fixture
def engine(
    people: People,
    sqlite_database: Database,
    new_engine: Callable[[Database, FakeAdapter, Actor], Engine],
) -> Engine:
    """The services the page asks, on the database of Alice and Bob."""
    actor = Actor(people.alice.organisation_id, "Kari", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    factors = factors_without_keys(sqlite_database, engine.clock)
    again = Reauthentication(sqlite_database, LightPasswords(), engine.clock, factors)
    installed = container.current().sign_in
    services = SimpleNamespace(**vars(engine), sign_in=installed, reauthentication=again)
    container.install(cast("Any", services))
    return engine


@pytest.fixture
async def integration(engine: Engine) -> uuid.UUID:
    return await engine.set_up()


@asynccontextmanager
async def opened(people: People, integration: uuid.UUID) -> AsyncIterator[Tab]:
    """Open the page as Alice, who reads nynorsk."""
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(
            await people.session(people.alice), f"/settings/integrations/{integration}/credentials"
        )
        yield tab


def refuse(_: Credentials) -> Connection:
    raise AuthenticationFailed(msg("The token is not known."))


async def state_of(engine: Engine, integration: uuid.UUID) -> IntegrationState:
    return (await engine.configuration.get(engine.actor, integration)).state


async def test_a_secret_that_works_is_taken_and_never_sent_back(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    async with opened(people, integration) as tab:
        await tab.send(RotationState.rotate, form={"new-token": NEW, "new-expires_on": "2027-05-31"})
        assert len(tab[RotationState.done]) == 1
        assert "Fake AS" in tab[RotationState.done][0]
        (row,) = tab[RotationState.rows]
        # Whoever reads nynorsk is told in nynorsk.
        assert "21. november 2026" in row["stored"]
        assert row["stored"].rstrip(".").endswith(NEW[-4:])
        assert tab[RotationState.expires_on] == "31.05.2027"
        assert "31. mai 2027" in tab[RotationState.expiry]
        assert tab[CredentialState.version] == tab[RotationState.version]
        assert NEW not in repr(tab.received)
        assert (tab[RotationState.working], tab[RotationState.failed]) == (False, "")
    assert await state_of(engine, integration) is IntegrationState.ACTIVE


async def test_a_secret_that_does_not_work_is_explained(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    engine.adapter.connect = refuse
    async with opened(people, integration) as tab:
        await tab.send(RotationState.rotate, form={"new-token": NEW})
        assert tab[RotationState.failed] == "The token is not known."
        assert tab[RotationState.done] == []
        assert NEW not in repr(tab.received)


async def test_what_is_wrong_is_told_beside_its_field(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    del engine
    async with opened(people, integration) as tab:
        await tab.send(RotationState.rotate, form={"new-token": ""})
        (error,) = tab[RotationState.errors]
        (row,) = tab[RotationState.rows]
        assert error["field"] == "new-token"
        assert error["message"] == f"{row['label']}: {row['error']}"
        await tab.send(RotationState.rotate, form={"new-token": NEW, "new-expires_on": "31.06.2027"})
        assert [one["field"] for one in tab[RotationState.errors]] == ["new-expires_on"]
        await tab.send(RotationState.set_expiry, form={"expires_on": "2020-01-01"})
        assert [one["field"] for one in tab[RotationState.errors]] == ["expires_on"]


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        (RotationState.rotate, {"form": {"new-token": NEW}}),
        (RotationState.set_expiry, {"form": {"expires_on": "2027-05-31"}}),
        (RotationState.remove, {}),
        (CredentialState.store_and_test, {"form": {"address": "https://fake.example", "token": NEW}}),
    ],
)
async def test_after_a_while_the_password_is_asked_for_before_anything_changes(
    people: People, engine: Engine, integration: uuid.UUID, handler: Any, payload: dict[str, Any]
) -> None:
    async with people.database.write(people.alice.organisation_id) as unit:
        member = await unit.organisations.member(people.alice.id)
        member.password_hash = await LightPasswords().hash(Secret(PASSWORD))
    before = await engine.configuration.get(engine.actor, integration)
    async with opened(people, integration) as tab:
        assert not tab[ReauthenticationState.needed]
        engine.clock.advance(601)
        await tab.send(handler, **payload)
        asking = CredentialState if handler is CredentialState.store_and_test else RotationState
        assert [one["field"] for one in tab[asking.errors]] == ["own_password"]
        assert tab[ReauthenticationState.needed]
        assert await engine.configuration.get(engine.actor, integration) == before

        await tab.send(ReauthenticationState.confirm, form={"own_password": "not this one"})
        assert [one["field"] for one in tab[ReauthenticationState.errors]] == ["own_password"]
        assert tab[ReauthenticationState.needed]
        await tab.send(ReauthenticationState.confirm, form={"own_password": PASSWORD})
        assert not tab[ReauthenticationState.needed]
        assert len(tab[ReauthenticationState.confirmed]) == 1

        await tab.send(handler, **payload)
        assert tab[asking.errors] == []
        assert PASSWORD not in repr(tab.received)
    assert await engine.configuration.get(engine.actor, integration) != before


async def test_a_page_opened_after_a_while_asks_at_once(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    session = await people.session(people.alice)
    engine.clock.advance(601)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(session, f"/settings/integrations/{integration}/credentials")
        assert tab[ReauthenticationState.needed]
        assert tab[RotationState.ready]


async def test_removed_secrets_are_said_to_be_removed(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    async with opened(people, integration) as tab:
        await tab.send(RotationState.remove)
        assert len(tab[RotationState.done]) == 1
        assert not tab[RotationState.any_stored]
        assert (tab[CredentialState.passed], tab[CredentialState.report]) == (False, "")
        assert [row["stored"] for row in tab[RotationState.rows]] == [""]
        # Why it stands still is what the page says on top.
        assert "Alice" in tab[HealthState.stop_reason]
    assert await state_of(engine, integration) is IntegrationState.STOPPED


async def test_a_draft_is_the_wizards_business(people: People, engine: Engine) -> None:
    draft = await engine.configuration.begin(engine.actor, "xledger")
    async with opened(people, draft) as tab:
        assert not tab[RotationState.ready]


async def test_who_may_only_look_can_change_nothing(
    people: People, engine: Engine, integration: uuid.UUID
) -> None:
    before = await engine.configuration.get(engine.actor, integration)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(
            await people.session(people.bob), f"/settings/integrations/{integration}/credentials"
        )
        await tab.send(RotationState.rotate, form={"new-token": NEW})
        await tab.send(RotationState.set_expiry, form={"expires_on": "2027-05-31"})
        await tab.send(RotationState.remove)
        assert not tab.received[RotationState.get_full_name()]["ready"]
    assert await engine.configuration.get(engine.actor, integration) == before
