"""Passkeys: adding one, signing in with it, and every answer that is not right."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_admin.core.actor import Actor
from integration_admin.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SignInRequired,
    TooManyAttempts,
)
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FactorDemand, Role, SignInStepKind
from integration_admin.data.database import Database
from integration_admin.services.factor_demands import FactorDemands
from integration_admin.services.passkeys import CHALLENGE_LIFETIME, Passkeys
from integration_admin.services.second_factors import SecondFactors
from integration_admin.services.second_step import SecondStep
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import Halfway, Visit
from tests.authenticator import Authenticator
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.services.entrance import EMAIL, PASSWORD, QuickPasswords, factors_without_keys

ORIGIN = "https://accounts.example.org"
HERE = Visit("192.0.2.1")


@dataclass
class Door:
    """Alice at the door, with a phone that can keep a passkey."""

    database: Database
    clock: FakeClock
    alice: Actor
    sign_in: SignIn
    factors: SecondFactors
    passkeys: Passkeys
    phone: Authenticator
    limits: SignInLimits

    async def add(self, name: str = "Phone") -> list[Secret]:
        question = await self.passkeys.creation_question(self.alice, EMAIL)
        return await self.passkeys.add(self.alice, self.phone.make(question), name)

    async def signed(self, **changes: Any) -> str:
        return self.phone.sign(await self.passkeys.question(HERE), **changes)

    async def refuses(self, answer: str) -> None:
        with pytest.raises(SignInRequired) as caught:
            await self.passkeys.sign_in(answer, HERE)
        assert str(caught.value.message).startswith("The passkey was not accepted.")

    async def audited(self) -> list[str]:
        async with self.database.read(self.alice.organisation_id) as unit:
            return [event.action for event in reversed(await unit.audit.latest())]


@pytest.fixture
async def door(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[Door]:
    database, limits = sqlite_database, SignInLimits()
    member = make_member("Alice", email=EMAIL, password_hash=PASSWORD.reveal())
    await save_organisation(database, member)
    alice = Actor(member.organisation_id, "Alice", Role.ADMINISTRATOR, member.id)
    sign_in = SignIn(database, QuickPasswords(), clock, os.urandom, limits)
    factors = factors_without_keys(database, clock)
    passkeys = Passkeys(database, sign_in, factors, clock, os.urandom, limits, ORIGIN)
    phone = Authenticator(ORIGIN, "accounts.example.org")
    yield Door(database, clock, alice, sign_in, factors, passkeys, phone, limits)
    await sign_in.close()


async def test_a_passkey_signs_in_by_itself(door: Door) -> None:
    codes = await door.add()
    assert len(codes) == 10
    session = await door.passkeys.sign_in(await door.signed(), HERE)
    principal = await door.sign_in.resolve(session.token)
    assert principal is not None
    assert principal.actor == door.alice
    assert (await door.factors.own(door.alice)).passkeys[0].last_used_at == door.clock.now()
    assert await door.audited() == ["factor.passkey", "sign_in"]


async def test_with_a_passkey_the_password_alone_is_not_enough(door: Door) -> None:
    codes = await door.add()
    found = await door.sign_in.sign_in(EMAIL, PASSWORD, HERE.address)
    assert isinstance(found, Halfway)
    assert found.kind is SignInStepKind.CODE
    step = SecondStep(door.database, door.sign_in, door.factors, door.clock, door.limits)
    await door.passkeys.sign_in(await door.signed(), HERE)
    assert await step.who(found.token) is None
    again = await door.sign_in.sign_in(EMAIL, PASSWORD, HERE.address)
    assert isinstance(again, Halfway)
    assert await step.give_code(again.token, codes[0].reveal(), HERE)


async def test_a_question_asks_for_the_person_to_be_verified_and_names_nobody(door: Door) -> None:
    await door.add()
    asked = json.loads(await door.passkeys.question(HERE))
    assert (asked["rpId"], asked["userVerification"]) == ("accounts.example.org", "required")
    assert asked["allowCredentials"] == []
    made = json.loads(await door.passkeys.creation_question(door.alice, EMAIL))
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert len(made["excludeCredentials"]) == 1


async def test_an_answer_counts_once(door: Door) -> None:
    await door.add()
    answer = await door.signed()
    results = await asyncio.gather(
        *(door.passkeys.sign_in(answer, HERE) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == [
        "SignInRequired", "SignInRequired", "SignedIn",
    ]  # fmt: skip


async def test_a_question_is_good_for_five_minutes(door: Door) -> None:
    await door.add()
    answer = await door.signed()
    door.clock.advance(CHALLENGE_LIFETIME)
    await door.refuses(answer)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://accounts.example.org.evil.example"},
        {"origin": "http://accounts.example.org"},
        {"type": "webauthn.create"},
        {"challenge": "bm90IGFza2Vk"},
    ],
)
async def test_an_answer_to_another_question_is_refused(door: Door, changes: dict[str, str]) -> None:
    await door.add()
    await door.refuses(await door.signed(**changes))


async def test_a_passkey_for_another_host_is_refused(door: Door) -> None:
    await door.add()
    door.phone.host = "evil.example"
    await door.refuses(await door.signed())


async def test_a_device_that_did_not_verify_its_person_is_refused(door: Door) -> None:
    await door.add()
    door.phone.verifies = False
    await door.refuses(await door.signed())
    with pytest.raises(InvalidInput):
        await door.add("Another")


async def test_the_signature_of_another_key_is_refused(door: Door) -> None:
    await door.add()
    door.phone.key = Authenticator(ORIGIN, "").key
    await door.refuses(await door.signed())


async def test_a_copy_whose_count_has_not_risen_is_refused(door: Door) -> None:
    await door.add()
    door.phone.count = 5
    await door.passkeys.sign_in(await door.signed(), HERE)
    door.phone.count = 5
    await door.refuses(await door.signed())
    assert (await door.audited())[-1] == "sign_in.passkey_refused"


async def test_a_device_that_does_not_count_signs_in_again_and_again(door: Door) -> None:
    await door.add()
    for _ in range(2):
        door.phone.count = -1
        await door.passkeys.sign_in(await door.signed(), HERE)


async def test_the_handle_of_another_person_is_refused(door: Door) -> None:
    await door.add()
    door.phone.handle = bytes(16)
    await door.refuses(await door.signed())


async def test_an_unknown_passkey_and_a_disabled_member_are_refused_in_the_same_words(door: Door) -> None:
    stranger = Authenticator(ORIGIN, "accounts.example.org", handle=bytes(16))
    await door.refuses(stranger.sign(await door.passkeys.question(HERE)))
    await door.add()
    async with door.database.write(door.alice.organisation_id) as unit:
        assert door.alice.member_id is not None
        (await unit.organisations.member(door.alice.member_id)).disabled_at = door.clock.now()
    await door.refuses(await door.signed())


async def test_refusals_are_limited_for_a_passkey_from_an_address_and_nowhere_else(door: Door) -> None:
    await door.add()
    door.phone.verifies = False
    for _ in range(10):
        await door.refuses(await door.signed())
    door.phone.verifies = True
    with pytest.raises(TooManyAttempts):
        await door.passkeys.sign_in(await door.signed(), HERE)
    assert await door.passkeys.sign_in(await door.signed(), Visit("192.0.2.2"))


async def test_a_passkey_made_for_another_member_or_twice_is_refused(door: Door) -> None:
    question = await door.passkeys.creation_question(door.alice, EMAIL)
    bob = make_member("Bob", organisation_id=door.alice.organisation_id)
    async with door.database.write(door.alice.organisation_id) as unit:
        await unit.organisations.add_member(bob)
    with pytest.raises(InvalidInput):
        await door.passkeys.add(
            Actor(door.alice.organisation_id, "Bob", Role.VIEWER, bob.id), door.phone.make(question), "Phone"
        )
    await door.add()
    with pytest.raises(Conflict):
        await door.add()


async def test_a_passkey_is_renamed_and_removed_by_its_person_alone(door: Door) -> None:
    await door.add()
    (one,) = (await door.factors.own(door.alice)).passkeys
    await door.passkeys.rename(door.alice, one.id, "My phone")
    other = make_member("Charlie")
    await save_organisation(door.database, other)
    charlie = Actor(other.organisation_id, "Charlie", Role.ADMINISTRATOR, other.id)
    for call in (door.passkeys.rename(charlie, one.id, "Taken"), door.passkeys.remove(charlie, one.id)):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(InvalidInput):
        await door.passkeys.rename(door.alice, one.id, " ")
    assert (await door.factors.own(door.alice)).passkeys[0].name == "My phone"
    await FactorDemands(door.database, door.clock).set(door.alice, FactorDemand.EVERYBODY)
    with pytest.raises(InvalidInput):
        await door.passkeys.remove(door.alice, one.id)
    await FactorDemands(door.database, door.clock).set(door.alice, FactorDemand.OPTIONAL)
    await door.passkeys.remove(door.alice, one.id)
    assert not (await door.factors.own(door.alice)).any


async def test_a_passkey_confirms_its_own_person_only(door: Door) -> None:
    await door.add()
    session = await door.passkeys.sign_in(await door.signed(), HERE)
    alice = await door.sign_in.resolve(session.token)
    assert alice is not None
    assert await door.passkeys.is_theirs(alice, await door.signed(), HERE)
    bob = make_member("Bob", organisation_id=door.alice.organisation_id, password_hash=PASSWORD.reveal())
    async with door.database.write(door.alice.organisation_id) as unit:
        await unit.organisations.add_member(bob)
    opened = await door.sign_in.sign_in(bob.email, PASSWORD, HERE.address)
    assert not isinstance(opened, Halfway)
    other = await door.sign_in.resolve(opened.token)
    assert other is not None
    assert not await door.passkeys.is_theirs(other, await door.signed(), HERE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    place=st.integers(0, 10_000), letter=st.sampled_from(['"', "}", "A", "_", "0", "\\"]), cut=st.booleans()
)
async def test_a_mangled_answer_is_refused_and_nothing_else(
    door: Door, place: int, letter: str, *, cut: bool
) -> None:
    answer = door.phone.sign(json.dumps({"challenge": "AAAA"}))
    place %= len(answer)
    mangled = answer[:place] if cut else answer[:place] + letter + answer[place + 1 :]
    with pytest.raises((SignInRequired, TooManyAttempts)):
        await door.passkeys.sign_in(mangled, Visit(f"198.51.{place % 250}.{len(mangled) % 250}"))


@pytest.mark.parametrize(
    ("address", "works"),
    [
        ("https://accounts.example.org", True),
        ("http://localhost:3000", True),
        ("http://127.0.0.1:3000", False),
        ("https://192.0.2.1", False),
        ("http://accounts.example.org", False),
    ],
)
def test_browsers_make_passkeys_for_names_with_https(door: Door, address: str, *, works: bool) -> None:
    passkeys = Passkeys(
        door.database, door.sign_in, door.factors, door.clock, os.urandom, door.limits, address
    )
    assert passkeys.available is works


async def test_old_questions_are_cleared_away(door: Door) -> None:
    await door.signed()
    door.clock.advance(CHALLENGE_LIFETIME + timedelta(seconds=1))
    await door.signed()
    async with door.database.engine.connect() as connection:
        rows = await connection.exec_driver_sql("SELECT count(*) FROM passkey_challenges")
        assert rows.scalar() == 1
