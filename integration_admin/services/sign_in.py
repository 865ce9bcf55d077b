"""Signing in and out, and who a session cookie belongs to. Cookies themselves are the HTTP edge's."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import SignInRequired, TooManyAttempts
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member, Session
from integration_admin.services.passwords import Passwords
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.tokens import TOUCH_EVERY, RandomBytes, fingerprint, new_token

IDLE = timedelta(hours=8)
LIFETIME = timedelta(days=7)

SESSION_SCHEME = "Session"
"""On a websocket the edge puts `Authorization: Session <fingerprint>` where the cookie was.

Reflex keeps the request's headers in its state and sends most of them back to the browser; this
one it does not send, and nobody can sign in with it.
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; the token goes into the cookie and is stored nowhere."""

    token: Secret
    expires_at: datetime
    actor: Actor
    language: str | None
    """The language the member has chosen, here or on another device."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a valid session belongs to."""

    actor: Actor
    session_id: uuid.UUID
    email: str
    language: str
    time_zone: str
    organisation: str
    authenticated_at: datetime
    """When the password was last given in this session."""

    @property
    def key(self) -> str:
        """Changes when another session, or another role, is behind the same browser tab."""
        return f"{self.session_id}:{self.actor.role}"


class SignIn:
    """Opens, recognises and ends sessions. Sessions end after 8 idle hours, and after 7 days."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        clock: Clock,
        random: RandomBytes,
        limits: SignInLimits | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._passwords = passwords
        self._limits = limits or SignInLimits()
        self._notes: set[asyncio.Task[None]] = set()

    async def sign_in(
        self, email: str, password: Secret, address: str, language: str | None = None
    ) -> SignedIn:
        """Open a session for whoever has this e-mail address and password; `address` is the caller's IP.

        `language` is what was chosen in the browser; it becomes the member's own where that has none yet.

        Raises SignInRequired, the same for an unknown account, a wrong password and a disabled
        member, or TooManyAttempts.
        """
        account = email.strip().lower()[:254]
        try:
            await self._limits.check(account, address)
        except TooManyAttempts:
            log.warning("sign_in.throttled", address=address)
            raise
        member = await self._verified(account, password, address)
        await self._limits.forgive(account, address)
        return await self._open(member, address, language)

    async def resolve(self, token: Secret) -> Principal | None:
        """Return whom a session cookie belongs to; None when it is unknown, ended or too old."""
        return await self.resolve_fingerprint(fingerprint(token))

    async def resolve_fingerprint(self, token_hash: str) -> Principal | None:
        """Return whom a session belongs to, asked for by its token's fingerprint.

        The database is asked every time, so that an ended session and a changed role count at once.
        """
        now = self._clock.now()
        async with self._database.system() as system:
            found = await system.session_by_hash(token_hash)
        if found is None or not _is_valid(found[0], found[1], now):
            return None
        session, member, organisation = found
        if now - session.last_seen_at >= TOUCH_EVERY:
            async with self._database.system(writes=True) as system:
                await system.touch_session(session.id, now)
        return _principal(session, member, organisation)

    async def sign_out(self, token: Secret) -> None:
        """End a session; one that has ended already is no error."""
        token_hash = fingerprint(token)
        principal = await self.resolve_fingerprint(token_hash)
        async with self._database.system(writes=True) as system:
            await system.revoke_session(token_hash, self._clock.now())
        if principal is not None:
            await self._note(principal.actor.organisation_id, principal.email, "sign_out")

    async def note_denied(self, actor: Actor, what: str) -> None:
        """Put into the audit log that somebody tried what their role does not allow."""
        await self._note(actor.organisation_id, actor.name, "access.denied", what)

    async def close(self) -> None:
        """Wait until every refused attempt is written down."""
        await asyncio.gather(*self._notes, return_exceptions=True)

    async def _verified(self, account: str, password: Secret, address: str) -> Member:
        """Return the member, or raise the one error; an unknown account costs as much time as a known one."""
        async with self._database.system() as system:
            member = await system.member_by_email(account)
        right, better_hash = await self._passwords.verify(password, member.password_hash if member else None)
        if member is None or not right or member.disabled_at is not None:
            log.warning("sign_in.refused", address=address, known=member is not None)
            if member is not None:
                self._note_later(member, address)
            raise SignInRequired(msg("The e-mail address or the password is wrong."))
        if better_hash:
            async with self._database.write(member.organisation_id) as unit:
                (await unit.organisations.member(member.id)).password_hash = better_hash
        return member

    async def _open(self, member: Member, address: str, language: str | None) -> SignedIn:
        now = self._clock.now()
        token, expires_at = new_token(self._random), now + LIFETIME
        session = Session(
            id=uuid.uuid4(),
            member_id=member.id,
            token_hash=fingerprint(token),
            created_at=now,
            authenticated_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )
        async with self._database.write(member.organisation_id) as unit:
            await unit.organisations.add_session(session)
            if member.language is None and language is not None:
                await unit.organisations.set_language(member.id, language)
            await unit.audit.add(now, member.email, "sign_in", address=address)
        return SignedIn(token, expires_at, _actor(member), member.language or language)

    def _note_later(self, member: Member, address: str) -> None:
        """Write a refusal down after the answer, which must not take longer for accounts that exist."""
        note = self._note(member.organisation_id, member.email, "sign_in.refused", address=address)
        task = asyncio.create_task(note)
        self._notes.add(task)
        task.add_done_callback(self._noted)

    def _noted(self, task: asyncio.Task[None]) -> None:
        self._notes.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sign_in.not_audited", error=type(error).__name__)

    async def _note(
        self, organisation_id: uuid.UUID, actor: str, action: str, target: str = "", **detail: str
    ) -> None:
        async with self._database.write(organisation_id) as unit:
            await unit.audit.add(self._clock.now(), actor, action, target, **detail)


def _is_valid(session: Session, member: Member, now: datetime) -> bool:
    return (
        session.revoked_at is None
        and member.disabled_at is None
        and now < session.expires_at
        and now - session.last_seen_at < IDLE
    )


def _actor(member: Member) -> Actor:
    return Actor(member.organisation_id, member.name or member.email, member.role, member.id)


def _principal(session: Session, member: Member, organisation: Organisation) -> Principal:
    return Principal(
        actor=_actor(member),
        session_id=session.id,
        email=member.email,
        language=member.language or organisation.language,
        time_zone=organisation.time_zone,
        organisation=organisation.name,
        authenticated_at=session.authenticated_at or session.created_at,
    )
