"""What became of each record in one run, read a page at a time. The runs themselves are in runs.py."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from integration_admin.data.models import Delivery, Failure, RecordRow
from integration_admin.data.repositories.base import Repository


class RunRecord(NamedTuple):
    """One record of a run; `failure` is why it was not delivered in that run, the latest reason where there were several.

    `after` is where the page goes on after this row.
    """

    after: int
    record: RecordRow
    delivery: Delivery | None
    failure: Failure | None


class RunRecordRepository(Repository):
    """Reads failures and deliveries of one run, by their ids."""

    async def failed(self, run_id: uuid.UUID, after: int, limit: int) -> tuple[list[RunRecord], int]:
        """Return records that a run did not deliver at first, and the id to go on after; 0 at the end.

        Of a record that failed more than once in the run only the latest failure counts.
        """
        rows = await self._values(
            select(Failure, RecordRow)
            .join(RecordRow, RecordRow.id == Failure.record_id)
            .where(self._owned(Failure), self._owned(RecordRow), Failure.run_id == run_id, Failure.id > after)
            .order_by(Failure.id)
            .limit(limit)
        )
        latest = await self.failures_of(run_id, [row[1].id for row in rows])
        ways = await self._deliveries([row[0] for row in rows])
        found = [
            RunRecord(failure.id, record, ways.get((failure.integration_id, record.id)), failure)
            for failure, record in rows
            if latest[record.id] == failure.id
        ]
        return found, rows[-1][0].id if len(rows) == limit else 0

    async def sent(self, run_id: uuid.UUID, after: int, limit: int) -> tuple[list[RunRecord], int]:
        """Return records that a run was the last to send and that did not fail in it, and the id to go on after."""
        rows = await self._values(
            select(Delivery, RecordRow)
            .join(RecordRow, RecordRow.id == Delivery.record_id)
            .where(
                self._owned(Delivery), self._owned(RecordRow), Delivery.run_id == run_id, Delivery.id > after
            )
            .order_by(Delivery.id)
            .limit(limit)
        )
        told = await self.failures_of(run_id, [row[1].id for row in rows])
        found = [
            RunRecord(delivery.id, record, delivery, None)
            for delivery, record in rows
            if record.id not in told
        ]
        return found, rows[-1][0].id if len(rows) == limit else 0

    async def sent_lately(self, run_id: uuid.UUID, limit: int) -> list[datetime]:
        """Return when a run sent the last `limit` records it took up, the latest first."""
        rows = await self._values(
            select(Delivery.sent_at)
            .where(self._owned(Delivery), Delivery.run_id == run_id)
            .order_by(Delivery.id.desc())
            .limit(limit)
        )
        return sorted((row[0] for row in rows if row[0] is not None), reverse=True)

    async def failures_of(self, run_id: uuid.UUID, record_ids: Collection[int]) -> dict[int, int]:
        """Return the id of the latest failure each of the records met in a run, of those that met one."""
        if not record_ids:
            return {}
        # With the run among the conditions SQLite would look at all of its failures each time.
        rows = await self._values(
            select(Failure.record_id, Failure.id, Failure.run_id)
            .where(self._owned(Failure), Failure.record_id.in_(list(record_ids)))
            .order_by(Failure.id)
        )
        return {row[0]: row[1] for row in rows if row[2] == run_id}

    async def story_of(self, record_id: int) -> list[Failure]:
        """Return every failure a record has met, the oldest first."""
        return await self._all(
            self._select(Failure).where(Failure.record_id == record_id).order_by(Failure.id)
        )

    async def _deliveries(self, failures: Sequence[Failure]) -> dict[tuple[uuid.UUID, int], Delivery]:
        ids = {failure.record_id for failure in failures}
        if not ids:
            return {}
        rows = await self._all(self._select(Delivery).where(Delivery.record_id.in_(ids)))
        return {(row.integration_id, row.record_id): row for row in rows}
