"""Who is let into an organisation, and who is no longer."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FactorDemand, LinkPurpose, Role
from integration_admin.data.database import Database
from integration_admin.services.organisations import Organisations
from integration_admin.services.tokens import ApiTokens
from tests.builders import make_member, save_organisation
from tests.data.factor_rows import passkey_of
from tests.data.people_rows import make_link
from tests.fakes import FakeClock
from tests.services.people import HERE, PASSWORD, SITE, Office

KARI = ("Kari Nordmann", "Kari@Example.org", "coordinator")
EMAIL = "kari@example.org"


@pytest.fixture
async def office(sqlite_database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    opened = await Office(sqlite_database, clock).open()
    yield opened
    # What is written down after the answer still needs the database.
    await opened.close()


async def test_an_invitation_goes_by_e_mail_and_makes_a_member_once(office: Office) -> None:
    handed = await office.members.invite(office.actor(), *KARI)
    assert (handed.email, handed.address) == (EMAIL, None)
    (mail,) = office.mailbox.mails
    assert (mail.to, mail.language) == (EMAIL, "en")
    assert "Alice" in mail.text
    assert "Prøveforbundet" in mail.html
    token = office.mailbox.carried()
    assert len(token.reveal()) == 43
    assert token.reveal() not in str(await office.stored_links())

    assert (await office.links.open(token)).email == EMAIL
    await office.links.accept(token, PASSWORD)
    assert (await office.enter(EMAIL)).actor.role is Role.COORDINATOR
    with pytest.raises(NotFound):
        await office.links.accept(token, Secret("another long password"))
    assert [line[1:] for line in await office.told()] == [
        ("member.invite", EMAIL),
        ("member.join", EMAIL),
        ("sign_in", ""),
    ]
    assert await office.members.invitations(office.actor()) == []


async def test_without_a_mail_server_whoever_invites_passes_the_link_on(
    sqlite_database: Database, clock: FakeClock
) -> None:
    office = await Office(sqlite_database, clock, mail_is_set_up=False).open()
    handed = await office.members.invite(office.actor(), *KARI)
    assert handed.address is not None
    assert handed.address.reveal().startswith(f"{SITE}/link#")
    assert handed.trouble is None
    assert office.mailbox.mails == []


async def test_a_link_that_is_not_taken_by_the_mail_server_is_handed_out_with_the_reason(
    office: Office,
) -> None:
    office.mailbox.refuses = True
    handed = await office.members.invite(office.actor(), *KARI)
    assert handed.address is not None
    assert handed.trouble is not None


async def test_only_the_newest_link_of_an_invitation_works_and_none_once_it_is_withdrawn(
    office: Office,
) -> None:
    await office.members.invite(office.actor(), *KARI)
    (invitation,) = await office.members.invitations(office.actor())
    await office.members.invite_again(office.actor(), invitation.id)
    with pytest.raises(NotFound):
        await office.links.open(office.mailbox.carried(0))
    assert (await office.links.open(office.mailbox.carried(1))).organisation == "Prøveforbundet"
    (invitation,) = await office.members.invitations(office.actor())
    await office.members.withdraw(office.actor(), invitation.id)
    with pytest.raises(NotFound):
        await office.links.open(office.mailbox.carried(1))
    with pytest.raises(NotFound):
        await office.members.withdraw(office.actor(), invitation.id)


async def test_an_invitation_is_good_for_three_days(office: Office) -> None:
    await office.members.invite(office.actor(), *KARI)
    office.clock.advance(timedelta(hours=72) - timedelta(seconds=1))
    await office.links.open(office.mailbox.carried())
    office.clock.advance(1)
    with pytest.raises(NotFound):
        await office.links.open(office.mailbox.carried())
    assert await office.members.invitations(office.actor()) == []


async def test_of_two_who_use_a_link_at_once_one_gets_in(office: Office) -> None:
    await office.members.invite(office.actor(), *KARI)
    tries = (office.links.accept(office.mailbox.carried(), PASSWORD) for _ in range(2))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, NotFound | Conflict) for outcome in outcomes) == 1
    members = await Organisations(office.database, office.passwords, office.clock).members(office.actor())
    assert [member.name for member in members] == ["Alice", "Bob", "Kari Nordmann"]


async def test_whoever_signs_in_elsewhere_is_told_so_by_the_link_and_not_by_the_invitation(
    office: Office,
) -> None:
    await save_organisation(office.database, make_member("Charlie", email=EMAIL))
    await office.members.invite(office.actor(), *KARI)
    with pytest.raises(Conflict):
        await office.links.accept(office.mailbox.carried(), PASSWORD)
    with pytest.raises(Conflict):
        await office.members.invite(office.actor(), "Bob", office.bob.email, "viewer")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (("", EMAIL, "viewer"), "name"),
        (("Kari\nNordmann", EMAIL, "viewer"), "name"),
        (("Kari", "kari", "viewer"), "email"),
        (("Kari", EMAIL, "owner"), "role"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said_by_its_field(
    office: Office, wrong: tuple[str, str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await office.members.invite(office.actor(), *wrong)
    assert set(caught.value.fields) == {field}
    assert office.mailbox.mails == []


async def test_a_removed_member_is_out_at_once_with_every_session_and_link(office: Office) -> None:
    sessions = [await office.begin(office.bob) for _ in range(2)]
    await office.members.make_reset(office.actor(), office.bob.id)
    await office.members.remove(office.actor(), office.bob.id)
    assert [await office.sign_in.resolve(one) for one in sessions] == [None, None]
    with pytest.raises(NotFound):
        await office.links.open(office.mailbox.carried())
    with pytest.raises(NotFound):
        await office.members.remove(office.actor(), office.bob.id)
    assert (await office.told())[-1] == ("Alice", "member.remove", office.bob.email)


@pytest.mark.parametrize("deed", ["removed", "made a viewer"])
async def test_what_an_administrator_began_who_is_none_by_the_time_of_their_turn_is_refused(
    office: Office, deed: str
) -> None:
    handed = await office.members.invite(office.actor(), *KARI)
    (invitation,) = await office.members.invitations(office.actor())
    await office.members.change_role(office.actor(), office.bob.id, "administrator")
    bob = Actor(office.bob.organisation_id, "Bob", Role.ADMINISTRATOR, office.bob.id)
    if deed == "removed":
        await office.members.remove(office.actor(), office.bob.id)
    else:
        await office.members.change_role(office.actor(), office.bob.id, "viewer")
    tokens = ApiTokens(office.database, office.clock, os.urandom)
    for begun in (
        office.members.invite(bob, "Mallory", "mallory@example.org", "administrator"),
        office.members.invite_again(bob, invitation.id),
        office.members.make_reset(bob, office.alice.id),
        office.members.change_role(bob, office.alice.id, "viewer"),
        office.members.remove(bob, office.alice.id),
        tokens.create(bob, ["records:write"], "expense system"),
    ):
        with pytest.raises(NotPermitted):
            await begun
    assert [link.email for link in await office.members.invitations(office.actor())] == [handed.email]


@pytest.mark.parametrize("then", ["", "viewer"])
async def test_who_is_no_administrator_any_more_has_left_no_link_to_get_in_by(
    office: Office, then: str
) -> None:
    alice, bob = office.actor(), Actor(office.bob.organisation_id, "Bob", Role.ADMINISTRATOR, office.bob.id)
    await office.members.change_role(alice, office.bob.id, "administrator")
    await office.members.invite(bob, "Bob again", "bob@private.example.org", "administrator")
    await office.members.make_reset(bob, office.alice.id)
    await office.members.invite(alice, *KARI)
    if then:
        await office.members.change_role(alice, office.bob.id, then)
    else:
        await office.members.remove(alice, office.bob.id)
    of_bob, of_alice, of_kari = (office.mailbox.carried(number) for number in range(3))
    for link in (of_bob, of_alice):
        with pytest.raises(NotFound):
            await office.links.open(link)
    assert (await office.links.open(of_kari)).email == EMAIL
    assert (await office.told())[-1] == ("Alice", "member.withdraw", "bob@private.example.org")


async def test_who_has_the_same_name_keeps_their_links_and_one_without_a_member_is_known_by_the_name(
    office: Office,
) -> None:
    organisation_id = office.alice.organisation_id
    await office.members.change_role(office.actor(), office.bob.id, "administrator")
    namesake = make_member("Bob", role=Role.ADMINISTRATOR)
    async with office.database.write(organisation_id) as unit:
        await unit.organisations.add_member(namesake)
        await unit.people.add_link(make_link(office.bob, LinkPurpose.INVITATION))
    other = Actor(organisation_id, "Bob", Role.ADMINISTRATOR, namesake.id)
    await office.members.invite(other, *KARI)
    await office.links.forgotten(namesake.email, HERE)
    await office.links.close()
    await office.members.remove(office.actor(), office.bob.id)
    assert [link.email for link in await office.members.invitations(office.actor())] == [EMAIL]
    assert (await office.links.open(office.mailbox.carried())).email == namesake.email
    await office.members.change_role(office.actor(), namesake.id, "viewer")
    assert await office.members.invitations(office.actor()) == []


async def test_a_role_counts_at_once_and_the_change_is_told(office: Office) -> None:
    session = await office.begin(office.bob)
    await office.members.change_role(office.actor(), office.bob.id, "coordinator")
    assert (await office.who(session)).actor.role is Role.COORDINATOR
    with pytest.raises(InvalidInput):
        await office.members.change_role(office.actor(), office.bob.id, "owner")
    assert await office.told() == [("Alice", "member.role", office.bob.email)]


@pytest.mark.parametrize("has_factor", [False, True])
async def test_who_becomes_an_administrator_without_the_second_factor_that_demands_signs_in_anew(
    office: Office, *, has_factor: bool
) -> None:
    session, of_alice = await office.begin(office.bob), await office.begin(office.alice)
    async with office.database.write(office.bob.organisation_id) as unit:
        (await unit.organisations.get()).factor_demand = FactorDemand.ADMINISTRATORS
        (await unit.organisations.member(office.bob.id)).role = Role.COORDINATOR
        if has_factor:
            await unit.factors.add_passkey(passkey_of(office.bob))
    await office.members.change_role(office.actor(), office.bob.id, "viewer")
    assert await office.sign_in.resolve(session) is not None
    await office.members.change_role(office.actor(), office.bob.id, "administrator")
    assert (await office.sign_in.resolve(session) is not None) is has_factor
    assert await office.sign_in.resolve(of_alice) is not None
    told = ["member.role", "member.role"] + ([] if has_factor else ["member.end_sessions"])
    assert [line[1] for line in await office.told()] == told


async def test_the_last_administrator_stays_one(office: Office) -> None:
    with pytest.raises(Conflict):
        await office.members.remove(office.actor(), office.alice.id)
    with pytest.raises(Conflict):
        await office.members.change_role(office.actor(), office.alice.id, "viewer")
    await office.members.change_role(office.actor(), office.bob.id, "administrator")
    await office.members.change_role(office.actor(), office.alice.id, "viewer")


@pytest.mark.parametrize(
    ("deed", "refusal"), [("remove each other", "NotPermitted"), ("step down", "Conflict")]
)
async def test_of_two_administrators_at_the_same_moment_one_is_left(
    database: Database, clock: FakeClock, deed: str, refusal: str
) -> None:
    office = await Office(database, clock).open()
    await office.members.change_role(office.actor(), office.bob.id, "administrator")
    bob = Actor(office.bob.organisation_id, "Bob", Role.ADMINISTRATOR, office.bob.id)
    if deed == "step down":
        deeds = [
            office.members.change_role(office.actor(), office.alice.id, "viewer"),
            office.members.change_role(bob, office.bob.id, "viewer"),
        ]
    else:
        deeds = [
            office.members.remove(office.actor(), office.bob.id),
            office.members.remove(bob, office.alice.id),
        ]
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)
    assert {type(outcome).__name__ for outcome in outcomes} == {"NoneType", refusal}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.VIEWER])
async def test_only_administrators_decide_who_is_in(office: Office, role: Role) -> None:
    actor, bob, some = office.actor(role), office.bob.id, uuid.uuid4()
    for attempt in (
        office.members.invitations(actor),
        office.members.invite(actor, *KARI),
        office.members.invite_again(actor, some),
        office.members.withdraw(actor, some),
        office.members.make_reset(actor, bob),
        office.members.change_role(actor, bob, "administrator"),
        office.members.remove(actor, bob),
        office.sessions.end_of_member(actor, bob),
    ):
        with pytest.raises(NotPermitted):
            await attempt


async def test_another_organisations_people_are_as_missing_as_nobodys(office: Office) -> None:
    charlie = make_member("Charlie")
    other = await save_organisation(office.database, charlie)
    stranger = office.actor()
    theirs: Any = type(stranger)(other.id, "Charlie", Role.ADMINISTRATOR, charlie.id)
    await office.members.invite(theirs, *KARI)
    (invitation,) = await office.members.invitations(theirs)
    for attempt in (
        office.members.invite_again(stranger, invitation.id),
        office.members.withdraw(stranger, invitation.id),
        office.members.make_reset(stranger, charlie.id),
        office.members.change_role(stranger, charlie.id, "viewer"),
        office.members.remove(stranger, charlie.id),
        office.sessions.end_of_member(stranger, charlie.id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await office.told() == []
    assert (await office.links.open(office.mailbox.carried())).email == EMAIL
