"""Where people are signed in: their own sessions listed and ended, a member's ended, and old ones cleaned away.

Sessions are opened and recognised in sign_in.py.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import IntegrationAdminError, NotFound, SignInRequired
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.services.devices import device
from integration_admin.services.signed_in import IDLE, Principal

KEPT: Final = timedelta(days=30)
"""How long what has ended can still be looked up by whoever operates the server."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SessionView:
    """One signed-in browser of a person."""

    id: uuid.UUID
    device: Message
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


class Sessions:
    """Lists and ends sessions; an ended one counts no more from the next event or request on."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def own(self, principal: Principal) -> list[SessionView]:
        """Return where the person is signed in, the browser used last first."""
        member_id, now = _member_of(principal), self._clock.now()
        async with self._database.read(principal.actor.organisation_id) as unit:
            rows = await unit.people.sessions(member_id, now, IDLE)
        return [
            SessionView(
                row.id,
                device(row.user_agent),
                row.created_at,
                row.last_seen_at,
                row.id == principal.session_id,
            )
            for row in rows
        ]

    async def end(self, principal: Principal, session_id: uuid.UUID) -> None:
        """End one of the person's own sessions. Raises NotFound, also for somebody else's."""
        member_id, now = _member_of(principal), self._clock.now()
        async with self._database.write(principal.actor.organisation_id) as unit:
            if not await unit.people.end_sessions(member_id, now, only=session_id):
                raise NotFound(msg("This session has ended already."))
            await unit.audit.add(now, principal.email, "session.end", count=1)

    async def end_others(self, principal: Principal) -> int:
        """End all of the person's sessions but the one they are in; return how many that were."""
        member_id, now = _member_of(principal), self._clock.now()
        async with self._database.write(principal.actor.organisation_id) as unit:
            ended = await unit.people.end_sessions(member_id, now, but=principal.session_id)
            await unit.audit.add(now, principal.email, "session.end", count=ended)
        return ended

    async def end_of_member(self, actor: Actor, member_id: uuid.UUID) -> int:
        """End all sessions of a member; return how many that were. Raises NotFound, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            member = await unit.organisations.member(member_id)
            ended = await unit.people.end_sessions(member_id, now)
            await unit.audit.add(now, actor.name, "member.end_sessions", member.email, count=ended)
        return ended

    async def tick(self) -> None:
        """Remove what ended 30 days ago in every organisation; one that fails does not stop the others."""
        before = self._clock.now() - KEPT
        async with self._database.system() as system:
            organisations = [row.id for row in await system.organisations()]
        for organisation_id in organisations:
            try:
                async with self._database.write(organisation_id) as unit:
                    await unit.people.remove_ended(before, IDLE)
            except IntegrationAdminError as error:
                _log.warning(
                    "session_clean_up_failed", organisation=str(organisation_id), internal=error.internal
                )


def _member_of(principal: Principal) -> uuid.UUID:
    if principal.actor.member_id is None:
        raise SignInRequired(msg("You have been signed out. Sign in to go on."))
    return principal.actor.member_id
