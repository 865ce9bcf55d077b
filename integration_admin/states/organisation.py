"""The organisation's page: who is in it. Notices are in states/notices.py."""

from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.states.access import requires
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader


class MemberLine(TypedDict):
    """One person; `role` is the role's own word."""

    id: str
    name: str
    email: str
    role: str
    disabled: bool


class MembersState(FormState, rx.State):
    """The people of the organisation."""

    ready: bool = False
    members: list[MemberLine] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read who is there, by name."""
        reader = await current_reader()
        self._clear()
        self.ready = False
        try:
            members = await container.current().organisations.members(reader.actor)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.members = [
            MemberLine(
                id=str(one.id), name=one.name, email=one.email, role=str(one.role), disabled=one.disabled
            )
            for one in members
        ]
        self.ready = True
