"""What signing in at the provider is worth to somebody here: accounts connected, and proof of who one is; over real sockets."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from integration_admin.core.errors import SignInRequired
from integration_admin.core.statuses import FlowPurpose
from integration_admin.services.signed_in import Halfway
from tests.data.factor_rows import give_factors
from tests.fakes import FakeClock
from tests.services.elsewhere import ALICE, BOB, HERE, Elsewhere, somewhere_else

VERIFIED = {"email": BOB, "email_verified": True}


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Elsewhere]:
    async with somewhere_else(sqlite_url, tmp_path, clock) as made:
        await made.set_up()
        yield made


async def give_app(place: Elsewhere) -> None:
    async with place.application.database.write(place.bob.organisation_id) as unit:
        await give_factors(unit, place.bob)


async def test_an_account_there_is_one_persons_here(place: Elsewhere) -> None:
    await place.connect(place.bob, "bob-1")
    departure = await place.go_out(await place.session(place.alice), FlowPurpose.CONNECT)
    with pytest.raises(SignInRequired) as refused:
        await place.arrive(departure)
    assert refused.value.internal == "somebody_elses"
    assert (ALICE, "sign_in.provider_refused", "somebody_elses") in await place.told()
    own = await place.factors.provider.own(place.actor())
    assert own is not None
    assert own.since is None


async def test_a_session_that_has_ended_connects_nothing(place: Elsewhere) -> None:
    principal = await place.session(place.bob)
    departure = await place.go_out(principal, FlowPurpose.CONNECT)
    await place.application.services.people.sessions.end_of_member(place.actor(), place.bob.id)
    with pytest.raises(SignInRequired) as refused:
        await place.arrive(departure)
    assert refused.value.internal == "session"


async def test_signing_in_there_anew_confirms_who_one_is(place: Elsewhere) -> None:
    await place.connect(place.bob)
    opened = await place.enter(place.bob)
    principal = await place.who(opened)
    place.clock.advance(timedelta(minutes=11))
    again = place.application.services.reauthentication
    assert not again.is_recent(principal)
    departure = await place.go_out(principal, FlowPurpose.CONFIRM)
    assert "&prompt=login&max_age=0" in departure.address
    place.issuer.seen_at(place.clock.now())
    await place.arrive(departure)
    assert again.is_recent(await place.who(opened))
    assert (await place.told())[-1][:2] == (BOB, "reauthentication")


async def test_an_old_sign_in_there_or_somebody_elses_confirms_nothing(place: Elsewhere) -> None:
    async def confirm(subject: str, seconds_ago: int | None) -> str:
        departure = await place.go_out(await place.session(place.bob), FlowPurpose.CONFIRM)
        place.issuer.person = {"sub": subject}
        if seconds_ago is not None:
            place.issuer.seen_at(place.clock.now() - timedelta(seconds=seconds_ago))
        with pytest.raises(SignInRequired) as refused:
            await place.arrive(departure)
        return refused.value.internal

    await place.connect(place.bob)
    assert await confirm("kari-1", None) == "auth_time"
    assert await confirm("kari-1", 3_600) == "auth_time"
    assert await confirm("somebody-else", 0) == "another_person"
    await give_app(place)
    assert await confirm("kari-1", 0) == "one_factor"


async def test_only_proof_given_just_now_counts_for_changing_secrets_afterwards(place: Elsewhere) -> None:
    """Whoever finds a computer unlocked can sign out and in again: the provider may ask for nothing then."""
    again = place.application.services.reauthentication
    for seconds_ago, recent in ((None, False), (3_600, False), (30, True), (-3_600, True)):
        place.issuer.person = dict(VERIFIED)
        if seconds_ago is not None:
            place.issuer.seen_at(place.clock.now() - timedelta(seconds=seconds_ago))
        principal = await place.who((await place.come()).result)
        assert (seconds_ago, again.is_recent(principal)) == (seconds_ago, recent)
        assert principal.authenticated_at <= place.clock.now()


async def test_the_password_or_a_code_beside_the_provider_is_proof_given_just_now(place: Elsewhere) -> None:
    again = place.application.services.reauthentication
    await place.connect(place.alice, "alice-1")
    await place.factors.provider.demand(place.actor())
    departure = await place.go_on_after_password(place.bob)
    place.issuer.person = {"sub": "bob-1"}
    assert again.is_recent(await place.who((await place.arrive(departure)).result))
    await give_app(place)
    code, *_ = await place.factors.own.new_codes(place.actor(place.bob))
    half = (await place.come()).result
    assert isinstance(half, Halfway)
    opened = await place.factors.step.give_code(half.token, code.reveal(), HERE)
    assert again.is_recent(await place.who(opened))


async def test_where_accounts_are_connected_whoever_is_signed_in_there_is_asked_who_they_are(
    place: Elsewhere,
) -> None:
    """On a shared computer somebody else may be signed in there still, and would be connected without a word."""
    departure = await place.go_out(await place.session(place.bob), FlowPurpose.CONNECT)
    assert departure.address.endswith("&prompt=login")
    await place.connect(place.alice, "alice-1")
    await place.factors.provider.demand(place.actor())
    first = await place.go_on_after_password(place.bob)
    assert first.address.endswith("&prompt=login")
    place.issuer.person = {"sub": "bob-1"}
    await place.arrive(first)
    assert "prompt" not in (await place.go_on_after_password(place.bob)).address


async def test_whose_verified_address_is_another_members_is_connected_with_nobody_else(
    place: Elsewhere,
) -> None:
    place.issuer.person = VERIFIED | {"sub": "bob-1"}
    departure = await place.go_out(await place.session(place.alice), FlowPurpose.CONNECT)
    with pytest.raises(SignInRequired) as refused:
        await place.arrive(departure)
    assert refused.value.internal == "another_person"
    place.issuer.person = {"email": ALICE, "email_verified": True}
    await place.connect(place.alice, "alice-1")
    await place.factors.provider.demand(place.actor())
    charlie = await place.join("charlie@example.org")
    departure = await place.go_on_after_password(charlie)
    place.issuer.person = VERIFIED | {"sub": "bob-1"}
    with pytest.raises(SignInRequired) as refused:
        await place.arrive(departure)
    assert refused.value.internal == "another_person"
