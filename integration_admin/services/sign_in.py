"""Signing in and out, and who a session cookie belongs to. Cookies themselves are the HTTP edge's."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from integration_admin.core.actor import Actor
from integration_admin.core.audit_actions import AuditAction
from integration_admin.core.clock import Clock
from integration_admin.core.errors import SignInRequired, TooManyAttempts
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import SignInStepKind
from integration_admin.core.typed_text import without_ends
from integration_admin.data.database import Database
from integration_admin.data.models_access import USER_AGENT_LENGTH, Member, Session
from integration_admin.data.models_factors import SignInStep
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.known_devices import KnownDevices
from integration_admin.services.passwords import Passwords
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.sign_in_order import (
    after_password,
    demands_provider,
    entering,
    own_factor,
)
from integration_admin.services.signed_in import (
    LIFETIME,
    STEP_LIFETIMES,
    Halfway,
    Principal,
    SignedIn,
    Visit,
    actor_of,
    counts,
    principal_of,
)
from integration_admin.services.tokens import TOUCH_EVERY, RandomBytes, fingerprint, new_token

_UNKNOWN = datetime.fromtimestamp(0, UTC)
"""When somebody proved who they are of whom nobody says when: longer ago than counts for anything."""

log = structlog.get_logger(__name__)


class SignIn:
    """Opens, recognises and ends sessions. Sessions end after 8 idle hours, and after 7 days."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        clock: Clock,
        random: RandomBytes,
        limits: SignInLimits | None = None,
        devices: KnownDevices | None = None,
    ) -> None:
        self._database = database
        self._devices = devices
        self._clock = clock
        self._random = random
        self._passwords = passwords
        self._limits = limits or SignInLimits()
        self._notes: set[asyncio.Task[None]] = set()

    async def sign_in(
        self,
        email: str,
        password: Secret,
        address: str,
        language: str | None = None,
        user_agent: str = "",
        device: Secret | None = None,
    ) -> SignedIn | Halfway:
        """Open a session for whoever has this e-mail address and password; `address` is the caller's IP.

        Who has a second factor, or must have one, is only half signed in by that.

        `language` is what was chosen in the browser; it becomes the member's own where that has none yet.
        `user_agent` is what the browser says of itself; its person is told by it which session is which.
        `device` is what the browser was given at an earlier sign-in; see known_devices.py.

        Raises SignInRequired, the same for an unknown account, a wrong password and a disabled
        member, or TooManyAttempts.
        """
        account = without_ends(email).lower()[:254]
        known = await self._devices.recognise(device, account) if self._devices else ""
        try:
            await self._limits.check(account, address, known)
        except TooManyAttempts:
            log.warning("sign_in.throttled", address=address)
            raise
        entered: SignedIn | Halfway | None = None
        while entered is None:
            # Looking at a password takes a while, in which its person may have replaced it.
            member, better_hash = await self._verified(account, password, address)
            entered = await self._come_with_password(
                member, better_hash, Visit(address, language, user_agent)
            )
        return entered

    async def come_from_provider(
        self,
        member: Member,
        visit: Visit,
        provider: str,
        *,
        several_factors: bool,
        proved_at: datetime | None,
    ) -> SignedIn | Halfway:
        """Go on with a member whom the sign-in provider of that name vouches for.

        The own second factor follows unless the provider has seen to that. `proved_at` is when they last proved who
        they are, as far as is known: before they change a secret they are asked again, if that was not just now.
        """
        async with entering(self._database, member) as unit:
            kind = None if several_factors else await own_factor(unit, member)
            entered = await self._go_on(unit, member, visit, kind, proved_at or _UNKNOWN, provider=provider)
        await self._forgive(entered, member, visit)
        return entered

    async def come_with_passkey(
        self, member: Member, visit: Visit, step: Secret | None
    ) -> SignedIn | Halfway:
        """Go on with a member whose passkey has signed; `step` is the cookie of what they have done before.

        Where a sign-in provider is demanded the passkey is a second factor after that, and nothing by itself.
        """
        async with entering(self._database, member) as unit:
            if await demands_provider(unit) and not await self._waits_for_code(unit, member, step):
                return await self._stop_halfway(unit, member, visit, SignInStepKind.PROVIDER)
            await unit.factors.drop_steps(member.id)
            entered = await self._open(unit, member, visit, self._clock.now(), {"second": "passkey"})
        await self._forgive(entered, member, visit)
        return entered

    async def finish(self, step: SignInStep, member: Member, visit: Visit, second: str) -> SignedIn | None:
        """Open the session of a member whose half-finished sign-in lacked only the factor `second`, and has it now.

        None when the step is over: somebody else has finished it, or the organisation demands more by now.
        """
        async with entering(self._database, member) as unit:
            if not await unit.factors.finish_step(step.id):
                return None
            if step.kind is SignInStepKind.ENROL:
                await unit.factors.drop_steps(member.id)
            entered = await self._open(unit, member, visit, self._clock.now(), {"second": second})
        await self._forgive(entered, member, visit)
        return entered

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
        if found is None or not counts(found[0], found[1], now):
            return None
        session, member, organisation = found
        if now - session.last_seen_at >= TOUCH_EVERY:
            async with self._database.system(writes=True) as system:
                await system.touch_session(session.id, now)
        return principal_of(session, member, organisation)

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

    async def _verified(self, account: str, password: Secret, address: str) -> tuple[Member, str | None]:
        """Return the member, and a hash to store when the old one is dated, or raise the one error, after as much time."""
        async with self._database.system() as system:
            member = await system.member_by_email(account)
        right, better_hash = await self._passwords.verify(password, member.password_hash if member else None)
        if member is None or not right or member.disabled_at is not None:
            log.warning("sign_in.refused", address=address, known=member is not None)
            if member is not None:
                self._note_later(member, address)
            raise SignInRequired(msg("The e-mail address or the password is wrong."))
        return member, better_hash

    async def _come_with_password(
        self, member: Member, better_hash: str | None, visit: Visit
    ) -> SignedIn | Halfway | None:
        """Go on with a member whose password was right; None where they have another one by now, or are gone."""
        async with entering(self._database, member) as unit:
            if not await unit.people.has_password(member.id, member.password_hash):
                return None
            if better_hash:
                await unit.people.set_password(member.id, better_hash)
                member.password_hash = better_hash
            entered = await self._go_on(unit, member, visit, await after_password(unit, member))
        await self._forgive(entered, member, visit)
        return entered

    async def _waits_for_code(self, unit: Unit, member: Member, step: Secret | None) -> bool:
        """Tell whether a member waits for the second factor, which where a provider is demanded comes after that."""
        found = await unit.factors.step(fingerprint(step)) if step else None
        if found is None or found.expires_at <= self._clock.now():
            return False
        return found.kind is SignInStepKind.CODE and found.member_id == member.id

    async def _go_on(
        self,
        unit: Unit,
        member: Member,
        visit: Visit,
        kind: SignInStepKind | None,
        proved_at: datetime | None = None,
        **how: str,
    ) -> SignedIn | Halfway:
        """Open the session, or stop halfway where a step of that kind is still to come."""
        if kind is not None:
            return await self._stop_halfway(unit, member, visit, kind, how.get("provider", ""))
        now = self._clock.now()
        return await self._open(unit, member, visit, min(proved_at or now, now), how)

    async def _stop_halfway(
        self, unit: Unit, member: Member, visit: Visit, kind: SignInStepKind, provider: str = ""
    ) -> Halfway:
        now, token = self._clock.now(), new_token(self._random)
        step = SignInStep(
            id=uuid.uuid4(),
            member_id=member.id,
            token_hash=fingerprint(token),
            kind=kind,
            tries=0,
            created_at=now,
            expires_at=now + STEP_LIFETIMES[kind],
        )
        await unit.factors.add_step(step)
        if provider:
            await unit.audit.add(now, member.email, "sign_in.half_provider", provider, address=visit.address)
        else:
            await unit.audit.add(now, member.email, "sign_in.half", address=visit.address)
        return Halfway(token, kind)

    async def _open(
        self, unit: Unit, member: Member, visit: Visit, proved_at: datetime, how: Mapping[str, str]
    ) -> SignedIn:
        """Add the session of a member who has proved everything; `how` is told in the audit log."""
        now = self._clock.now()
        token, expires_at = new_token(self._random), now + LIFETIME
        session = Session(
            id=uuid.uuid4(),
            member_id=member.id,
            token_hash=fingerprint(token),
            user_agent=visit.user_agent[:USER_AGENT_LENGTH],
            created_at=now,
            authenticated_at=proved_at,
            last_seen_at=now,
            expires_at=expires_at,
        )
        await unit.organisations.add_session(session)
        if member.language is None and visit.language is not None:
            await unit.organisations.set_language(member.id, visit.language)
        await unit.audit.add(now, member.email, "sign_in", address=visit.address, **how)
        device = self._devices.mark(member) if self._devices else None
        return SignedIn(token, expires_at, actor_of(member), member.language or visit.language, device)

    async def _forgive(self, entered: SignedIn | Halfway, member: Member, visit: Visit) -> None:
        """Forget earlier wrong attempts from the same address once a session is open."""
        if isinstance(entered, SignedIn):
            await self._limits.forgive(member.email, visit.address)

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
        self, organisation_id: uuid.UUID, actor: str, action: AuditAction, target: str = "", **detail: str
    ) -> None:
        async with self._database.write(organisation_id) as unit:
            await unit.audit.add(self._clock.now(), actor, action, target, **detail)
