"""What people hold: one-time links, sessions, API tokens, and changes to members. Reading members is in organisations.py."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from integration_admin.core.messages import msg
from integration_admin.core.statuses import LinkPurpose, Role
from integration_admin.data.models_access import ApiToken, Member, OneTimeLink, Session
from integration_admin.data.repositories.base import Repository


class PeopleRepository(Repository):
    """Reads and changes what belongs to the people of one organisation."""

    async def other_administrators(self, member_id: uuid.UUID) -> int:
        """Count those who administer besides one member."""
        found = await self._session.scalar(
            select(func.count())
            .select_from(Member)
            .where(
                self._owned(Member),
                Member.role == Role.ADMINISTRATOR,
                Member.disabled_at.is_(None),
                Member.id != member_id,
            )
        )
        return found or 0

    async def remove_member(self, member_id: uuid.UUID) -> None:
        """Remove a member; sessions, links and whatever else is theirs go with them."""
        await self._execute(delete(Member).where(self._owned(Member), Member.id == member_id))

    async def set_password(self, member_id: uuid.UUID, password_hash: str) -> bool:
        """Store a new password's hash; tell whether there is such a member who may sign in."""
        statement = update(Member).where(
            self._owned(Member), Member.id == member_id, Member.disabled_at.is_(None)
        )
        return await self._execute(statement.values(password_hash=password_hash)) == 1

    async def has_password(self, member_id: uuid.UUID, password_hash: str | None) -> bool:
        """Tell whether there is such a member who may sign in, with just this password."""
        found = await self._session.scalar(
            select(Member.password_hash).where(
                self._owned(Member), Member.id == member_id, Member.disabled_at.is_(None)
            )
        )
        return found is not None and found == password_hash

    async def add_link(self, link: OneTimeLink) -> None:
        """Add a one-time link."""
        await self._add(link)

    async def open_invitations(self, now: datetime) -> list[OneTimeLink]:
        """Return invitations nobody has used yet and that are still good, by name."""
        return await self._all(
            self._select(OneTimeLink)
            .where(
                OneTimeLink.purpose == LinkPurpose.INVITATION,
                OneTimeLink.used_at.is_(None),
                OneTimeLink.expires_at > now,
            )
            .order_by(OneTimeLink.name, OneTimeLink.email)
        )

    async def invitation(self, link_id: uuid.UUID) -> OneTimeLink:
        """Return an invitation nobody has used; raises NotFound."""
        return await self._one(
            self._select(OneTimeLink).where(
                OneTimeLink.id == link_id,
                OneTimeLink.purpose == LinkPurpose.INVITATION,
                OneTimeLink.used_at.is_(None),
            ),
            msg("There is no such invitation any more."),
        )

    async def use_link(self, link_id: uuid.UUID, now: datetime) -> bool:
        """Use a link up; of several who try at the same moment one is told True."""
        used = await self._execute(
            update(OneTimeLink)
            .where(
                self._owned(OneTimeLink),
                OneTimeLink.id == link_id,
                OneTimeLink.used_at.is_(None),
                OneTimeLink.expires_at > now,
            )
            .values(used_at=now)
        )
        return used == 1

    async def drop_links(self, purpose: LinkPurpose, email: str) -> None:
        """Remove the unused links of one purpose to an e-mail address, so that only the newest works."""
        await self._execute(
            delete(OneTimeLink).where(
                self._owned(OneTimeLink),
                OneTimeLink.purpose == purpose,
                OneTimeLink.email == email,
                OneTimeLink.used_at.is_(None),
            )
        )

    async def drop_links_by(self, maker: Member) -> list[str]:
        """Remove the unused links a member made for others; return to which addresses they invited.

        Links older than `created_by_id` know their maker by name alone.
        """
        theirs = (
            self._owned(OneTimeLink),
            or_(
                OneTimeLink.created_by_id == maker.id,
                and_(OneTimeLink.created_by_id.is_(None), OneTimeLink.created_by == maker.name),
            ),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.member_id.is_distinct_from(maker.id),
        )
        invited = self._select(OneTimeLink).where(*theirs, OneTimeLink.purpose == LinkPurpose.INVITATION)
        emails = [link.email for link in await self._all(invited.order_by(OneTimeLink.email))]
        await self._execute(delete(OneTimeLink).where(*theirs))
        return emails

    async def sessions(self, member_id: uuid.UUID, now: datetime, idle: timedelta) -> list[Session]:
        """Return a member's sessions that are still good, the one used last first."""
        return await self._all(
            self._select(Session)
            .where(
                Session.member_id == member_id,
                Session.revoked_at.is_(None),
                Session.expires_at > now,
                Session.last_seen_at > now - idle,
            )
            .order_by(Session.last_seen_at.desc(), Session.created_at.desc())
        )

    async def end_sessions(
        self,
        member_id: uuid.UUID,
        now: datetime,
        *,
        only: uuid.UUID | None = None,
        but: uuid.UUID | None = None,
    ) -> int:
        """End a member's sessions: all, `only` one, or all `but` one; return how many that were."""
        wanted: list[ColumnElement[bool]] = [Session.member_id == member_id, Session.revoked_at.is_(None)]
        wanted += [Session.id == only] if only else []
        wanted += [Session.id != but] if but else []
        return await self._execute(
            update(Session).where(self._owned(Session), *wanted).values(revoked_at=now)
        )

    async def remove_ended(self, before: datetime, idle: timedelta) -> int:
        """Remove sessions and links that ended before an instant; return how many sessions that were."""
        await self._execute(
            delete(OneTimeLink).where(self._owned(OneTimeLink), OneTimeLink.expires_at < before)
        )
        return await self._execute(
            delete(Session).where(
                self._owned(Session),
                or_(
                    Session.revoked_at < before,
                    Session.expires_at < before,
                    Session.last_seen_at < before - idle,
                ),
            )
        )

    async def tokens(self) -> list[ApiToken]:
        """Return the API tokens that were not revoked, by name."""
        return await self._all(
            self._select(ApiToken)
            .where(ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.name, ApiToken.created_at)
        )

    async def revoke_token(self, token_id: uuid.UUID, now: datetime) -> ApiToken:
        """Revoke an API token and return it; raises NotFound where there is none to revoke."""
        found = await self._one(
            self._select(ApiToken).where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None)),
            msg("There is no such API token any more."),
        )
        found.revoked_at = now
        return found
