"""The page of one member: the role, a link for a new password, their sessions, and removing them."""

from typing import Any
from uuid import UUID

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, NotFound
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_id, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.handing import HandingState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.reauthentication import ReauthenticationState, require_recent_password
from integration_admin.states.shell import ShellState

_HOME = "/settings/organisation"


class MemberState(FormState, HandingState, rx.State):
    """One member, for administrators."""

    ready: bool = False
    missing: bool = False
    member_id: str = ""
    name: str = ""
    email: str = ""
    role: str = ""
    goes_on: str = ""
    """The names of the API tokens they made, which go on working without them."""
    done: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The sentence of what was done; a new list is read out again."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> rx.event.EventSpec | None:
        """Read who the address names."""
        reader = await current_reader()
        self._begin()
        self._forget_handed()
        self.ready, self.missing, self.member_id, self.name = False, False, "", ""
        try:
            await self._read(reader, _asked_member(self.router.url))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            self.missing = True
            return None
        self.times_read += 1
        self.ready = True
        return ReauthenticationState.load

    @rx.event
    @requires(Permission.CONFIGURE)
    async def change_role(self, form: dict) -> None:
        """Give them another role."""
        reader = await current_reader()
        self._begin()
        try:
            await require_recent_password(self)
            member_id, wanted = shown_id(self.member_id), str(form.get("role", ""))
            await container.current().people.members.change_role(reader.actor, member_id, wanted)
            await self._read(reader, member_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._tell(reader, msg("The role is saved, and counts from now on."))

    @rx.event
    @requires(Permission.CONFIGURE)
    async def make_link(self) -> rx.event.EventSpec | None:
        """Make a link with which they choose a new password."""
        reader = await current_reader()
        self._begin()
        try:
            await require_recent_password(self)
            members = container.current().people.members
            handed = await members.make_reset(reader.actor, shown_id(self.member_id))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        return self._hand(handed, reader.speech)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def end_sessions(self) -> None:
        """Sign them out everywhere."""
        reader = await current_reader()
        self._begin()
        try:
            sessions = container.current().people.sessions
            ended = await sessions.end_of_member(reader.actor, shown_id(self.member_id))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._tell(reader, msg("Sessions ended: {count}", count=ended))

    @rx.event
    @requires(Permission.CONFIGURE)
    async def remove(self) -> rx.event.EventSpec | None:
        """Remove them, and go back to the list."""
        reader = await current_reader()
        self._begin()
        try:
            await container.current().people.members.remove(reader.actor, shown_id(self.member_id))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        shell = await self.get_state(ShellState)
        shell.notice = reader.speech.say(
            msg("{person} is removed, and is signed out everywhere.", person=self.name)
        )
        return rx.redirect(_HOME)

    def _begin(self) -> None:
        # A link that is shown stays whatever else is done: it is never shown again.
        self._clear()
        self.mailed, self.done = "", []

    def _tell(self, reader: Reader, sentence: Message) -> None:
        self.done = [reader.speech.say(sentence)]
        self.times_told += 1

    async def _read(self, reader: Reader, member_id: UUID | None) -> None:
        members = await container.current().organisations.members(reader.actor)
        found = next((one for one in members if one.id == member_id), None)
        if found is None:
            raise NotFound(msg("There is no such member."))
        self.member_id, self.name, self.email, self.role = (
            str(found.id),
            found.name,
            found.email,
            str(found.role),
        )
        made = await container.current().tokens.everything(reader.actor)
        theirs = (one for one in made if one.is_by(found.id, found.name))
        self.goes_on = ", ".join(one.name for one in theirs if not one.is_over)


def _asked_member(url: Any) -> UUID | None:
    """Return the member a page's address names, its fourth part."""
    parts = str(url.path).strip("/").split("/")
    return asked_id(parts[3] if len(parts) > 3 else "")
