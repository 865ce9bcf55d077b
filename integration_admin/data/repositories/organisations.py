"""The organisation, its members and its API tokens."""

import uuid
from datetime import datetime

from sqlalchemy import select, update

from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import ApiToken, Member, Session
from integration_admin.data.repositories.base import ORGANISATION, Repository

_ORGANISATION = select(Organisation).where(Organisation.id == ORGANISATION)


class OrganisationRepository(Repository):
    """Reads and changes the organisation itself and the people in it."""

    async def get(self) -> Organisation:
        """Return the organisation; raises NotFound."""
        found = await self._asked(_ORGANISATION)
        if not found:
            raise NotFound(msg("There is no such organisation."))
        return found[0][0]  # type: ignore[no-any-return]  # the one entity that was selected

    async def take_turns(self) -> None:
        """Let one transaction of the organisation at a time go on from here.

        SQLite has one writer anyway; on PostgreSQL the organisation's row is locked, which does not
        keep others from adding rows that point at it.
        """
        await self._session.get(Organisation, self._organisation_id, with_for_update={"key_share": True})

    async def members(self) -> list[Member]:
        """Return everybody, by name."""
        return await self._all(self._select(Member).order_by(Member.name))

    async def member(self, member_id: uuid.UUID) -> Member:
        """Return one member; raises NotFound."""
        return await self._one(
            self._select(Member).where(Member.id == member_id), msg("There is no such member.")
        )

    async def add_member(self, member: Member) -> None:
        """Add a member."""
        await self._add(member)

    async def add_session(self, session: Session) -> None:
        """Add a signed-in browser."""
        await self._add(session)

    async def note_authenticated(self, session_id: uuid.UUID, at: datetime) -> None:
        """Note that a session's person has given the password again."""
        await self._execute(
            update(Session).where(self._owned(Session), Session.id == session_id).values(authenticated_at=at)
        )

    async def add_token(self, token: ApiToken) -> None:
        """Add an API token."""
        await self._add(token)

    async def language_of(self, member_id: uuid.UUID | None) -> str:
        """Return the language a member reads: their own choice, else the organisation's. Raises NotFound."""
        own = (await self.member(member_id)).language if member_id else None
        return own or (await self.get()).language

    async def set_language(self, member_id: uuid.UUID, language: str) -> None:
        """Remember the language a member reads."""
        await self._execute(
            update(Member).where(self._owned(Member), Member.id == member_id).values(language=language)
        )
