"""Asking signed-in people for their own password again before they change what an integration signs in with."""

import uuid
from datetime import timedelta

import structlog

from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, PasswordNeeded, SignInRequired
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.database import Database
from integration_admin.services.passwords import Passwords
from integration_admin.services.sign_in import Principal
from integration_admin.services.sign_in_limits import SignInLimits

RECENT = timedelta(minutes=10)
"""How long the password counts after it was given."""
_FIELD = "own_password"

_log = structlog.get_logger(__name__)


class Reauthentication:
    """Knows who has given the password recently; guesses are limited for each session."""

    def __init__(
        self, database: Database, passwords: Passwords, clock: Clock, limits: SignInLimits | None = None
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._limits = limits or SignInLimits()

    async def is_needed(self, principal: Principal, integration_id: uuid.UUID) -> bool:
        """Tell whether the password must be given before a change; nothing depends on a draft yet.

        Raises NotFound.
        """
        if self._clock.now() - principal.authenticated_at <= RECENT:
            return False
        async with self._database.read(principal.actor.organisation_id) as unit:
            return (await unit.integrations.get(integration_id)).state is not IntegrationState.DRAFT

    async def require(self, principal: Principal, integration_id: uuid.UUID) -> None:
        """Raise PasswordNeeded where the password must be given first. Raises NotFound."""
        if await self.is_needed(principal, integration_id):
            sentence = msg("It is a while since you signed in. Confirm with your own password first.")
            raise PasswordNeeded(sentence, fields={_FIELD: sentence})

    async def confirm(self, principal: Principal, password: Secret) -> None:
        """Take the password of whoever is signed in. Raises InvalidInput, TooManyAttempts, SignInRequired."""
        if not password.reveal():
            raise _refused(msg("Type the password you sign in with."))
        session = str(principal.session_id)
        await self._limits.check_session(session)
        if not await self._is_theirs(principal, password):
            _log.warning("reauthentication.refused", session=session)
            await self._note(principal, "reauthentication.refused")
            raise _refused(msg("This is not the password you sign in with."))
        await self._limits.forgive_session(session)
        await self._note(principal, "reauthentication", confirmed=True)

    async def _is_theirs(self, principal: Principal, password: Secret) -> bool:
        member_id = principal.actor.member_id
        if member_id is None:
            raise SignInRequired(msg("You have been signed out. Sign in to go on."))
        async with self._database.read(principal.actor.organisation_id) as unit:
            stored = (await unit.organisations.member(member_id)).password_hash
        right, _ = await self._passwords.verify(password, stored)
        return right

    async def _note(self, principal: Principal, action: str, *, confirmed: bool = False) -> None:
        now = self._clock.now()
        async with self._database.write(principal.actor.organisation_id) as unit:
            if confirmed:
                await unit.organisations.note_authenticated(principal.session_id, now)
            await unit.audit.add(now, principal.email, action)


def _refused(sentence: Message) -> InvalidInput:
    return InvalidInput(sentence, fields={_FIELD: sentence})
