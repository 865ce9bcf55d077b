"""Signing in at the very moment when the organisation begins to demand more of its members, or a password changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from integration_admin.core.errors import SignInRequired
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FactorDemand, Role, SignInStepKind
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member, Session
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.signed_in import IDLE, Halfway
from tests.data.identity_rows import give_provider
from tests.fakes import FakeClock
from tests.services.elsewhere import somewhere_else
from tests.services.entrance import EMAIL, HERE, PASSWORD, Entrance, colleague, put_together
from tests.services.people import Office

_MOMENT = 0.3
"""Seconds in which somebody who does not wait would have finished."""

OLD, NEW, THIEFS = (Secret(f"{word} trapp gitter") for word in ("kanin", "sommerfugl", "skilpadde"))

Happening = Callable[[Unit, Member], Awaitable[None]]


@pytest.fixture
async def entrance(database: Database, clock: FakeClock, tmp_path: Path) -> Entrance:
    return await put_together(database, clock, tmp_path)


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    """Bob has a password here."""
    opened = Office(database, clock)
    opened.bob.password_hash = await opened.passwords.hash(OLD)
    await opened.open()
    yield opened
    # What is written down after the answer still needs the database.
    await opened.close()


async def member_of(entrance: Entrance) -> Member:
    async with entrance.database.read(entrance.alice.organisation_id) as unit:
        assert entrance.alice.member_id is not None
        return await unit.organisations.member(entrance.alice.member_id)


async def demand_factor(unit: Unit, _: Member) -> None:
    (await unit.organisations.get()).factor_demand = FactorDemand.EVERYBODY


async def demand_provider(unit: Unit, member: Member) -> None:
    await give_provider(unit, member)
    provider = await unit.identity.provider()
    assert provider is not None
    await unit.identity.change_provider(provider.id, required=True)
    await unit.identity.end_all_but([], FakeClock().now())


async def during(
    database: Database, member: Member, happens: Happening, other: Coroutine[Any, Any, Any]
) -> Any:
    """Start something else while what happens in a transaction is not committed yet; return what comes of it."""
    async with database.write(member.organisation_id) as unit:
        await unit.organisations.take_turns()
        await happens(unit, member)
        task = asyncio.create_task(other)
        finished, _ = await asyncio.wait({task}, timeout=_MOMENT)
        assert not finished
    return await task


async def entered_during(entrance: Entrance, demand: Happening, entering: Coroutine[Any, Any, Any]) -> Any:
    return await during(entrance.database, await member_of(entrance), demand, entering)


async def enter(unit: Unit, member: Member) -> None:
    at = FakeClock().now()
    session = Session(
        member_id=member.id, token_hash="hash", created_at=at, last_seen_at=at, expires_at=at + IDLE
    )
    await unit.organisations.add_session(session)


@pytest.mark.parametrize(
    ("demand", "kind"), [(demand_factor, SignInStepKind.ENROL), (demand_provider, SignInStepKind.PROVIDER)]
)
async def test_a_right_password_is_judged_by_a_demand_that_comes_at_the_same_moment(
    entrance: Entrance, demand: Happening, kind: SignInStepKind
) -> None:
    found = await entered_during(entrance, demand, entrance.sign_in.sign_in(EMAIL, PASSWORD, HERE.address))
    assert isinstance(found, Halfway)
    assert found.kind is kind


@pytest.mark.parametrize("with_password", [False, True])
async def test_a_passkey_is_judged_by_a_demand_that_comes_at_the_same_moment(
    entrance: Entrance, *, with_password: bool
) -> None:
    await entrance.with_app()
    step = await entrance.halfway() if with_password else None
    entering = entrance.sign_in.come_with_passkey(await member_of(entrance), HERE, step)
    found = await entered_during(entrance, demand_provider, entering)
    assert isinstance(found, Halfway)
    assert found.kind is SignInStepKind.PROVIDER


async def test_a_code_counts_no_more_when_the_demand_comes_at_the_same_moment(entrance: Entrance) -> None:
    app, _ = await entrance.with_app()
    step = await entrance.halfway()
    with pytest.raises(SignInRequired):
        await entered_during(
            entrance, demand_provider, entrance.step.give_code(step, entrance.shown(app), HERE)
        )


async def test_who_demands_a_factor_waits_for_those_who_are_entering_and_ends_what_they_opened(
    entrance: Entrance,
) -> None:
    await entrance.with_app()
    bob = await colleague(entrance, "bob@example.org", Role.COORDINATOR)
    demanding = entrance.demands.set(entrance.alice, FactorDemand.EVERYBODY)
    assert await during(entrance.database, bob, enter, demanding) == 1


async def test_who_demands_the_provider_waits_for_those_who_are_entering_and_ends_what_they_opened(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with somewhere_else(database_url, tmp_path, clock) as place:
        await place.set_up()
        await place.connect(place.alice)
        demanding = place.factors.provider.demand(place.actor())
        assert await during(place.application.database, place.bob, enter, demanding) == 1


async def link_for(office: Office, email: str) -> Secret:
    """Ask for a new password, and return what the link carries."""
    await office.links.forgotten(email, HERE.address)
    await office.links.close()
    return office.mailbox.carried()


def becomes(password_hash: str) -> Happening:
    """Return what a new password comes to."""

    async def happens(unit: Unit, member: Member) -> None:
        assert await unit.people.set_password(member.id, password_hash)
        await unit.people.end_sessions(member.id, FakeClock().now())

    return happens


async def test_a_password_that_is_replaced_while_it_is_looked_at_opens_nothing(office: Office) -> None:
    replaced = becomes(await office.passwords.hash(NEW))
    with pytest.raises(SignInRequired):
        await during(office.database, office.bob, replaced, office.enter(office.bob.email, OLD))
    assert (await office.enter(office.bob.email, NEW)).actor.member_id == office.bob.id


async def promoted(unit: Unit, member: Member) -> None:
    (await unit.organisations.get()).factor_demand = FactorDemand.ADMINISTRATORS
    (await unit.organisations.member(member.id)).role = Role.ADMINISTRATOR


async def test_who_becomes_an_administrator_while_signing_in_is_asked_for_what_that_demands(
    office: Office,
) -> None:
    async with office.database.write(office.bob.organisation_id) as unit:
        (await unit.organisations.member(office.bob.id)).role = Role.COORDINATOR
    entering = office.sign_in.sign_in(office.bob.email, OLD, HERE.address)
    found = await during(office.database, office.bob, promoted, entering)
    assert isinstance(found, Halfway)
    assert found.kind is SignInStepKind.ENROL


async def test_a_password_whose_hash_is_made_anew_while_it_is_looked_at_is_still_right(
    office: Office,
) -> None:
    dearer = becomes(await office.passwords.hash(OLD))
    entered = await during(office.database, office.bob, dearer, office.enter(office.bob.email, OLD))
    assert entered.actor.member_id == office.bob.id


async def test_a_new_password_by_link_ends_what_was_being_opened_with_the_old_one(office: Office) -> None:
    token = await link_for(office, office.bob.email)
    await during(office.database, office.bob, enter, office.links.accept(token, NEW))
    assert await office.open_sessions(office.bob) == 0


async def test_a_new_password_of_ones_own_ends_what_was_being_opened_with_the_old_one(office: Office) -> None:
    here = await office.who(await office.begin(office.bob))
    await during(office.database, office.bob, enter, office.own_password.change(here, OLD, NEW))
    assert await office.open_sessions(office.bob) == 1


async def test_whoever_was_put_out_by_a_new_password_does_not_replace_it_any_more(office: Office) -> None:
    thief = await office.who(await office.begin(office.bob))
    replaced = becomes(await office.passwords.hash(NEW))
    with pytest.raises(SignInRequired):
        await during(office.database, office.bob, replaced, office.own_password.change(thief, OLD, THIEFS))
    with pytest.raises(SignInRequired):
        await office.enter(office.bob.email, THIEFS)
    assert (await office.enter(office.bob.email, NEW)).actor.member_id == office.bob.id
