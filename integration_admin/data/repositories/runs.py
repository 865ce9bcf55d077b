"""Runs and the failures they met."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_, update

from integration_admin.core.messages import msg
from integration_admin.core.statuses import RunState
from integration_admin.data.models import Failure, Integration, RecordRow, Run
from integration_admin.data.repositories.base import Repository

ACTIVE = (RunState.QUEUED, RunState.RUNNING)


class RunRepository(Repository):
    """Reads and changes runs; history is paged by the time a run was asked for."""

    async def take_turns(self, integration_id: uuid.UUID) -> None:
        """Let one transaction of the integration at a time go on from here.

        SQLite has one writer anyway; on PostgreSQL the integration's row is locked, which does not keep
        others from adding rows that point at it.
        """
        await self._all(
            self._select(Integration).where(Integration.id == integration_id).with_for_update(key_share=True)
        )

    async def add(self, run: Run) -> None:
        """Add a queued run."""
        await self._add(run)

    async def get(self, run_id: uuid.UUID) -> Run:
        """Return one; raises NotFound."""
        return await self._one(self._select(Run).where(Run.id == run_id), msg("There is no such run."))

    async def by_idempotency_key(self, integration_id: uuid.UUID, key: str) -> Run | None:
        """Return the run an earlier request with the same key made."""
        found = await self._all(
            self._select(Run).where(Run.integration_id == integration_id, Run.idempotency_key == key)
        )
        return found[0] if found else None

    async def active(self, integration_id: uuid.UUID) -> Run | None:
        """Return the run that is queued or running, if any."""
        found = await self._all(
            self._select(Run)
            .where(Run.integration_id == integration_id, Run.state.in_(ACTIVE))
            .order_by(Run.requested_at)
            .limit(1)
        )
        return found[0] if found else None

    async def latest_finished(self, integration_id: uuid.UUID) -> Run | None:
        """Return the newest run that has ended."""
        found = await self._all(
            self._select(Run)
            .where(Run.integration_id == integration_id, Run.finished_at.is_not(None))
            .order_by(Run.requested_at.desc())
            .limit(1)
        )
        return found[0] if found else None

    async def history(
        self, integration_id: uuid.UUID, before: tuple[datetime, uuid.UUID] | None, limit: int
    ) -> list[Run]:
        """Return runs, newest first, older than `before`."""
        statement = self._select(Run).where(Run.integration_id == integration_id)
        if before is not None:
            statement = statement.where(tuple_(Run.requested_at, Run.id) < before)
        return await self._all(statement.order_by(Run.requested_at.desc(), Run.id.desc()).limit(limit))

    async def start(self, run_id: uuid.UUID, at: datetime) -> bool:
        """Move a run from queued (or from running, when its process died) to running."""
        touched = await self._execute(
            update(Run)
            .where(self._owned(Run), Run.id == run_id, Run.state.in_(ACTIVE))
            .values(state=RunState.RUNNING, started_at=at)
        )
        return touched == 1

    async def finish(
        self,
        run_id: uuid.UUID,
        state: RunState,
        at: datetime,
        came_from: Collection[RunState] = ACTIVE,
        **values: Any,
    ) -> bool:
        """End a run that is in one of the states `came_from`; return false when it is in none of them."""
        touched = await self._execute(
            update(Run)
            .where(self._owned(Run), Run.id == run_id, Run.state.in_(came_from))
            .values(state=state, finished_at=at, **values)
        )
        return touched == 1

    async def progress(self, run_id: uuid.UUID, **values: Any) -> None:
        """Write the counts of a run that goes on."""
        await self._execute(update(Run).where(self._owned(Run), Run.id == run_id).values(**values))

    async def cancel_requested(self, run_id: uuid.UUID) -> bool:
        """Tell whether somebody asked this run to stop."""
        rows = await self._values(select(Run.cancel_requested).where(self._owned(Run), Run.id == run_id))
        return bool(rows and rows[0][0])

    async def add_failures(self, failures: Sequence[Failure]) -> None:
        """Keep why records were not delivered."""
        await self._add(*failures)

    async def failures(
        self, integration_id: uuid.UUID, *, run_id: uuid.UUID | None = None, limit: int = 200
    ) -> list[tuple[Failure, RecordRow]]:
        """Return failures with their record: of one run, or all that are still open."""
        statement = (
            select(Failure, RecordRow)
            .join(RecordRow, RecordRow.id == Failure.record_id)
            .where(self._owned(Failure), self._owned(RecordRow), Failure.integration_id == integration_id)
        )
        if run_id is None:
            statement = statement.where(Failure.resolved_at.is_(None))
        else:
            statement = statement.where(Failure.run_id == run_id)
        rows = await self._values(statement.order_by(Failure.id).limit(limit))
        return [(row[0], row[1]) for row in rows]

    async def resolve_failures(
        self, integration_id: uuid.UUID, record_ids: Collection[int], at: datetime
    ) -> None:
        """Close the open failures of records that were delivered or failed anew."""
        await self._execute(
            update(Failure)
            .where(
                self._owned(Failure),
                Failure.integration_id == integration_id,
                Failure.record_id.in_(list(record_ids)),
                Failure.resolved_at.is_(None),
            )
            .values(resolved_at=at)
        )
