"""Deleting what is older than an organisation keeps: records, runs, comparisons, notices and used slots."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, func, select

from integration_admin.core.records import DAY_FIELDS
from integration_admin.core.statuses import DeliveryState, FailureState, FateState
from integration_admin.data.models import Delivery, Failure, RecordRow, Run, ScheduleSlot
from integration_admin.data.models_notices import Notice
from integration_admin.data.models_reconciliations import Reconciliation, ReconciliationPage
from integration_admin.data.repositories.base import Repository

_OPEN_FATES = (FateState.STAGED, FateState.REJECTED)
_FINISHED = (DeliveryState.DELIVERED, DeliveryState.DISMISSED)


class RetentionRepository(Repository):
    """Finds and deletes what is old, a little at a time."""

    async def old_runs(self, before: datetime, after: datetime | None, limit: int) -> list[Run]:
        """Return runs that ended before `before` and were asked for after `after`, the oldest first."""
        statement = self._select(Run).where(Run.finished_at < before, Run.requested_at < before)
        if after is not None:
            statement = statement.where(Run.requested_at > after)
        return await self._all(statement.order_by(Run.requested_at).limit(limit))

    async def remove_finished(
        self, run_id: uuid.UUID, before: datetime, after: int, limit: int
    ) -> tuple[int, int]:
        """Delete those of a run's records that are finished everywhere, not changed since `before`, and from before it.

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
        gone = await self._remove(ids - await self._needed(ids, before))
        return gone, rows[-1][0] if len(rows) == limit else 0

    async def remove_run(self, run_id: uuid.UUID) -> bool:
        """Delete a run with its failures, unless a record, or an open or dismissed failure, still belongs to it."""
        needed = exists().where(Delivery.run_id == run_id)
        open_or_dismissed = Failure.resolved_at.is_(None) | (Failure.state == FailureState.DISMISSED)
        still_open = exists().where(Failure.run_id == run_id, open_or_dismissed)
        own = (self._owned(Run), Run.id == run_id, Run.finished_at.is_not(None))
        return await self._execute(delete(Run).where(*own, ~needed, ~still_open)) == 1

    async def old_reconciliations(self, before: datetime) -> list[uuid.UUID]:
        """Return the comparisons that ended, and were signed where they were signed, before `before`."""
        rows = await self._values(
            select(Reconciliation.id)
            .where(
                self._owned(Reconciliation),
                Reconciliation.finished_at < before,
                Reconciliation.signed_at.is_(None) | (Reconciliation.signed_at < before),
            )
            .order_by(Reconciliation.finished_at)
        )
        return [row[0] for row in rows]

    async def remove_reconciliation(self, reconciliation_id: uuid.UUID, pages: int) -> bool:
        """Delete up to `pages` pages of a comparison's file or, where none is left, the comparison; tell whether it is gone."""
        some = (
            select(ReconciliationPage.id)
            .where(self._owned(ReconciliationPage), ReconciliationPage.reconciliation_id == reconciliation_id)
            .limit(pages)
        )
        mine = self._owned(ReconciliationPage)
        if await self._execute(delete(ReconciliationPage).where(mine, ReconciliationPage.id.in_(some))):
            return False
        own = (self._owned(Reconciliation), Reconciliation.id == reconciliation_id)
        await self._execute(delete(Reconciliation).where(*own))
        return True

    async def remove_notices(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` notices from before `before`, with whom each was sent to; return how many."""
        old = select(Notice.id).where(self._owned(Notice), Notice.created_at < before).limit(limit)
        return await self._execute(delete(Notice).where(self._owned(Notice), Notice.id.in_(old)))

    async def remove_slots(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` times schedules were due before `before`; return how many."""
        old = (
            select(ScheduleSlot.id)
            .where(self._owned(ScheduleSlot), ScheduleSlot.due_at < before)
            .limit(limit)
        )
        return await self._execute(
            delete(ScheduleSlot).where(self._owned(ScheduleSlot), ScheduleSlot.id.in_(old))
        )

    async def _needed(self, record_ids: Collection[int], before: datetime) -> set[int]:
        """Return those that are not finished somewhere, have changed since, or would be taken in as new ones."""
        if not record_ids:
            return set()
        wanted = list(record_ids)
        open_ones = await self._values(
            select(Delivery.record_id).where(
                self._owned(Delivery),
                Delivery.record_id.in_(wanted),
                Delivery.state.not_in(_FINISHED)
                | Delivery.fate.in_(_OPEN_FATES)
                | (Delivery.updated_at >= before),
            )
        )
        day = func.coalesce(*(RecordRow.payload[field].as_string() for field in DAY_FIELDS.values()))
        # What is deleted and comes again is told from a new record by its own day alone.
        would_be_new = day.is_(None) | (day >= before.date().isoformat())
        recent = await self._values(
            select(RecordRow.id).where(
                self._owned(RecordRow),
                RecordRow.id.in_(wanted),
                (RecordRow.updated_at >= before) | would_be_new,
            )
        )
        return {row[0] for row in (*open_ones, *recent)}

    async def _remove(self, record_ids: Collection[int]) -> int:
        """Delete records; what belongs to them goes with them."""
        if not record_ids:
            return 0
        return await self._execute(
            delete(RecordRow).where(self._owned(RecordRow), RecordRow.id.in_(list(record_ids)))
        )
