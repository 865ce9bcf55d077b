"""Changing one's own password while signed in. A forgotten one is replaced with a link; see one_time_links.py."""

from hashlib import sha256

from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import LinkPurpose
from integration_admin.data.database import Database
from integration_admin.services.passwords import Passwords, check_new_password
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.signed_in import IDLE, Principal


class OwnPassword:
    """Takes a new password from whoever gives the present one."""

    def __init__(
        self, database: Database, passwords: Passwords, reauthentication: Reauthentication, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._reauthentication = reauthentication
        self._clock = clock

    async def mark(self, principal: Principal) -> str:
        """Return what stands for the present password in a form, says nothing about it, and changes with it."""
        member_id = principal.actor.member_id
        if member_id is None:
            return ""
        async with self._database.read(principal.actor.organisation_id) as unit:
            stored = (await unit.organisations.member(member_id)).password_hash
        return sha256((stored or "").encode()).hexdigest()[:16]

    async def change(self, principal: Principal, present: Secret, wanted: Secret, code: str = "") -> None:
        """Store a new password, and end all sessions but the one it was changed in.

        `code` is needed, beside the present password, of whoever has a second factor.

        Raises InvalidInput with the field `own_password` or `password`, TooManyAttempts, SignInRequired.
        """
        member_id = principal.actor.member_id
        if member_id is None:
            raise SignInRequired(msg("You have been signed out. Sign in to go on."))
        names = (principal.organisation, principal.email, principal.actor.name)
        check_new_password(wanted, names)
        await self._reauthentication.confirm(principal, present, code)
        if present.reveal() == wanted.reveal():
            sentence = msg("This is the password you have already.")
            raise InvalidInput(sentence, fields={"password": sentence})
        password_hash, now = await self._passwords.hash(wanted), self._clock.now()
        async with self._database.write(principal.actor.organisation_id) as unit:
            # Whoever is signing in with the old one has a session by then, which ends here, or is refused.
            await unit.organisations.take_turns()
            open_ones = await unit.people.sessions(member_id, now, IDLE)
            if principal.session_id not in {row.id for row in open_ones}:
                raise SignInRequired(msg("You have been signed out. Sign in to go on."))
            if not await unit.people.set_password(member_id, password_hash):
                raise SignInRequired(msg("You have been signed out. Sign in to go on."))
            ended = await unit.people.end_sessions(member_id, now, but=principal.session_id)
            await unit.factors.drop_steps(member_id)
            await unit.people.drop_links(LinkPurpose.RESET, principal.email)
            await unit.audit.add(now, principal.email, "password.change", count=ended)
