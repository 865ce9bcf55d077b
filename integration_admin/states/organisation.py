"""The organisation's page: who is in it, who is invited, and inviting. One member is in states/member.py."""

import uuid
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.members import InvitationView
from integration_admin.services.organisations import MemberView
from integration_admin.states.access import requires
from integration_admin.states.addresses import shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.handing import HandingState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.reauthentication import ReauthenticationState, require_recent_password
from integration_admin.states.speech import Speech

_LONGEST = 300


class MemberLine(TypedDict):
    """One person; `role` is the role's own word, and `href` leads to what may be changed."""

    id: str
    name: str
    email: str
    role: str
    disabled: bool
    href: str


class InvitationLine(TypedDict):
    """One invitation nobody has used yet."""

    id: str
    name: str
    email: str
    role: str
    invited_by: str
    until: str


class MembersState(FormState, HandingState, rx.State):
    """The people of the organisation, and those who are invited."""

    ready: bool = False
    members: list[MemberLine] = []  # noqa: RUF012, Reflex copies defaults
    invitations: list[InvitationLine] = []  # noqa: RUF012, Reflex copies defaults
    mail_is_set_up: bool = False
    withdrawn: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> rx.event.EventSpec | None:
        """Read who is there, by name, and for administrators who is invited."""
        reader = await current_reader()
        self._begin()
        self._forget_handed()
        self.ready = False
        try:
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.times_read += 1
        self.ready = True
        return ReauthenticationState.load if reader.actor.may(Permission.CONFIGURE) else None

    @rx.event
    @requires(Permission.CONFIGURE)
    async def invite(self, form: dict) -> rx.event.EventSpec | None:
        """Invite somebody; where no e-mail can be sent the link is written into its field, this once."""
        if self._is_sent_again(form):
            return None
        reader = await current_reader()
        self._begin()
        name, email, role = (str(form.get(field, ""))[:_LONGEST] for field in ("name", "email", "role"))
        try:
            await require_recent_password(self)
            handed = await container.current().people.members.invite(reader.actor, name, email, role)
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.times_read += 1
        return self._hand(handed, reader.speech)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def invite_again(self, invitation_id: str) -> rx.event.EventSpec | None:
        """Make a new link for an invitation in place of the earlier one."""
        reader = await current_reader()
        self._begin()
        try:
            await require_recent_password(self)
            members = container.current().people.members
            handed = await members.invite_again(reader.actor, shown_id(invitation_id))
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        return self._hand(handed, reader.speech)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def withdraw(self, invitation_id: str) -> None:
        """Let an invitation work no more."""
        reader = await current_reader()
        self._begin()
        emails = [one["email"] for one in self.invitations if one["id"] == str(invitation_id)]
        try:
            await container.current().people.members.withdraw(reader.actor, shown_id(invitation_id))
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        if self._handed_to in emails:
            self._forget_handed()
        self.withdrawn = reader.speech.say(msg("The invitation is withdrawn. Its link works no more."))
        self.times_told += 1

    def _begin(self) -> None:
        # A link that is shown stays whatever else is done: it is never shown again.
        self._clear()
        self.mailed, self.withdrawn = "", ""

    async def _read(self, reader: Reader) -> None:
        services = container.current()
        may_change = reader.actor.may(Permission.CONFIGURE)
        found = await services.organisations.members(reader.actor)
        self.members = [_member_line(one, may_change=may_change) for one in found]
        if may_change:
            self.mail_is_set_up = services.people.members.mail_is_set_up
            invited = await services.people.members.invitations(reader.actor)
            self.invitations = [_invitation_line(one, reader.speech) for one in invited]


def _member_line(one: MemberView, *, may_change: bool) -> MemberLine:
    return MemberLine(
        id=str(one.id),
        name=one.name,
        email=one.email,
        role=str(one.role),
        disabled=one.disabled,
        href=_href(one.id) if may_change else "",
    )


def _href(member_id: uuid.UUID) -> str:
    return f"/settings/organisation/members/{member_id}"


def _invitation_line(one: InvitationView, speech: Speech) -> InvitationLine:
    return InvitationLine(
        id=str(one.id),
        name=one.name,
        email=one.email,
        role=str(one.role),
        invited_by=speech.person(one.created_by),
        until=speech.instant(one.expires_at),
    )
