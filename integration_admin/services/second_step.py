"""The second step of signing in: from the right password, with a code or a newly set up factor, to a session."""

from dataclasses import dataclass

import structlog

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import SignInStepKind
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.data.models_factors import SignInStep
from integration_admin.services.second_factors import SecondFactors, refused
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import SignedIn, Visit, actor_of
from integration_admin.services.tokens import fingerprint

MOST_TRIES = 5
"""After so many wrong codes the password must be given again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """Somebody who has given the password; nothing but the second step is open to them."""

    actor: Actor
    email: str
    language: str
    kind: SignInStepKind


class SecondStep:
    """Knows who is half signed in, for five minutes, and lets them in."""

    def __init__(
        self,
        database: Database,
        sign_in: SignIn,
        factors: SecondFactors,
        clock: Clock,
        limits: SignInLimits | None = None,
    ) -> None:
        self._database = database
        self._sign_in = sign_in
        self._factors = factors
        self._clock = clock
        self._limits = limits or SignInLimits()

    async def who(self, token: Secret) -> HalfSignedIn | None:
        """Return whom the cookie of a second step belongs to; None when it is over."""
        found = await self._find(token)
        if found is None:
            return None
        step, member, language = found
        if step.kind is SignInStepKind.ENROL and await self._has_factor(member):
            # Who knows the password alone must not put another app in the place of the member's own.
            return None
        return HalfSignedIn(actor_of(member), member.email, language, step.kind)

    async def give_code(self, token: Secret, typed: str, visit: Visit) -> SignedIn:
        """Open the session of whoever gives the right code.

        Raises SignInRequired when the password must be given first, InvalidInput for a wrong code, and
        TooManyAttempts.
        """
        found = await self._find(token)
        if found is None or found[0].kind is not SignInStepKind.CODE:
            raise _over()
        step, member, _ = found
        await self._limits.check(f"code {member.id}", visit.address)
        async with self._database.write(member.organisation_id) as unit:
            if not await unit.factors.count_try(step.id, MOST_TRIES):
                raise _over()
        way = await self._factors.prove(member.organisation_id, member.id, typed)
        if way is None:
            await self._note_refused(member, visit)
            raise refused(msg("The code is not right, or it was used before. Wait for the next one."))
        return await self._open(step, member, visit, way)

    async def enrolled(self, token: Secret, visit: Visit) -> SignedIn:
        """Open the session of whoever had to set up a second factor and has; raises SignInRequired."""
        found = await self._find(token)
        if found is None or found[0].kind is not SignInStepKind.ENROL:
            raise _over()
        step, member, _ = found
        if not await self._has_factor(member):
            raise _over()
        return await self._open(step, member, visit, "enrolled")

    async def _has_factor(self, member: Member) -> bool:
        async with self._database.read(member.organisation_id) as unit:
            return member.id in await unit.factors.with_factor()

    async def _find(self, token: Secret) -> tuple[SignInStep, Member, str] | None:
        async with self._database.system() as system:
            found = await system.factors.step(fingerprint(token))
        if found is None:
            return None
        step, member, organisation = found
        if member.disabled_at is not None or step.expires_at <= self._clock.now():
            return None
        return step, member, member.language or organisation.language

    async def _open(self, step: SignInStep, member: Member, visit: Visit, way: str) -> SignedIn:
        signed_in = await self._sign_in.finish(step, member, visit, way)
        if signed_in is None:
            raise _over()
        await self._limits.forgive(f"code {member.id}", visit.address)
        return signed_in

    async def _note_refused(self, member: Member, visit: Visit) -> None:
        log.warning("sign_in.code_refused", address=visit.address)
        async with self._database.write(member.organisation_id) as unit:
            await unit.audit.add(
                self._clock.now(), member.email, "sign_in.code_refused", address=visit.address
            )


def _over() -> SignInRequired:
    return SignInRequired(msg("This took too long, or the code was wrong too often. Sign in again."))
