"""What second factors an organisation demands of whom, and who may take away one that was lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import (
    InvalidInput,
    NotFound,
    NotPermitted,
    SignInRequired,
)
from integration_admin.core.statuses import FactorDemand, Role, SignInStepKind
from integration_admin.data.database import Database
from integration_admin.services.signed_in import Halfway, Principal, SignedIn
from tests.builders import make_member, save_organisation
from tests.data.factor_rows import passkey_of
from tests.fakes import FakeClock
from tests.services.entrance import EMAIL, HERE, PASSWORD, Entrance, colleague, put_together


@pytest.fixture
async def entrance(sqlite_database: Database, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Entrance]:
    yield (opened := await put_together(sqlite_database, clock, tmp_path))
    await opened.sign_in.close()


async def who(entrance: Entrance, session: SignedIn) -> Principal:
    principal = await entrance.sign_in.resolve(session.token)
    assert principal is not None
    return principal


async def test_whoever_must_have_a_factor_sets_it_up_before_anything_else(entrance: Entrance) -> None:
    app, _ = await entrance.with_app()
    bob = await colleague(entrance, "bob@example.org", Role.VIEWER)
    before = await entrance.sign_in.sign_in(bob.email, PASSWORD, HERE.address)
    assert isinstance(before, SignedIn)
    assert await entrance.demands.set(entrance.alice, FactorDemand.EVERYBODY) == 1
    assert await entrance.sign_in.resolve(before.token) is None

    found = await entrance.sign_in.sign_in(bob.email, PASSWORD, HERE.address)
    assert isinstance(found, Halfway)
    assert found.kind is SignInStepKind.ENROL
    with pytest.raises(SignInRequired):
        await entrance.step.give_code(found.token, entrance.shown(app), HERE)
    with pytest.raises(SignInRequired):
        await entrance.step.enrolled(found.token, HERE)
    half = await entrance.step.who(found.token)
    assert half is not None
    enrolment = await entrance.factors.begin(half.actor, half.email)
    await entrance.factors.confirm(half.actor, entrance.shown(pyotp.TOTP(enrolment.key.reveal())))
    session = await entrance.step.enrolled(found.token, HERE)
    assert (await who(entrance, session)).email == bob.email


async def test_a_demand_of_administrators_leaves_others_alone(entrance: Entrance) -> None:
    await entrance.with_app()
    bob = await colleague(entrance, "bob@example.org", Role.VIEWER)
    eve = await colleague(entrance, "eve@example.org", Role.ADMINISTRATOR)
    await entrance.demands.set(entrance.alice, FactorDemand.ADMINISTRATORS)
    assert isinstance(await entrance.sign_in.sign_in(bob.email, PASSWORD, HERE.address), SignedIn)
    assert isinstance(await entrance.sign_in.sign_in(eve.email, PASSWORD, HERE.address), Halfway)


async def test_an_administrator_without_a_factor_cannot_demand_one(entrance: Entrance) -> None:
    with pytest.raises(InvalidInput):
        await entrance.demands.set(entrance.alice, FactorDemand.EVERYBODY)
    assert (await entrance.factors.own(entrance.alice)).demand is FactorDemand.OPTIONAL


async def test_the_last_factor_stays_where_the_organisation_demands_one(entrance: Entrance) -> None:
    await entrance.with_app()
    await entrance.demands.set(entrance.alice, FactorDemand.ADMINISTRATORS)
    with pytest.raises(InvalidInput):
        await entrance.factors.remove_app(entrance.alice)
    assert (await entrance.factors.own(entrance.alice)).any


async def test_an_administrator_takes_away_what_a_member_has_lost(entrance: Entrance) -> None:
    await entrance.with_app()
    admin = await colleague(entrance, "eve@example.org", Role.ADMINISTRATOR)
    eve = Actor(admin.organisation_id, "Eve", Role.ADMINISTRATOR, admin.id)
    waiting = await entrance.halfway()
    assert entrance.alice.member_id is not None
    await entrance.demands.reset(eve, entrance.alice.member_id)
    assert await entrance.step.who(waiting) is None
    assert isinstance(await entrance.sign_in.sign_in(EMAIL, PASSWORD, HERE.address), SignedIn)
    with pytest.raises(InvalidInput):
        await entrance.demands.reset(eve, admin.id)


@pytest.mark.parametrize("demand", [FactorDemand.ADMINISTRATORS, FactorDemand.EVERYBODY])
async def test_whose_factor_is_taken_away_is_signed_out_where_they_must_have_one(
    entrance: Entrance, demand: FactorDemand
) -> None:
    await entrance.with_app()
    bob = await colleague(entrance, "bob@example.org", Role.COORDINATOR)
    async with entrance.database.write(bob.organisation_id) as unit:
        await unit.factors.add_passkey(passkey_of(bob))
    session = await entrance.sign_in.come_with_passkey(bob, HERE, None)
    await entrance.demands.set(entrance.alice, demand)
    await entrance.demands.reset(entrance.alice, bob.id)
    stays = demand is FactorDemand.ADMINISTRATORS
    assert (await entrance.sign_in.resolve(session.token) is not None) is stays
    assert ("member.end_sessions" in await entrance.audited()) is not stays


async def test_whoever_runs_the_server_takes_them_away_by_e_mail_address(entrance: Entrance) -> None:
    await entrance.with_app()
    await entrance.demands.reset_by_email(f" {EMAIL.upper()} ")
    assert not (await entrance.factors.own(entrance.alice)).any
    with pytest.raises(NotFound):
        await entrance.demands.reset_by_email("nobody@example.org")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COORDINATOR])
async def test_only_administrators_demand_and_take_away(entrance: Entrance, role: Role) -> None:
    member = await colleague(entrance, "bob@example.org", role)
    bob = Actor(member.organisation_id, "Bob", role, member.id)
    assert entrance.alice.member_id is not None
    for call in (
        entrance.demands.set(bob, FactorDemand.EVERYBODY),
        entrance.demands.reset(bob, entrance.alice.member_id),
        entrance.demands.members(bob),
    ):
        with pytest.raises(NotPermitted):
            await call


async def test_a_member_of_another_organisation_does_not_exist(entrance: Entrance) -> None:
    other = make_member("Charlie")
    await save_organisation(entrance.database, other)
    with pytest.raises(NotFound):
        await entrance.demands.reset(entrance.alice, other.id)
