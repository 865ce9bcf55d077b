"""Who may sign in, and how long it lasts."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from limits import RateLimitItemPerMinute

from integration_admin.core.errors import IntegrationAdminError, SignInRequired, TooManyAttempts
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import SignedIn
from integration_admin.services.tokens import fingerprint
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.services.light_passwords import LightPasswords

PASSWORD = Secret("correct horse battery")
WRONG = Secret("wrong horse battery")
HERE = "192.0.2.1"


@pytest.fixture(scope="module")
def password_hash() -> str:
    return asyncio.run(LightPasswords().hash(PASSWORD))


@pytest.fixture
def random() -> Callable[[int], bytes]:
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


@pytest.fixture
async def alice(database: Database, password_hash: str) -> Member:
    member = make_member("Alice", email="alice@example.org", password_hash=password_hash)
    await save_organisation(database, member, name="Alice's organisation", language="nn")
    return member


@pytest.fixture
async def sign_in(
    database: Database, clock: FakeClock, random: Callable[[int], bytes], alice: Member
) -> AsyncIterator[SignIn]:
    del alice
    opened = SignIn(database, LightPasswords(), clock, random)
    yield opened
    # Refusals are written down after the answer; a database closed meanwhile would leave their connections open.
    await opened.close()


async def open_session(sign_in: SignIn) -> SignedIn:
    return await sign_in.sign_in("alice@example.org", PASSWORD, HERE)


async def refusal(sign_in: SignIn, email: str, password: Secret) -> IntegrationAdminError:
    with pytest.raises(SignInRequired) as caught:
        await sign_in.sign_in(email, password, HERE)
    return caught.value


async def audit(database: Database, member: Member) -> list[tuple[str, str]]:
    async with database.read(member.organisation_id) as unit:
        return [(event.actor, event.action) for event in reversed(await unit.audit.latest())]


async def change(database: Database, member: Member, **values: object) -> None:
    async with database.write(member.organisation_id) as unit:
        row = await unit.organisations.member(member.id)
        for name, value in values.items():
            setattr(row, name, value)


async def test_the_right_password_opens_a_session(sign_in: SignIn, alice: Member) -> None:
    session = await sign_in.sign_in(" ALICE@example.org ", PASSWORD, HERE)
    principal = await sign_in.resolve(session.token)
    assert principal is not None
    assert principal.actor == session.actor
    assert (principal.actor.member_id, principal.actor.role) == (alice.id, Role.ADMINISTRATOR)
    assert (principal.email, principal.language) == ("alice@example.org", "nn")
    assert principal.organisation == "Alice's organisation"


async def test_wrong_unknown_and_disabled_are_refused_in_the_same_words(
    sign_in: SignIn, database: Database, clock: FakeClock, alice: Member
) -> None:
    wrong = await refusal(sign_in, "alice@example.org", WRONG)
    unknown = await refusal(sign_in, "nobody@example.org", PASSWORD)
    await change(database, alice, disabled_at=clock.now())
    disabled = await refusal(sign_in, "alice@example.org", PASSWORD)
    assert wrong.message == unknown.message == disabled.message
    assert wrong.internal == unknown.internal == disabled.internal


async def test_a_password_that_is_too_long_to_be_one_is_wrong(sign_in: SignIn) -> None:
    await refusal(sign_in, "alice@example.org", Secret("x" * 100_000))


async def test_a_member_whose_hash_is_no_hash_cannot_sign_in(sign_in: SignIn, database: Database) -> None:
    bob = make_member("Bob")
    await save_organisation(database, bob)
    await refusal(sign_in, bob.email, Secret(bob.password_hash))


async def test_every_sign_in_has_a_token_of_its_own_of_256_bits(sign_in: SignIn) -> None:
    first, second = await open_session(sign_in), await open_session(sign_in)
    assert first.token.reveal() != second.token.reveal()
    assert len(first.token.reveal()) == 43


async def test_the_token_itself_is_stored_nowhere(sign_in: SignIn, database: Database) -> None:
    session = await open_session(sign_in)
    async with database.system() as system:
        found = await system.session_by_hash(fingerprint(session.token))
    assert found is not None
    stored = {column.name: getattr(found[0], column.name) for column in found[0].__table__.columns}
    assert session.token.reveal() not in str(stored)


async def test_what_happens_is_written_into_the_audit_log(
    sign_in: SignIn, database: Database, alice: Member
) -> None:
    await refusal(sign_in, "alice@example.org", WRONG)
    await sign_in.close()
    await sign_in.sign_out((await open_session(sign_in)).token)
    assert await audit(database, alice) == [
        ("alice@example.org", "sign_in.refused"),
        ("alice@example.org", "sign_in"),
        ("alice@example.org", "sign_out"),
    ]


async def test_a_session_ends_after_eight_idle_hours(sign_in: SignIn, clock: FakeClock) -> None:
    session = await open_session(sign_in)
    for _ in range(3):
        clock.advance(timedelta(hours=7, minutes=59))
        assert await sign_in.resolve(session.token) is not None
    clock.advance(timedelta(hours=8))
    assert await sign_in.resolve(session.token) is None


async def test_a_session_in_use_ends_after_seven_days(sign_in: SignIn, clock: FakeClock) -> None:
    session = await open_session(sign_in)
    end = clock.now() + timedelta(days=7)
    assert session.expires_at == end
    while clock.now() + timedelta(hours=7) < end:
        clock.advance(timedelta(hours=7))
        assert await sign_in.resolve(session.token) is not None
    clock.set(end)
    assert await sign_in.resolve(session.token) is None


async def test_a_session_is_noted_as_used_at_most_once_a_minute(
    sign_in: SignIn, database: Database, clock: FakeClock
) -> None:
    session = await open_session(sign_in)
    begun = clock.now()

    async def last_seen() -> object:
        await sign_in.resolve(session.token)
        async with database.system() as system:
            found = await system.session_by_hash(fingerprint(session.token))
        return found and found[0].last_seen_at

    clock.advance(59)
    assert await last_seen() == begun
    clock.advance(1)
    assert await last_seen() == begun + timedelta(minutes=1)


async def test_signing_out_counts_at_once(sign_in: SignIn) -> None:
    session = await open_session(sign_in)
    other = await open_session(sign_in)
    await sign_in.sign_out(session.token)
    assert await sign_in.resolve(session.token) is None
    assert await sign_in.resolve(other.token) is not None


async def test_signing_out_in_another_process_counts_at_once(
    sign_in: SignIn, database: Database, clock: FakeClock, random: Callable[[int], bytes]
) -> None:
    session = await open_session(sign_in)
    assert await sign_in.resolve(session.token) is not None
    await SignIn(database, LightPasswords(), clock, random).sign_out(session.token)
    assert await sign_in.resolve(session.token) is None


async def test_signing_out_twice_or_with_nonsense_is_no_error(sign_in: SignIn) -> None:
    session = await open_session(sign_in)
    await sign_in.sign_out(session.token)
    await sign_in.sign_out(session.token)
    await sign_in.sign_out(Secret("nonsense"))


async def test_disabling_a_member_ends_their_sessions_at_once(
    sign_in: SignIn, database: Database, clock: FakeClock, alice: Member
) -> None:
    session = await open_session(sign_in)
    await change(database, alice, disabled_at=clock.now())
    assert await sign_in.resolve(session.token) is None


async def test_a_changed_role_counts_at_once_and_changes_the_key(
    sign_in: SignIn, database: Database, alice: Member
) -> None:
    session = await open_session(sign_in)
    before = await sign_in.resolve(session.token)
    await change(database, alice, role=Role.VIEWER)
    after = await sign_in.resolve(session.token)
    assert before is not None
    assert after is not None
    assert after.actor.role is Role.VIEWER
    assert before.key != after.key


@pytest.fixture
async def impatient(
    sqlite_database: Database, clock: FakeClock, random: Callable[[int], bytes], password_hash: str
) -> AsyncIterator[SignIn]:
    """A sign-in that allows three attempts on an account from one address."""
    member = make_member("Alice", email="alice@example.org", password_hash=password_hash)
    await save_organisation(sqlite_database, member)
    limits = SignInLimits(per_account=RateLimitItemPerMinute(3, 15))
    opened = SignIn(sqlite_database, LightPasswords(), clock, random, limits)
    yield opened
    await opened.close()


async def test_attempts_on_one_account_from_one_address_are_limited(impatient: SignIn) -> None:
    for _ in range(3):
        await refusal(impatient, "alice@example.org", WRONG)
    with pytest.raises(TooManyAttempts) as caught:
        await open_session(impatient)
    assert 0 < caught.value.retry_after <= 15 * 60


async def test_an_unknown_account_is_limited_in_the_same_way(impatient: SignIn) -> None:
    for _ in range(3):
        await refusal(impatient, "nobody@example.org", WRONG)
    with pytest.raises(TooManyAttempts):
        await impatient.sign_in("nobody@example.org", WRONG, HERE)


async def test_the_real_person_at_another_address_is_not_locked_out(impatient: SignIn) -> None:
    for _ in range(3):
        await refusal(impatient, "alice@example.org", WRONG)
    assert await impatient.sign_in("alice@example.org", PASSWORD, "192.0.2.2")


async def test_attempts_before_the_right_password_are_forgiven(impatient: SignIn) -> None:
    for _ in range(2):
        for _ in range(2):
            await refusal(impatient, "alice@example.org", WRONG)
        await open_session(impatient)


@pytest.mark.parametrize("same", [("2001:db8::1", "2001:db8::ffff"), ("192.0.2.1", "192.0.2.1")])
async def test_one_network_trying_many_accounts_is_stopped(same: tuple[str, str]) -> None:
    limits = SignInLimits(per_address=RateLimitItemPerMinute(3, 15))
    for number in range(3):
        await limits.check(f"{number}@example.org", same[0])
    with pytest.raises(TooManyAttempts):
        await limits.check("alice@example.org", same[1])


async def test_many_attempts_at_once_are_counted_one_by_one() -> None:
    limits = SignInLimits()
    attempts = (limits.check("alice@example.org", HERE) for _ in range(50))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 10
