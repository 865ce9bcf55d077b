"""Who is let into an organisation, with which role, and who is no longer. Who is in it is told by organisations.py."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import LinkPurpose, Permission, Role
from integration_admin.core.typed_text import without_ends
from integration_admin.data.database import Database
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member, OneTimeLink
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.administrators import take_turn
from integration_admin.services.factor_demands import end_without_factor
from integration_admin.services.one_time_links import Handed, LinkPost
from integration_admin.services.organisations import is_email

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class InvitationView:
    """One invitation nobody has used yet."""

    id: uuid.UUID
    name: str
    email: str
    role: Role
    created_by: str
    expires_at: datetime


class Members:
    """Invites people, changes what they may do, and removes them; for administrators, and every change is audited."""

    def __init__(self, database: Database, post: LinkPost, clock: Clock) -> None:
        self._database = database
        self._post = post
        self._clock = clock

    @property
    def mail_is_set_up(self) -> bool:
        """Whether links go by e-mail; otherwise whoever makes one passes it on."""
        return self._post.mail_is_set_up

    async def invitations(self, actor: Actor) -> list[InvitationView]:
        """Return the invitations that can still be used, by name."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            rows = await unit.people.open_invitations(self._clock.now())
        return [
            InvitationView(row.id, row.name, row.email, row.role, row.created_by, row.expires_at)
            for row in rows
        ]

    async def invite(self, actor: Actor, name: str, email: str, role: str) -> Handed:
        """Invite somebody; the link works once, for 72 hours, and an earlier one to the address no more.

        Raises InvalidInput by field, NotPermitted, and Conflict for somebody who is a member already. That
        somebody signs in to another organisation is not told here: only whoever holds the link learns it.
        """
        actor.require(Permission.CONFIGURE)
        to = _invited(name, email, role)
        async with self._database.write(actor.organisation_id) as unit:
            await take_turn(unit, actor)
            if any(member.email == to.email for member in await unit.organisations.members()):
                raise Conflict(msg("{person} is a member already.", person=to.email))
            link, token, organisation = await self._make(unit, actor, to)
        return await self._post.hand_over(link, token, organisation.name, organisation.language)

    async def invite_again(self, actor: Actor, link_id: uuid.UUID) -> Handed:
        """Make a new link for an invitation; the earlier one works no more. Raises NotFound, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            await take_turn(unit, actor)
            row = await unit.people.invitation(link_id)
            to = Member(name=row.name, email=row.email, role=row.role)
            link, token, organisation = await self._make(unit, actor, to)
        return await self._post.hand_over(link, token, organisation.name, organisation.language)

    async def withdraw(self, actor: Actor, link_id: uuid.UUID) -> None:
        """Let an invitation work no more. Raises NotFound, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            row = await unit.people.invitation(link_id)
            await unit.people.drop_links(LinkPurpose.INVITATION, row.email)
            await unit.audit.add(self._clock.now(), actor.name, "member.withdraw", row.email)

    async def make_reset(self, actor: Actor, member_id: uuid.UUID) -> Handed:
        """Make a link by which a member chooses a new password; it works once, for an hour.

        The password they have stays good until then. Raises NotFound, NotPermitted, and Conflict for
        somebody who cannot sign in any more.
        """
        actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            await take_turn(unit, actor)
            member = await unit.organisations.member(member_id)
            if member.disabled_at is not None:
                raise Conflict(msg("{person} cannot sign in any more.", person=member.name))
            organisation = await unit.organisations.get()
            language = member.language or organisation.language
            link, token = await self._post.make(unit, LinkPurpose.RESET, member, actor, member.id)
            await unit.audit.add(self._clock.now(), actor.name, "member.reset_link", member.email)
        return await self._post.hand_over(link, token, organisation.name, language)

    async def change_role(self, actor: Actor, member_id: uuid.UUID, role: str) -> None:
        """Give a member another role, which counts at their next event or request.

        The links an administrator made for others end with that role. Where the new one demands a second factor they do not have, their sessions end: they set one up at the next sign-in.
        Raises NotFound, InvalidInput, NotPermitted, and Conflict for the last administrator.
        """
        actor.require(Permission.CONFIGURE)
        wanted, now = _role(role), self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            await take_turn(unit, actor)
            member = await unit.organisations.member(member_id)
            if member.role is wanted:
                return
            await _keep_an_administrator(unit, member)
            before, member.role = member.role, wanted
            await unit.audit.add(
                now, actor.name, "member.role", member.email, before=str(before), after=str(wanted)
            )
            if before is Role.ADMINISTRATOR:
                await _end_their_links(unit, actor, member, now)
            await end_without_factor(unit, member, actor.name, now)

    async def remove(self, actor: Actor, member_id: uuid.UUID) -> None:
        """Remove a member; their sessions and links end with them, at once, and so do those they made for others.

        Raises NotFound, NotPermitted, and Conflict for the last administrator.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            await take_turn(unit, actor)
            member = await unit.organisations.member(member_id)
            await _keep_an_administrator(unit, member)
            await unit.people.remove_member(member.id)
            await unit.audit.add(now, actor.name, "member.remove", member.email, role=str(member.role))
            await _end_their_links(unit, actor, member, now)

    async def _make(self, unit: Unit, actor: Actor, to: Member) -> tuple[OneTimeLink, Secret, Organisation]:
        organisation = await unit.organisations.get()
        link, token = await self._post.make(unit, LinkPurpose.INVITATION, to, actor, None)
        now = self._clock.now()
        await unit.audit.add(now, actor.name, "member.invite", to.email, role=str(to.role))
        return link, token, organisation


def _invited(name: str, email: str, role: str) -> Member:
    """Return the person as they will be; raises InvalidInput with a sentence for each wrong field."""
    wrong: dict[str, Message] = {}
    account, known_as = without_ends(email).lower(), without_ends(name)
    if not 1 <= len(known_as) <= _LONGEST_NAME or not known_as.isprintable():
        wrong["name"] = msg("Write the person’s name, in at most {count} characters.", count=_LONGEST_NAME)
    if not is_email(account):
        wrong["email"] = msg("This is not an e-mail address.")
    if role not in set(Role):
        wrong["role"] = msg("Choose what the person may do.")
    if wrong:
        raise InvalidInput(msg("Some fields need another look."), fields=wrong)
    return Member(name=known_as, email=account, role=Role(role))


def _role(role: str) -> Role:
    if role not in set(Role):
        sentence = msg("Choose what the person may do.")
        raise InvalidInput(sentence, fields={"role": sentence})
    return Role(role)


async def _end_their_links(unit: Unit, actor: Actor, maker: Member, now: datetime) -> None:
    """Let the links a member made for others work no more: one may lead back in whoever made it."""
    for email in await unit.people.drop_links_by(maker):
        await unit.audit.add(now, actor.name, "member.withdraw", email)


async def _keep_an_administrator(unit: Unit, member: Member) -> None:
    """Raise Conflict where an organisation would be left without anybody who administers it."""
    if member.role is Role.ADMINISTRATOR and not await unit.people.other_administrators(member.id):
        raise Conflict(
            msg("{person} is the only administrator. Make somebody else one first.", person=member.name)
        )
