"""Deleting what is older than an organisation keeps: finished records, and runs nothing unfinished belongs to."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, select

from integration_admin.core.statuses import DeliveryState, FailureState, FateState
from integration_admin.data.models import Delivery, Failure, RecordRow, Run
from integration_admin.data.repositories.base import Repository

_OPEN_FATES = (FateState.STAGED, FateState.REJECTED)


class RetentionRepository(Repository):
    """Finds and deletes what is old, one run at a time."""

    async def old_runs(self, before: datetime, after: datetime | None, limit: int) -> list[Run]:
        """Return runs that ended before `before` and were asked for after `after`, the oldest first."""
        statement = self._select(Run).where(Run.finished_at < before, Run.requested_at < before)
        if after is not None:
            statement = statement.where(Run.requested_at > after)
        return await self._all(statement.order_by(Run.requested_at).limit(limit))

    async def remove_finished(
        self, run_id: uuid.UUID, before: datetime, after: int, limit: int
    ) -> tuple[int, int]:
        """Delete those of a run's records that are finished everywhere and have not changed since `before`.

        Looks at `limit` deliveries with an id above `after`; returns how many records are gone and the id to
        go on after, 0 at the end.
        """
        rows = await self._values(
            select(Delivery.id, Delivery.record_id)
            .where(self._owned(Delivery), Delivery.run_id == run_id, Delivery.id > after)
            .order_by(Delivery.id)
            .limit(limit)
        )
        ids = {row[1] for row in rows}
        gone = await self._remove(ids - await self._unfinished(ids, before))
        return gone, rows[-1][0] if len(rows) == limit else 0

    async def remove_run(self, run_id: uuid.UUID) -> bool:
        """Delete a run with its failures, unless a record, or an open or dismissed failure, still belongs to it."""
        needed = exists().where(Delivery.run_id == run_id)
        open_or_dismissed = Failure.resolved_at.is_(None) | (Failure.state == FailureState.DISMISSED)
        still_open = exists().where(Failure.run_id == run_id, open_or_dismissed)
        own = (self._owned(Run), Run.id == run_id, Run.finished_at.is_not(None))
        return await self._execute(delete(Run).where(*own, ~needed, ~still_open)) == 1

    async def _unfinished(self, record_ids: Collection[int], before: datetime) -> set[int]:
        """Return those that are not finished somewhere, or have changed since."""
        if not record_ids:
            return set()
        wanted = list(record_ids)
        open_ones = await self._values(
            select(Delivery.record_id).where(
                self._owned(Delivery),
                Delivery.record_id.in_(wanted),
                (Delivery.state != DeliveryState.DELIVERED)
                | Delivery.fate.in_(_OPEN_FATES)
                | (Delivery.updated_at >= before),
            )
        )
        changed = await self._values(
            select(RecordRow.id).where(
                self._owned(RecordRow), RecordRow.id.in_(wanted), RecordRow.updated_at >= before
            )
        )
        return {row[0] for row in (*open_ones, *changed)}

    async def _remove(self, record_ids: Collection[int]) -> int:
        """Delete records; what belongs to them goes with them."""
        if not record_ids:
            return 0
        return await self._execute(
            delete(RecordRow).where(self._owned(RecordRow), RecordRow.id.in_(list(record_ids)))
        )
