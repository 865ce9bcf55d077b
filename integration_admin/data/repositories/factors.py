"""Authenticator apps, recovery codes, passkeys and half-finished sign-ins: of one organisation, and before it is known."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.core.statuses import Role
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member, Session
from integration_admin.data.models_factors import (
    AuthenticatorApp,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    SignInStep,
)
from integration_admin.data.repositories.base import Repository


class FactorRepository(Repository):
    """What the members of one organisation prove themselves with."""

    async def app(self, member_id: uuid.UUID, *, confirmed: bool = True) -> AuthenticatorApp | None:
        """Return a member's app: the one that is asked for, or the one that waits for its first code."""
        waits = AuthenticatorApp.confirmed_at.is_(None)
        return await self._session.scalar(
            self._select(AuthenticatorApp).where(
                AuthenticatorApp.member_id == member_id, ~waits if confirmed else waits
            )
        )

    async def put_waiting_app(self, app: AuthenticatorApp) -> None:
        """Add an app that waits for its first code, in place of another that does."""
        await self._execute(
            delete(AuthenticatorApp).where(
                self._owned(AuthenticatorApp),
                AuthenticatorApp.member_id == app.member_id,
                AuthenticatorApp.confirmed_at.is_(None),
            )
        )
        await self._add(app)

    async def confirm_app(self, app_id: uuid.UUID, member_id: uuid.UUID, step: int, at: datetime) -> bool:
        """Ask for this app from now on, in place of an earlier one; `step` is that of its first code."""
        await self.remove_app(member_id)
        touched = await self._execute(
            update(AuthenticatorApp)
            .where(
                self._owned(AuthenticatorApp),
                AuthenticatorApp.id == app_id,
                AuthenticatorApp.member_id == member_id,
                AuthenticatorApp.confirmed_at.is_(None),
            )
            .values(confirmed_at=at, last_step=step)
        )
        return touched == 1

    async def take_step(self, app_id: uuid.UUID, step: int) -> bool:
        """Note that the code of `step` was given; False when it, or a later one, was given before."""
        touched = await self._execute(
            update(AuthenticatorApp)
            .where(
                self._owned(AuthenticatorApp),
                AuthenticatorApp.id == app_id,
                AuthenticatorApp.last_step < step,
            )
            .values(last_step=step)
        )
        return touched == 1

    async def remove_app(self, member_id: uuid.UUID) -> bool:
        """Remove the app that is asked for; return whether there was one."""
        touched = await self._execute(
            delete(AuthenticatorApp).where(
                self._owned(AuthenticatorApp),
                AuthenticatorApp.member_id == member_id,
                AuthenticatorApp.confirmed_at.is_not(None),
            )
        )
        return touched == 1

    async def replace_codes(self, member_id: uuid.UUID, hashes: Collection[str]) -> None:
        """Store new recovery codes; the earlier ones are good no more."""
        await self._execute(
            delete(RecoveryCode).where(self._owned(RecoveryCode), RecoveryCode.member_id == member_id)
        )
        await self._add(*(RecoveryCode(member_id=member_id, code_hash=code_hash) for code_hash in hashes))

    async def use_code(self, member_id: uuid.UUID, code_hash: str, at: datetime) -> bool:
        """Use up a recovery code; False when there is no such code or it is used up."""
        touched = await self._execute(
            update(RecoveryCode)
            .where(
                self._owned(RecoveryCode),
                RecoveryCode.member_id == member_id,
                RecoveryCode.code_hash == code_hash,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=at)
        )
        return touched == 1

    async def codes_left(self, member_id: uuid.UUID) -> int:
        """Count a member's recovery codes that are not used up."""
        rows = await self._all(
            self._select(RecoveryCode).where(
                RecoveryCode.member_id == member_id, RecoveryCode.used_at.is_(None)
            )
        )
        return len(rows)

    async def passkeys(self, member_id: uuid.UUID) -> list[Passkey]:
        """Return a member's passkeys, oldest first."""
        return await self._all(
            self._select(Passkey).where(Passkey.member_id == member_id).order_by(Passkey.created_at)
        )

    async def add_passkey(self, passkey: Passkey) -> None:
        """Add a passkey; one that exists already is a Conflict."""
        await self._add(passkey)

    async def rename_passkey(self, member_id: uuid.UUID, passkey_id: uuid.UUID, name: str) -> bool:
        """Give a member's passkey another name; return whether there is such a one."""
        mine = self._owned(Passkey), Passkey.member_id == member_id, Passkey.id == passkey_id
        return await self._execute(update(Passkey).where(*mine).values(name=name)) == 1

    async def note_passkey(self, passkey_id: uuid.UUID, before: int, count: int, at: datetime) -> bool:
        """Note that a passkey has signed; False when its count is another than `before` by now."""
        touched = await self._execute(
            update(Passkey)
            .where(self._owned(Passkey), Passkey.id == passkey_id, Passkey.sign_count == before)
            .values(sign_count=count, last_used_at=at)
        )
        return touched == 1

    async def remove_passkey(self, member_id: uuid.UUID, passkey_id: uuid.UUID) -> bool:
        """Remove one of a member's passkeys; return whether there was such a one."""
        mine = self._owned(Passkey), Passkey.member_id == member_id, Passkey.id == passkey_id
        return await self._execute(delete(Passkey).where(*mine)) == 1

    async def add_step(self, step: SignInStep) -> None:
        """Add a half-finished sign-in; those of the member that are over go."""
        await self._execute(
            delete(SignInStep).where(
                self._owned(SignInStep),
                SignInStep.member_id == step.member_id,
                SignInStep.expires_at <= step.created_at,
            )
        )
        await self._add(step)

    async def step(self, token_hash: str) -> SignInStep | None:
        """Return the half-finished sign-in of a cookie."""
        return await self._session.scalar(self._select(SignInStep).where(SignInStep.token_hash == token_hash))

    async def count_try(self, step_id: uuid.UUID, most: int) -> bool:
        """Count one try at a half-finished sign-in; False when there were `most` already, or it is finished."""
        touched = await self._execute(
            update(SignInStep)
            .where(self._owned(SignInStep), SignInStep.id == step_id, SignInStep.tries < most)
            .values(tries=SignInStep.tries + 1)
        )
        return touched == 1

    async def finish_step(self, step_id: uuid.UUID) -> bool:
        """End a half-finished sign-in; False when somebody else has."""
        statement = delete(SignInStep).where(self._owned(SignInStep), SignInStep.id == step_id)
        return await self._execute(statement) == 1

    async def drop_steps(self, member_id: uuid.UUID) -> None:
        """End every half-finished sign-in of a member."""
        await self._execute(
            delete(SignInStep).where(self._owned(SignInStep), SignInStep.member_id == member_id)
        )

    async def with_factor(self) -> set[uuid.UUID]:
        """Return the members who have a second factor."""
        statement = select(Member.id).where(self._owned(Member), _has_factor())
        return {row.id for row in await self._values(statement)}

    async def end_sessions_without_factor(self, roles: Collection[Role], at: datetime) -> int:
        """End the sessions of members in `roles` who have no second factor; return how many."""
        who = select(Member.id).where(self._owned(Member), Member.role.in_(roles), ~_has_factor())
        return await self._execute(
            update(Session)
            .where(self._owned(Session), Session.member_id.in_(who), Session.revoked_at.is_(None))
            .values(revoked_at=at)
        )


class FactorLookups:
    """Questions that come before an organisation is known: whose step or passkey it is, and challenges."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def step(self, token_hash: str) -> tuple[SignInStep, Member, Organisation] | None:
        """Return the half-finished sign-in of a cookie, with its person and organisation."""
        statement = (
            select(SignInStep, Member, Organisation)
            .join(Member, Member.id == SignInStep.member_id)
            .join(Organisation, Organisation.id == SignInStep.organisation_id)
            .where(SignInStep.token_hash == token_hash)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else (row[0], row[1], row[2])

    async def passkey(self, credential_id: str) -> tuple[Passkey, Member] | None:
        """Return a passkey by the id its device gave it (base64url), with its person."""
        statement = (
            select(Passkey, Member)
            .join(Member, Member.id == Passkey.member_id)
            .where(Passkey.credential_id == credential_id)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def add_challenge(self, challenge: PasskeyChallenge, now: datetime) -> None:
        """Add a challenge; those that are over go."""
        await self._session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))
        self._session.add(challenge)
        await self._session.flush()

    async def take_challenge(self, challenge_hash: str, purpose: str, now: datetime) -> bool:
        """Use up a challenge; False when there is none of that purpose, or its time is over."""
        taken = await self._session.scalars(
            delete(PasskeyChallenge)
            .where(
                PasskeyChallenge.challenge_hash == challenge_hash,
                PasskeyChallenge.purpose == purpose,
                PasskeyChallenge.expires_at > now,
            )
            .returning(PasskeyChallenge.challenge_hash)
        )
        return len(taken.all()) == 1


def _has_factor() -> ColumnElement[bool]:
    app = exists().where(AuthenticatorApp.member_id == Member.id, AuthenticatorApp.confirmed_at.is_not(None))
    return or_(app, exists().where(Passkey.member_id == Member.id))
