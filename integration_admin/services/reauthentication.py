"""Asking signed-in people to prove again who they are before they change a secret or how they sign in."""

import uuid
from datetime import timedelta

import structlog

from integration_admin.core.audit_actions import AuditAction
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, PasswordNeeded
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.database import Database
from integration_admin.services.passwords import Passwords
from integration_admin.services.second_factors import SecondFactors, member_of
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.sign_in_order import confirming_provider
from integration_admin.services.signed_in import Principal

RECENT = timedelta(minutes=10)
"""How long the password counts after it was given."""
_FIELD = "own_password"

_WRONG = msg("This is not the password you sign in with.")
_WRONG_CODE = msg("The password or the code is not right. A code can be used once; wait for the next one.")

_log = structlog.get_logger(__name__)


class Reauthentication:
    """Knows who has given the password recently; guesses are limited for each session."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        clock: Clock,
        factors: SecondFactors,
        limits: SignInLimits | None = None,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._factors = factors
        self._limits = limits or SignInLimits()

    def is_recent(self, principal: Principal) -> bool:
        """Tell whether the person proved who they are in the last ten minutes."""
        return self._clock.now() - principal.authenticated_at <= RECENT

    async def asks_code(self, principal: Principal) -> bool:
        """Tell whether a second factor is asked for beside the password."""
        return (await self._factors.own(principal.actor)).any

    async def has_passkey(self, principal: Principal) -> bool:
        """Tell whether a passkey may be used in place of password and code."""
        return bool((await self._factors.own(principal.actor)).passkeys)

    async def provider_name(self, principal: Principal) -> str:
        """Return the name of the sign-in provider that may be used in place of the password; empty for none."""
        async with self._database.read(principal.actor.organisation_id) as unit:
            provider = await confirming_provider(unit, member_of(principal.actor))
        return provider.name if provider else ""

    async def is_needed(self, principal: Principal, integration_id: uuid.UUID) -> bool:
        """Tell whether the password must be given before a change; nothing depends on a draft yet.

        Raises NotFound.
        """
        if self.is_recent(principal):
            return False
        async with self._database.read(principal.actor.organisation_id) as unit:
            return (await unit.integrations.get(integration_id)).state is not IntegrationState.DRAFT

    async def require(self, principal: Principal, integration_id: uuid.UUID) -> None:
        """Raise PasswordNeeded where the password must be given first. Raises NotFound."""
        if await self.is_needed(principal, integration_id):
            raise _needed()

    def require_recent(self, principal: Principal) -> None:
        """Raise PasswordNeeded unless the person proved who they are in the last ten minutes.

        For what lets somebody, or some program, into the organisation or further in.
        """
        if not self.is_recent(principal):
            raise _needed()

    async def confirm(self, principal: Principal, password: Secret, code: str = "") -> None:
        """Take the password of whoever is signed in and, where there is a second factor, a code.

        Raises InvalidInput, TooManyAttempts, SignInRequired.
        """
        if not password.reveal():
            raise _refused(msg("Type the password you sign in with."))
        session = str(principal.session_id)
        await self._limits.check_session(session)
        asks_code = await self.asks_code(principal)
        # The code is looked at only after the right password, so that nobody else can use it up.
        right = await self._is_theirs(principal, password)
        if right and asks_code:
            right = await self._is_their_code(principal, code)
        if not right:
            _log.warning("reauthentication.refused", session=session)
            await self._note(principal, "reauthentication.refused")
            raise _refused(_WRONG_CODE if asks_code else _WRONG)
        await self._limits.forgive_session(session)
        await self.note_confirmed(principal)

    async def note_confirmed(self, principal: Principal) -> None:
        """Count the person as having proved who they are just now; for a passkey, which has been checked."""
        await self._note(principal, "reauthentication", confirmed=True)

    async def _is_their_code(self, principal: Principal, code: str) -> bool:
        actor = principal.actor
        return await self._factors.prove(actor.organisation_id, member_of(actor), code) is not None

    async def _is_theirs(self, principal: Principal, password: Secret) -> bool:
        member_id = member_of(principal.actor)
        async with self._database.read(principal.actor.organisation_id) as unit:
            stored = (await unit.organisations.member(member_id)).password_hash
        right, _ = await self._passwords.verify(password, stored)
        return right

    async def _note(self, principal: Principal, action: AuditAction, *, confirmed: bool = False) -> None:
        now = self._clock.now()
        async with self._database.write(principal.actor.organisation_id) as unit:
            if confirmed:
                await unit.organisations.note_authenticated(principal.session_id, now)
            await unit.audit.add(now, principal.email, action)


def _needed() -> PasswordNeeded:
    sentence = msg("Confirm that it is you first, with your own password.")
    return PasswordNeeded(sentence, fields={_FIELD: sentence})


def _refused(sentence: Message) -> InvalidInput:
    return InvalidInput(sentence, fields={_FIELD: sentence})
