"""Second factors: setting up an authenticator app, recovery codes, and whether a code is right.

Passkeys are in passkeys.py, the second step of signing in is in second_step.py.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from integration_admin.core.actor import Actor
from integration_admin.core.audit_actions import AuditAction
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, SignInRequired
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FactorDemand
from integration_admin.data.database import Database
from integration_admin.data.models_factors import AuthenticatorApp
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.factor_demands import must_have
from integration_admin.services.one_time_codes import (
    is_app_code,
    key_address,
    matching_step,
    new_key,
    new_recovery_codes,
    plain,
    recovery_hash,
)
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.tokens import RandomBytes

ISSUER = "Integration Admin"
"""The name apps show beside the code."""
CODE_FIELD = "code"
WAITS = timedelta(minutes=30)
"""How long a new key waits for its first code, and can be shown."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """One passkey as its person knows it."""

    id: uuid.UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnFactors:
    """What somebody has besides the password, and what their organisation demands."""

    app_since: datetime | None
    codes_left: int
    passkeys: Sequence[PasskeyView]
    demand: FactorDemand
    demanded: bool
    """Whether it demands a second factor of this person."""

    @property
    def any(self) -> bool:
        """Whether there is a second factor at all."""
        return self.app_since is not None or bool(self.passkeys)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The key of an app that waits for its first code: as a person types it, and as an app reads it."""

    key: Secret
    address: Secret


class SecondFactors:
    """Everything a member does with their own app and recovery codes; wrong codes are limited for each member."""

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        clock: Clock,
        random: RandomBytes,
        limits: SignInLimits | None = None,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._random = random
        self._limits = limits or SignInLimits()

    async def own(self, actor: Actor) -> OwnFactors:
        """Return what the caller has. Raises SignInRequired."""
        member_id = member_of(actor)
        async with self._database.read(actor.organisation_id) as unit:
            app = await unit.factors.app(member_id)
            passkeys = await unit.factors.passkeys(member_id)
            left = await unit.factors.codes_left(member_id)
            demand = (await unit.organisations.get()).factor_demand
        return OwnFactors(
            app_since=app.confirmed_at if app else None,
            codes_left=left,
            passkeys=[PasskeyView(row.id, row.name, row.created_at, row.last_used_at) for row in passkeys],
            demand=demand,
            demanded=must_have(demand, actor.role),
        )

    async def begin(self, actor: Actor, email: str) -> Enrolment:
        """Make a key for an app; it counts once `confirm` has had a code. Raises VaultError, SignInRequired."""
        member_id, now = member_of(actor), self._clock.now()
        key = new_key(self._random)
        app = AuthenticatorApp(id=uuid.uuid4(), member_id=member_id, created_at=now)
        app.organisation_id = actor.organisation_id
        async with self._database.write(actor.organisation_id) as unit:
            app.envelope = await self._secrets.seal_app_key(unit, app, key)
            await unit.factors.put_waiting_app(app)
            await unit.audit.add(now, actor.name, "factor.begin")
        return Enrolment(key, key_address(key, email, ISSUER))

    async def waiting(self, actor: Actor, email: str) -> Enrolment | None:
        """Return the key that waits for its first code, to be shown again."""
        app = await self._waiting(actor)
        if app is None:
            return None
        key = self._secrets.open_app_key(app)
        return Enrolment(key, key_address(key, email, ISSUER))

    async def confirm(self, actor: Actor, typed: str) -> list[Secret]:
        """Ask for the app that waits from now on; return new recovery codes where there were none.

        Raises InvalidInput for a wrong code, and TooManyAttempts.
        """
        member_id, code, now = member_of(actor), plain(typed), self._clock.now()
        await self._limits.check_session(_counted(member_id))
        app = await self._waiting(actor)
        if app is None:
            raise refused(msg("Begin again: there is no app that waits for a code."))
        step = matching_step(self._secrets.open_app_key(app), code, now)
        if step is None:
            await self._note(actor, "factor.refused")
            raise refused(
                msg("This is not the code the app shows now. Check that the clock of the phone is right.")
            )
        await self._limits.forgive_session(_counted(member_id))
        async with self._database.write(actor.organisation_id) as unit:
            if not await unit.factors.confirm_app(app.id, member_id, step, now):
                raise refused(msg("Begin again: there is no app that waits for a code."))
            await unit.audit.add(now, actor.name, "factor.app")
            return await self._first_codes(unit, member_id)

    async def new_codes(self, actor: Actor) -> list[Secret]:
        """Make ten new recovery codes; the earlier ones are good no more. Raises InvalidInput without a factor."""
        member_id, now = member_of(actor), self._clock.now()
        if not (await self.own(actor)).any:
            raise refused(msg("Set up a second factor first: without one no code is asked for."))
        codes = new_recovery_codes(self._random)
        async with self._database.write(actor.organisation_id) as unit:
            await unit.factors.replace_codes(member_id, _hashes(codes))
            await unit.audit.add(now, actor.name, "factor.codes")
        return codes

    async def remove_app(self, actor: Actor) -> None:
        """Ask for no app any more. Raises InvalidInput where the organisation demands a factor and it is the last."""
        member_id, now = member_of(actor), self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            if await unit.factors.remove_app(member_id):
                await keep_demanded(unit, actor)
                await unit.audit.add(now, actor.name, "factor.app_removed")

    async def prove(self, organisation_id: uuid.UUID, member_id: uuid.UUID, typed: str) -> str | None:
        """Use up a code of the member's app, or a recovery code; return "app" or "recovery_code", None if wrong.

        Six digits can be guessed, so those are limited wherever the guesses come from; recovery codes cannot,
        and let the real person in meanwhile. Raises TooManyAttempts.
        """
        code = plain(typed)
        if not is_app_code(code):
            return await self._prove_recovery(organisation_id, member_id, code)
        await self._limits.check_session(_counted(member_id))
        if not await self._prove_app(organisation_id, member_id, code):
            return None
        await self._limits.forgive_session(_counted(member_id))
        return "app"

    async def first_codes(self, unit: Unit, member_id: uuid.UUID) -> list[Secret]:
        """Make recovery codes where the member has none left, beside a first passkey."""
        return await self._first_codes(unit, member_id)

    async def _waiting(self, actor: Actor) -> AuthenticatorApp | None:
        async with self._database.read(actor.organisation_id) as unit:
            app = await unit.factors.app(member_of(actor), confirmed=False)
        return app if app is not None and self._clock.now() - app.created_at <= WAITS else None

    async def _prove_app(self, organisation_id: uuid.UUID, member_id: uuid.UUID, code: str) -> bool:
        async with self._database.read(organisation_id) as unit:
            app = await unit.factors.app(member_id)
        if app is None:
            return False
        step = matching_step(self._secrets.open_app_key(app), code, self._clock.now())
        if step is None:
            return False
        async with self._database.write(organisation_id) as unit:
            # A code somebody has looked over a shoulder for is worth nothing once it is taken.
            return await unit.factors.take_step(app.id, step)

    async def _prove_recovery(
        self, organisation_id: uuid.UUID, member_id: uuid.UUID, code: str
    ) -> str | None:
        code_hash = recovery_hash(code)
        if code_hash is None:
            return None
        now = self._clock.now()
        async with self._database.write(organisation_id) as unit:
            if not await unit.factors.use_code(member_id, code_hash, now):
                return None
            member = await unit.organisations.member(member_id)
            left = await unit.factors.codes_left(member_id)
            await unit.audit.add(now, member.email, "factor.code_used", codes_left=left)
        return "recovery_code"

    async def _first_codes(self, unit: Unit, member_id: uuid.UUID) -> list[Secret]:
        if await unit.factors.codes_left(member_id):
            return []
        codes = new_recovery_codes(self._random)
        await unit.factors.replace_codes(member_id, _hashes(codes))
        return codes

    async def _note(self, actor: Actor, action: AuditAction) -> None:
        log.warning(action, member=str(actor.member_id))
        async with self._database.write(actor.organisation_id) as unit:
            await unit.audit.add(self._clock.now(), actor.name, action)


async def keep_demanded(unit: Unit, actor: Actor) -> None:
    """Raise InvalidInput if the caller must have a second factor and has none; then nothing is changed.

    Who has none any more needs no recovery codes, and those go.
    """
    member_id = member_of(actor)
    if member_id in await unit.factors.with_factor():
        return
    if must_have((await unit.organisations.get()).factor_demand, actor.role):
        raise refused(
            msg("Your organisation demands a second factor. Set up another one before you remove this one.")
        )
    await unit.factors.replace_codes(member_id, [])


def member_of(actor: Actor) -> uuid.UUID:
    """Return the member behind an actor; raises SignInRequired for a token or the product itself."""
    if actor.member_id is None:
        raise SignInRequired(msg("You have been signed out. Sign in to go on."))
    return actor.member_id


def refused(sentence: Message) -> InvalidInput:
    """Return the error for a code that is not taken."""
    return InvalidInput(sentence, fields={CODE_FIELD: sentence})


def _counted(member_id: uuid.UUID) -> str:
    """Return what wrong codes of a member are counted under, from whatever address."""
    return f"code {member_id}"


def _hashes(codes: Sequence[Secret]) -> list[str]:
    return [code_hash for code in codes if (code_hash := recovery_hash(code))]
