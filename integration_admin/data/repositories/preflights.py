"""What the checks before the nightly runs found: making one, writing down its result, and who was told."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from integration_admin.data.models_preflights import Preflight
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository

_NEWEST = (
    select(Preflight)
    .where(Preflight.organisation_id == ORGANISATION, Preflight.integration_id == INTEGRATION)
    .order_by(Preflight.evening.desc())
    .limit(1)
)


class PreflightRepository(Repository):
    """Keeps the newest check of each integration."""

    async def claim(
        self,
        integration_id: uuid.UUID,
        evening: str,
        *,
        due_at: datetime,
        version: int,
        now: datetime,
        given_up_before: datetime,
    ) -> bool:
        """Begin an evening's check; of several callers one gets true. What earlier evenings found is forgotten.

        One that began before `given_up_before` and has no result may be begun anew: its process died.
        """
        begun = {"due_at": due_at, "version": version, "begun_at": now}
        empty = {"would_go": 0, "would_fail": 0, "complete": True, "reasons": {}, "needs_person": False}
        row = {"integration_id": integration_id, "evening": evening, **begun, **empty}
        if await self._add_missing(Preflight, [row]) == 1:
            await self._execute(
                delete(Preflight).where(
                    self._owned(Preflight),
                    Preflight.integration_id == integration_id,
                    Preflight.evening < evening,
                )
            )
            return True
        touched = await self._execute(
            update(Preflight)
            .where(
                self._owned(Preflight),
                Preflight.integration_id == integration_id,
                Preflight.evening == evening,
                Preflight.checked_at.is_(None),
                Preflight.begun_at < given_up_before,
            )
            .values(**begun)
        )
        return touched == 1

    async def finish(
        self, integration_id: uuid.UUID, begun_at: datetime, checked_at: datetime, **found: Any
    ) -> bool:
        """Write down what the check begun at that time found; False where it has been begun anew since."""
        touched = await self._execute(
            update(Preflight)
            .where(
                self._owned(Preflight),
                Preflight.integration_id == integration_id,
                Preflight.begun_at == begun_at,
                Preflight.checked_at.is_(None),
            )
            .values(checked_at=checked_at, **found)
        )
        return touched == 1

    async def newest(self, integration_id: uuid.UUID) -> Preflight | None:
        """Return an integration's newest check, also one under way."""
        found = await self._asked(_NEWEST, integration=integration_id)
        return found[0][0] if found else None

    async def unnoticed(self, now: datetime) -> list[Preflight]:
        """Return checks whose run is yet to come, that need a person, and of which nobody was told."""
        statement = self._select(Preflight).where(
            Preflight.due_at > now, Preflight.needs_person, Preflight.noticed_at.is_(None)
        )
        return await self._all(statement.order_by(Preflight.id))

    async def note_noticed(self, preflight_id: int, at: datetime) -> bool:
        """Note that somebody is about to be told; False where another process was first."""
        touched = await self._execute(
            update(Preflight)
            .where(self._owned(Preflight), Preflight.id == preflight_id, Preflight.noticed_at.is_(None))
            .values(noticed_at=at)
        )
        return touched == 1
