"""Second factors: setting one up, signing in with it, losing it. What an organisation demands is in test_factor_demands.py."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from structlog.testing import capture_logs

from integration_admin.core.errors import (
    InvalidInput,
    SignInRequired,
    TooManyAttempts,
)
from integration_admin.core.statuses import FactorDemand, Role
from integration_admin.data.database import Database
from integration_admin.services.reauthentication import RECENT
from integration_admin.services.second_factors import WAITS
from integration_admin.services.second_step import MOST_TRIES
from integration_admin.services.signed_in import Halfway, Principal, SignedIn, Visit
from tests.fakes import FakeClock
from tests.services.entrance import EMAIL, HERE, PASSWORD, STEP, WRONG, Entrance, colleague, put_together


@pytest.fixture
async def entrance(sqlite_database: Database, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Entrance]:
    yield (opened := await put_together(sqlite_database, clock, tmp_path))
    await opened.sign_in.close()


def written_into(database: Database) -> bytes:
    """Return every byte of a SQLite database, the write-ahead log too."""
    files = sorted(Path(database.path).parent.glob(f"{Path(database.path).name}*"))
    return b"".join(file.read_bytes() for file in files)


async def who(entrance: Entrance, session: SignedIn) -> Principal:
    principal = await entrance.sign_in.resolve(session.token)
    assert principal is not None
    return principal


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_password_then_code_opens_a_session_once(
    request: pytest.FixtureRequest, engine: str, clock: FakeClock, tmp_path: Path
) -> None:
    database = Database(request.getfixturevalue(f"{engine}_url"))
    entrance = await put_together(database, clock, tmp_path)
    app, _ = await entrance.with_app()
    token = await entrance.halfway()
    assert await entrance.sign_in.resolve(token) is None
    session = await entrance.step.give_code(token, entrance.shown(app), HERE)
    assert (await who(entrance, session)).actor == entrance.alice
    with pytest.raises(SignInRequired):
        await entrance.step.give_code(token, entrance.shown(app), HERE)
    assert (await entrance.audited())[-3:] == ["factor.app", "sign_in.half", "sign_in"]
    await database.close()


async def test_without_a_factor_the_password_is_enough(entrance: Entrance) -> None:
    assert isinstance(await entrance.sign_in.sign_in(EMAIL, PASSWORD, HERE.address), SignedIn)


async def test_an_app_that_was_never_confirmed_is_not_asked_for(entrance: Entrance) -> None:
    await entrance.factors.begin(entrance.alice, EMAIL)
    assert isinstance(await entrance.sign_in.sign_in(EMAIL, PASSWORD, HERE.address), SignedIn)


async def test_a_code_is_taken_once_by_whoever_comes_first(entrance: Entrance) -> None:
    app, _ = await entrance.with_app()
    code = entrance.shown(app)
    one, other = await entrance.halfway(), await entrance.halfway()
    results = await asyncio.gather(
        *(entrance.step.give_code(token, code, HERE) for token in (one, other)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["InvalidInput", "SignedIn"]


async def test_a_code_older_than_the_last_one_is_refused_though_it_is_within_the_window(
    entrance: Entrance,
) -> None:
    app, _ = await entrance.with_app()
    earlier = entrance.shown(app)
    entrance.clock.advance(STEP)
    await entrance.step.give_code(await entrance.halfway(), entrance.shown(app), HERE)
    with pytest.raises(InvalidInput):
        await entrance.step.give_code(await entrance.halfway(), earlier, HERE)


async def test_the_code_that_confirmed_the_app_does_not_sign_in(entrance: Entrance) -> None:
    enrolment = await entrance.factors.begin(entrance.alice, EMAIL)
    code = entrance.shown(pyotp.TOTP(enrolment.key.reveal()))
    await entrance.factors.confirm(entrance.alice, code)
    with pytest.raises(InvalidInput):
        await entrance.step.give_code(await entrance.halfway(), code, HERE)


async def test_after_five_wrong_codes_the_password_is_asked_for_again(entrance: Entrance) -> None:
    app, _ = await entrance.with_app()
    token = await entrance.halfway()
    for _ in range(MOST_TRIES):
        with pytest.raises(InvalidInput):
            await entrance.step.give_code(token, "000000", HERE)
    with pytest.raises(SignInRequired):
        await entrance.step.give_code(token, entrance.shown(app), HERE)
    assert (await entrance.audited()).count("sign_in.code_refused") == MOST_TRIES


async def test_guesses_are_limited_from_everywhere_while_a_recovery_code_still_lets_its_person_in(
    entrance: Entrance,
) -> None:
    app, codes = await entrance.with_app()
    for number in range(2):
        token = await entrance.halfway()
        for guess in range(MOST_TRIES):
            with pytest.raises(InvalidInput):
                await entrance.step.give_code(token, "000000", Visit(f"192.0.2.{number * 9 + guess + 10}"))
    with pytest.raises(TooManyAttempts):
        await entrance.step.give_code(await entrance.halfway(), entrance.shown(app), Visit("192.0.2.99"))
    assert await entrance.step.give_code(await entrance.halfway(), codes[0].reveal(), HERE)


async def test_the_second_step_ends_after_five_minutes(entrance: Entrance) -> None:
    app, _ = await entrance.with_app()
    token = await entrance.halfway()
    entrance.clock.advance(timedelta(minutes=5))
    assert await entrance.step.who(token) is None
    with pytest.raises(SignInRequired):
        await entrance.step.give_code(token, entrance.shown(app), HERE)


async def test_a_disabled_member_does_not_get_past_the_second_step(entrance: Entrance) -> None:
    app, _ = await entrance.with_app()
    token = await entrance.halfway()
    async with entrance.database.write(entrance.alice.organisation_id) as unit:
        assert entrance.alice.member_id is not None
        (await unit.organisations.member(entrance.alice.member_id)).disabled_at = entrance.clock.now()
    with pytest.raises(SignInRequired):
        await entrance.step.give_code(token, entrance.shown(app), HERE)


async def test_ten_recovery_codes_each_let_in_once(entrance: Entrance) -> None:
    _, codes = await entrance.with_app()
    assert len(codes) == 10
    await entrance.step.give_code(await entrance.halfway(), f" {codes[3].reveal().upper()} ", HERE)
    with pytest.raises(InvalidInput):
        await entrance.step.give_code(await entrance.halfway(), codes[3].reveal(), HERE)
    assert (await entrance.factors.own(entrance.alice)).codes_left == 9


async def test_new_recovery_codes_make_the_earlier_ones_worthless(entrance: Entrance) -> None:
    _, before = await entrance.with_app()
    fresh = await entrance.factors.new_codes(entrance.alice)
    with pytest.raises(InvalidInput):
        await entrance.step.give_code(await entrance.halfway(), before[0].reveal(), HERE)
    assert await entrance.step.give_code(await entrance.halfway(), fresh[0].reveal(), HERE)


async def test_keys_and_codes_are_nowhere_in_the_clear(entrance: Entrance) -> None:
    with capture_logs() as logs:
        app, codes = await entrance.with_app()
        with pytest.raises(InvalidInput) as caught:
            await entrance.step.give_code(await entrance.halfway(), "000000", HERE)
    async with entrance.database.read(entrance.alice.organisation_id) as unit:
        assert entrance.alice.member_id is not None
        row = await unit.factors.app(entrance.alice.member_id)
        audit = [event.detail for event in await unit.audit.latest()]
    assert row is not None
    everything = written_into(entrance.database) + repr([logs, audit, caught.value]).encode()
    assert row.envelope.startswith("v1.test.")
    assert [
        secret for secret in [app.secret, *(code.reveal() for code in codes)] if secret.encode() in everything
    ] == []


async def test_moving_to_another_app_ends_the_first_and_keeps_the_recovery_codes(entrance: Entrance) -> None:
    first, codes = await entrance.with_app()
    second, more = await entrance.with_app()
    assert more == []
    with pytest.raises(InvalidInput):
        await entrance.step.give_code(await entrance.halfway(), entrance.shown(first), HERE)
    assert await entrance.step.give_code(await entrance.halfway(), entrance.shown(second), HERE)
    assert await entrance.step.give_code(await entrance.halfway(), codes[0].reveal(), HERE)


async def test_a_wrong_code_confirms_no_app_and_a_key_waits_for_half_an_hour(entrance: Entrance) -> None:
    enrolment = await entrance.factors.begin(entrance.alice, EMAIL)
    with pytest.raises(InvalidInput):
        await entrance.factors.confirm(entrance.alice, "000000")
    shown = await entrance.factors.waiting(entrance.alice, EMAIL)
    assert shown is not None
    assert shown.key.reveal() == enrolment.key.reveal()
    entrance.clock.advance(WAITS + timedelta(seconds=1))
    assert await entrance.factors.waiting(entrance.alice, EMAIL) is None
    with pytest.raises(InvalidInput):
        await entrance.factors.confirm(entrance.alice, entrance.shown(pyotp.TOTP(enrolment.key.reveal())))


async def test_without_the_app_the_password_is_enough_again_and_the_codes_are_gone(
    entrance: Entrance,
) -> None:
    await entrance.with_app()
    await entrance.factors.remove_app(entrance.alice)
    own = await entrance.factors.own(entrance.alice)
    assert (own.any, own.codes_left) == (False, 0)
    assert isinstance(await entrance.sign_in.sign_in(EMAIL, PASSWORD, HERE.address), SignedIn)


async def test_a_code_is_asked_for_beside_the_password_before_secrets_are_changed(entrance: Entrance) -> None:
    app, codes = await entrance.with_app()
    session = await entrance.step.give_code(await entrance.halfway(), entrance.shown(app), HERE)
    entrance.clock.advance(RECENT + timedelta(seconds=1))
    principal = await who(entrance, session)
    assert not entrance.again.is_recent(principal)
    refusals = [(PASSWORD, ""), (PASSWORD, "000000"), (WRONG, codes[0].reveal())]
    said = set()
    for password, code in refusals:
        with pytest.raises(InvalidInput) as caught:
            await entrance.again.confirm(principal, password, code)
        said.add(str(caught.value.message))
    assert len(said) == 1
    await entrance.again.confirm(principal, PASSWORD, codes[0].reveal())
    assert entrance.again.is_recent(await who(entrance, session))


async def test_who_only_knows_the_password_puts_no_app_in_the_place_of_the_members_own(
    entrance: Entrance,
) -> None:
    eve = await colleague(entrance, "eve@example.org", Role.ADMINISTRATOR)
    await entrance.with_app()
    await entrance.demands.set(entrance.alice, FactorDemand.ADMINISTRATORS)
    tokens = []
    for _ in range(2):
        found = await entrance.sign_in.sign_in(eve.email, PASSWORD, HERE.address)
        assert isinstance(found, Halfway)
        tokens.append(found.token)
    own, thief = tokens
    half = await entrance.step.who(own)
    assert half is not None
    enrolment = await entrance.factors.begin(half.actor, half.email)
    await entrance.factors.confirm(half.actor, entrance.shown(pyotp.TOTP(enrolment.key.reveal())))
    assert await entrance.step.who(thief) is None
    await entrance.step.enrolled(own, HERE)
    with pytest.raises(SignInRequired):
        await entrance.step.enrolled(thief, HERE)
