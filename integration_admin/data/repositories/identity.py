"""Sign-in providers, who members are there, and who is on the way: of one organisation, and before it is known."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member, Session
from integration_admin.data.models_factors import SignInStep
from integration_admin.data.models_identity import IdentityProvider, MemberIdentity, OpenIdFlow
from integration_admin.data.repositories.base import Repository


class IdentityRepository(Repository):
    """An organisation's sign-in provider, and who its members are there."""

    async def provider(self) -> IdentityProvider | None:
        """Return the organisation's provider."""
        return await self._session.scalar(self._select(IdentityProvider))

    async def add_provider(self, provider: IdentityProvider) -> None:
        """Add the organisation's provider; a second one is a Conflict."""
        await self._add(provider)

    async def change_provider(self, provider_id: uuid.UUID, **values: Any) -> bool:
        """Change the provider; tell whether there is such a one."""
        mine = self._owned(IdentityProvider), IdentityProvider.id == provider_id
        return await self._execute(update(IdentityProvider).where(*mine).values(**values)) == 1

    async def remove_provider(self) -> bool:
        """Remove the provider, and who members are there; tell whether there was one."""
        return await self._execute(delete(IdentityProvider).where(self._owned(IdentityProvider))) == 1

    async def connected(self) -> dict[uuid.UUID, MemberIdentity]:
        """Return who members are at the provider, by member."""
        return {row.member_id: row for row in await self._all(self._select(MemberIdentity))}

    async def of_member(self, member_id: uuid.UUID) -> MemberIdentity | None:
        """Return who a member is at the provider."""
        return await self._session.scalar(
            self._select(MemberIdentity).where(MemberIdentity.member_id == member_id)
        )

    async def who(self, issuer: str, subject: str) -> tuple[MemberIdentity, Member] | None:
        """Return whom the provider means."""
        statement = (
            select(MemberIdentity, Member)
            .join(Member, Member.id == MemberIdentity.member_id)
            .where(
                self._owned(MemberIdentity),
                MemberIdentity.issuer == issuer,
                MemberIdentity.subject == subject,
            )
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def member_by_email(self, email: str) -> Member | None:
        """Return the organisation's member who signs in with `email` (lower case)."""
        return await self._session.scalar(self._select(Member).where(Member.email == email))

    async def connect(self, identity: MemberIdentity) -> None:
        """Store who a member is at the provider, in place of who they were; somebody else's is a Conflict."""
        await self.disconnect(identity.member_id)
        await self._add(identity)

    async def disconnect(self, member_id: uuid.UUID | None = None) -> int:
        """Forget who a member is at the provider, or who all of them are; return how many that were."""
        mine = [MemberIdentity.member_id == member_id] if member_id else []
        return await self._execute(delete(MemberIdentity).where(self._owned(MemberIdentity), *mine))

    async def note_used(self, identity_id: uuid.UUID, at: datetime) -> None:
        """Note that somebody has signed in at the provider."""
        mine = self._owned(MemberIdentity), MemberIdentity.id == identity_id
        await self._execute(update(MemberIdentity).where(*mine).values(last_used_at=at))

    async def add_flow(self, flow: OpenIdFlow) -> None:
        """Add somebody who is sent to the provider; those who never came back go."""
        over = OpenIdFlow.expires_at <= flow.created_at
        await self._execute(delete(OpenIdFlow).where(self._owned(OpenIdFlow), over))
        await self._add(flow)

    async def take_flow(self, flow_id: uuid.UUID) -> bool:
        """Use up a way to the provider; False when it is used up already."""
        return (
            await self._execute(delete(OpenIdFlow).where(self._owned(OpenIdFlow), OpenIdFlow.id == flow_id))
            == 1
        )

    async def drop_flows(self) -> int:
        """Forget everybody who is on the way to the provider; return how many that were."""
        return await self._execute(delete(OpenIdFlow).where(self._owned(OpenIdFlow)))

    async def end_all_but(self, members: Collection[uuid.UUID], at: datetime) -> int:
        """End the sessions of everybody but these, and all half-finished sign-ins; return how many sessions."""
        await self._execute(delete(SignInStep).where(self._owned(SignInStep)))
        return await self._execute(
            update(Session)
            .where(self._owned(Session), Session.member_id.not_in(members), Session.revoked_at.is_(None))
            .values(revoked_at=at)
        )


class IdentityLookups:
    """Questions that come before an organisation is known: whose sign-in address it is, and whose way back."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def provider(self, handle: str) -> tuple[IdentityProvider, Organisation] | None:
        """Return the provider of a sign-in address, and whose it is."""
        statement = (
            select(IdentityProvider, Organisation)
            .join(Organisation, Organisation.id == IdentityProvider.organisation_id)
            .where(IdentityProvider.handle == handle)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def flow(self, token_hash: str) -> tuple[OpenIdFlow, IdentityProvider] | None:
        """Return who is on the way back from where, by the browser's cookie."""
        statement = (
            select(OpenIdFlow, IdentityProvider)
            .join(IdentityProvider, IdentityProvider.id == OpenIdFlow.identity_provider_id)
            .where(OpenIdFlow.token_hash == token_hash)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else (row[0], row[1])
