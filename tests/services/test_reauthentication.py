"""Who signed in a while ago gives the password again before what an integration signs in with is changed."""

import asyncio
import os
import uuid
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from integration_admin.core.errors import InvalidInput, NotFound, PasswordNeeded, TooManyAttempts
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.services.reauthentication import RECENT, Reauthentication
from integration_admin.services.sign_in import SignIn
from integration_admin.services.signed_in import Principal
from integration_admin.services.tokens import fingerprint
from tests.builders import make_member, save_integration, save_organisation
from tests.fakes import FakeClock
from tests.services.entrance import factors_without_keys
from tests.services.light_passwords import LightPasswords

PASSWORD, WRONG = Secret("correct horse battery"), Secret("wrong horse battery")


@pytest.fixture(scope="module")
def password_hash() -> str:
    return asyncio.run(LightPasswords().hash(PASSWORD))


@pytest.fixture
async def alice(database: Database, password_hash: str) -> Member:
    member = make_member("Alice", email="alice@example.org", password_hash=password_hash)
    await save_organisation(database, member)
    return member


@pytest.fixture
def sign_in(database: Database, clock: FakeClock, alice: Member) -> SignIn:
    del alice
    return SignIn(database, LightPasswords(), clock, os.urandom)


@pytest.fixture
async def session(sign_in: SignIn) -> Secret:
    return (await sign_in.sign_in("alice@example.org", PASSWORD, "192.0.2.1")).token


@pytest.fixture
async def integration(database: Database, alice: Member) -> uuid.UUID:
    return (await save_integration(database, alice.organisation_id)).id


@pytest.fixture
def again(database: Database, clock: FakeClock) -> Reauthentication:
    return Reauthentication(database, LightPasswords(), clock, factors_without_keys(database, clock))


async def who(sign_in: SignIn, session: Secret) -> Principal:
    principal = await sign_in.resolve(session)
    assert principal is not None
    return principal


async def test_for_ten_minutes_after_signing_in_nothing_is_asked(
    sign_in: SignIn, session: Secret, again: Reauthentication, integration: uuid.UUID, clock: FakeClock
) -> None:
    clock.advance(RECENT)
    await again.require(await who(sign_in, session), integration)
    clock.advance(1)
    with pytest.raises(PasswordNeeded):
        await again.require(await who(sign_in, session), integration)


async def test_the_right_password_counts_for_ten_minutes_in_this_session_only(
    sign_in: SignIn, session: Secret, again: Reauthentication, integration: uuid.UUID, clock: FakeClock
) -> None:
    elsewhere = (await sign_in.sign_in("alice@example.org", PASSWORD, "192.0.2.1")).token
    clock.advance(timedelta(hours=1))
    await again.confirm(await who(sign_in, session), PASSWORD)
    clock.advance(RECENT)
    assert not await again.is_needed(await who(sign_in, session), integration)
    assert await again.is_needed(await who(sign_in, elsewhere), integration)
    clock.advance(1)
    assert await again.is_needed(await who(sign_in, session), integration)


@pytest.mark.parametrize("typed", [Secret(""), WRONG, Secret("x" * 100_000)])
async def test_a_wrong_password_confirms_nothing(
    sign_in: SignIn,
    session: Secret,
    again: Reauthentication,
    integration: uuid.UUID,
    clock: FakeClock,
    typed: Secret,
) -> None:
    clock.advance(timedelta(hours=1))
    with pytest.raises(InvalidInput) as caught:
        await again.confirm(await who(sign_in, session), typed)
    assert list(caught.value.fields) == ["own_password"]
    assert await again.is_needed(await who(sign_in, session), integration)


async def test_nobody_elses_password_is_taken(
    sign_in: SignIn, session: Secret, again: Reauthentication, database: Database, alice: Member
) -> None:
    other = Secret("the password of a colleague")
    colleague = make_member(
        "Ola", organisation_id=alice.organisation_id, password_hash=await LightPasswords().hash(other)
    )
    async with database.write(alice.organisation_id) as unit:
        await unit.organisations.add_member(colleague)
    with pytest.raises(InvalidInput):
        await again.confirm(await who(sign_in, session), other)


async def test_guesses_are_limited_for_each_session(
    sign_in: SignIn, session: Secret, again: Reauthentication
) -> None:
    elsewhere = (await sign_in.sign_in("alice@example.org", PASSWORD, "192.0.2.1")).token
    guesser = await who(sign_in, session)
    for _ in range(10):
        with pytest.raises(InvalidInput):
            await again.confirm(guesser, WRONG)
    with pytest.raises(TooManyAttempts):
        await again.confirm(guesser, PASSWORD)
    await again.confirm(await who(sign_in, elsewhere), PASSWORD)


async def test_right_answers_are_not_counted_against_their_person(
    sign_in: SignIn, session: Secret, again: Reauthentication
) -> None:
    person = await who(sign_in, session)
    for _ in range(12):
        await again.confirm(person, PASSWORD)
    assert not await again.is_needed(person, uuid.uuid4())


async def test_a_draft_asks_for_nothing_because_nothing_depends_on_it(
    sign_in: SignIn, session: Secret, again: Reauthentication, database: Database, clock: FakeClock
) -> None:
    person = await who(sign_in, session)
    draft = await save_integration(database, person.actor.organisation_id, state=IntegrationState.DRAFT)
    clock.advance(timedelta(hours=1))
    assert not await again.is_needed(person, draft.id)


async def test_an_integration_of_others_does_not_exist(
    sign_in: SignIn, session: Secret, again: Reauthentication, database: Database, clock: FakeClock
) -> None:
    neighbour = await save_organisation(database)
    theirs = await save_integration(database, neighbour.id)
    clock.advance(timedelta(hours=1))
    with pytest.raises(NotFound):
        await again.is_needed(await who(sign_in, session), theirs.id)


async def test_a_session_from_before_the_column_counts_from_when_it_was_opened(
    sign_in: SignIn,
    session: Secret,
    again: Reauthentication,
    integration: uuid.UUID,
    database: Database,
    clock: FakeClock,
) -> None:
    async with database.system(writes=True) as system:
        found = await system.session_by_hash(fingerprint(session))
        assert found is not None
        found[0].authenticated_at = None
    assert not await again.is_needed(await who(sign_in, session), integration)
    clock.advance(RECENT + timedelta(seconds=1))
    assert await again.is_needed(await who(sign_in, session), integration)


async def test_both_answers_are_audited_and_no_password_is_told(
    sign_in: SignIn, session: Secret, again: Reauthentication, database: Database, alice: Member
) -> None:
    person = await who(sign_in, session)
    with capture_logs() as logs:
        with pytest.raises(InvalidInput) as caught:
            await again.confirm(person, WRONG)
        await again.confirm(person, PASSWORD)
    async with database.read(alice.organisation_id) as unit:
        events = [(event.actor, event.action, event.detail) for event in await unit.audit.latest()]
    assert events[:2] == [
        ("alice@example.org", "reauthentication", {}),
        ("alice@example.org", "reauthentication.refused", {}),
    ]
    told = repr([logs, events, caught.value.internal, caught.value.fields])
    assert [word for word in (PASSWORD, WRONG) if word.reveal() in told] == []
