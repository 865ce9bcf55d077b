"""Failures by their cause: which causes there are, how much each concerns, and dismissing records.

Quick with a million failures of one cause: everything is read from the beginning of an index, and counted up to a
limit. Failures are written by runs.py.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, String, bindparam, func, select, update

from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.core.transitions import check_transition
from integration_admin.data.models import Delivery, Failure, RecordRow
from integration_admin.data.repositories.base import ORGANISATION, OWN_INTEGRATION, Repository

_ENDED = (FailureState.DELIVERED, FailureState.DISMISSED)
_HALF: Final = 2**32
"""What an amount is divided by to be summed in two parts."""


class Extent(NamedTuple):
    """How much a cause concerns, counted up to a limit: records and minor units by currency, and since when."""

    records: int
    sums: Mapping[str, int]
    since: datetime


class FailedRecord(NamedTuple):
    """One failure with its record, and where the record is now; none where its delivery is gone."""

    failure: Failure
    record: RecordRow
    now: DeliveryState | None


class Dismissal(NamedTuple):
    """Who dismissed a record, when, and why in their words."""

    by: str
    at: datetime
    because: str


class FailureRepository(Repository):
    """Reads failures by cause and moves records that are dismissed; nothing here touches what was never refused."""

    async def causes(
        self, integration_id: uuid.UUID, state: FailureState, after: str, limit: int
    ) -> list[str]:
        """Return up to `limit` causes of open failures in `state`, in order, that come after `after`."""
        asked = {"integration": integration_id, "state": state, "after": after, "most": limit}
        return [row[0] for row in await self._asked(_CAUSES, **asked)]

    async def extent(
        self, integration_id: uuid.UUID, state: FailureState, cause: str, most: int
    ) -> Extent | None:
        """Return how much a cause concerns, looking at `most` of its failures; none where there is none."""
        asked = {"integration": integration_id, "state": state, "cause": cause, "most": most}
        rows = await self._asked(_EXTENT, **asked)
        if not rows:
            return None
        sums = {row[0]: int(row[2]) * _HALF + int(row[3]) for row in rows if row[0]}
        return Extent(sum(row[1] for row in rows), sums, min(row[4] for row in rows))

    async def latest(
        self, integration_id: uuid.UUID, state: FailureState, cause: str
    ) -> tuple[Failure, DeliveryState | None] | None:
        """Return the newest open failure of a cause, which says the reason, and where its record is now."""
        rows = await self._asked(_LATEST, integration=integration_id, state=state, cause=cause)
        return (rows[0][0], rows[0][1]) if rows else None

    async def of_cause(
        self, integration_id: uuid.UUID, state: FailureState, cause: str, after: int, limit: int
    ) -> list[FailedRecord]:
        """Return up to `limit` open failures of a cause with an id above `after`, by id."""
        conditions = self._of(integration_id, state, cause)
        return await self._records([*conditions, Failure.id > after], Failure.id, limit)

    async def ended(self, integration_id: uuid.UUID, before: int | None, limit: int) -> list[FailedRecord]:
        """Return up to `limit` failures that ended well or were dismissed, newest first, with an id below `before`."""
        found: list[FailedRecord] = []
        for state in _ENDED:
            conditions = [
                Failure.integration_id == self._own(integration_id),
                Failure.state == state,
                Failure.resolved_at.is_not(None),
            ]
            if before is not None:
                conditions.append(Failure.id < before)
            found += await self._records(conditions, Failure.id.desc(), limit)
        found.sort(key=lambda row: -row.failure.id)
        return found[:limit]

    async def retry(
        self, integration_id: uuid.UUID, state: FailureState, cause: str, after: int, limit: int, at: datetime
    ) -> tuple[int, int]:
        """Make records ready again that failed for a cause and are refused or wait for another try.

        Looks at `limit` failures with an id above `after`; returns how many records became ready, and the id to go
        on after, 0 at the end.
        """
        rows = await self._page(integration_id, state, cause, after, limit)
        moved = 0
        for was in (DeliveryState.REJECTED, DeliveryState.RETRY_WAIT):
            becomes = {"due_at": None, "first_sent_at": None}
            moved += len(await self._move(integration_id, rows, was, DeliveryState.READY, at, **becomes))
        return moved, max(rows) if len(rows) == limit else 0

    async def dismiss(
        self,
        integration_id: uuid.UUID,
        cause: str,
        after: int,
        limit: int,
        dismissal: Dismissal,
    ) -> tuple[int, int]:
        """Dismiss refused records that failed for a cause; looks and returns as `retry` does."""
        rows = await self._page(integration_id, FailureState.REFUSED, cause, after, limit)
        return await self._dismiss(integration_id, rows, dismissal), max(rows) if len(rows) == limit else 0

    async def dismiss_record(self, integration_id: uuid.UUID, record_id: int, dismissal: Dismissal) -> bool:
        """Dismiss one refused record; return whether it was refused."""
        rows = await self._open_of(record_id)
        own = {row.id: row.record_id for row in rows if row.integration_id == integration_id}
        return await self._dismiss(integration_id, own, dismissal) > 0

    async def take_back(self, integration_id: uuid.UUID, record_id: int, at: datetime) -> bool:
        """Count a dismissed record as refused again, for the reason it was refused for; return whether it was dismissed."""
        moved = await self._move(
            integration_id, {0: record_id}, DeliveryState.DISMISSED, DeliveryState.REJECTED, at
        )
        await self._reopen([row.id for row in (await self.dismissals(integration_id, moved)).values()])
        return bool(moved)

    async def take_back_together(
        self, integration_id: uuid.UUID, dismissed_at: datetime, after: int, limit: int, at: datetime
    ) -> tuple[int, int]:
        """Take back what was dismissed at one moment; looks and returns as `retry` does."""
        together = [
            Failure.integration_id == self._own(integration_id),
            Failure.resolved_at == dismissed_at,
            Failure.state == FailureState.DISMISSED,
        ]
        rows = await self._page_of(together, after, limit)
        # A record that was dismissed once more since then is not what was dismissed at that moment any more.
        newest = await self.dismissals(integration_id, rows.values())
        still = {id_: record_id for id_, record_id in rows.items() if newest[record_id].id == id_}
        moved = await self._move(integration_id, still, DeliveryState.DISMISSED, DeliveryState.REJECTED, at)
        await self._reopen([id_ for id_, record_id in still.items() if record_id in moved])
        return len(moved), max(rows) if len(rows) == limit else 0

    async def _reopen(self, failure_ids: Collection[int]) -> None:
        """Let dismissed failures count as refusals again."""
        undone = {"resolved_at": None, "dismissed_at": None, "dismissed_by": "", "dismissed_because": ""}
        if failure_ids:
            await self._execute(
                update(Failure)
                .where(self._owned(Failure), Failure.id.in_(list(failure_ids)))
                .values(state=FailureState.REFUSED, **undone)
            )

    async def dismissals(self, integration_id: uuid.UUID, record_ids: Collection[int]) -> dict[int, Failure]:
        """Return the latest dismissed failure of each of the records that has one."""
        if not record_ids:
            return {}
        # With the integration among the conditions SQLite would look at all of its failures.
        found = await self._all(
            self._select(Failure).where(Failure.record_id.in_(list(record_ids))).order_by(Failure.id)
        )
        return {
            row.record_id: row
            for row in found
            if row.integration_id == integration_id and row.state is FailureState.DISMISSED
        }

    async def _open_of(self, record_id: int) -> list[Failure]:
        rows = await self._all(self._select(Failure).where(Failure.record_id == record_id))
        return [row for row in rows if row.resolved_at is None and row.state is FailureState.REFUSED]

    def _of(self, integration_id: uuid.UUID, state: FailureState, cause: str) -> list[ColumnElement[bool]]:
        return [
            Failure.integration_id == self._own(integration_id),
            Failure.state == state,
            Failure.cause == cause,
            Failure.resolved_at.is_(None),
        ]

    async def _page(
        self, integration_id: uuid.UUID, state: FailureState, cause: str, after: int, limit: int
    ) -> dict[int, int]:
        """Return up to `limit` open failures of a cause as record by failure, by id."""
        return await self._page_of(self._of(integration_id, state, cause), after, limit)

    async def _page_of(
        self, conditions: Collection[ColumnElement[bool]], after: int, limit: int
    ) -> dict[int, int]:
        rows = await self._values(
            select(Failure.id, Failure.record_id)
            .where(*conditions, Failure.id > after)
            .order_by(Failure.id)
            .limit(limit)
        )
        return {row[0]: row[1] for row in rows}

    async def _records(
        self, conditions: Collection[ColumnElement[bool]], order: Any, limit: int
    ) -> list[FailedRecord]:
        here = (Delivery.integration_id == Failure.integration_id) & (Delivery.record_id == Failure.record_id)
        rows = await self._values(
            select(Failure, RecordRow, Delivery.state)
            .join(RecordRow, RecordRow.id == Failure.record_id)
            .outerjoin(Delivery, here)
            .where(*conditions, self._owned(RecordRow))
            .order_by(order)
            .limit(limit)
        )
        return [FailedRecord(*row) for row in rows]

    async def _dismiss(self, integration_id: uuid.UUID, rows: Mapping[int, int], dismissal: Dismissal) -> int:
        moved = await self._move(
            integration_id, rows, DeliveryState.REJECTED, DeliveryState.DISMISSED, dismissal.at
        )
        closed = [failure_id for failure_id, record_id in rows.items() if record_id in moved]
        if closed:
            await self._execute(
                update(Failure)
                .where(self._owned(Failure), Failure.id.in_(closed))
                .values(
                    state=FailureState.DISMISSED,
                    resolved_at=dismissal.at,
                    dismissed_at=dismissal.at,
                    dismissed_by=dismissal.by,
                    dismissed_because=dismissal.because,
                )
            )
        return len(moved)

    async def _move(
        self,
        integration_id: uuid.UUID,
        rows: Mapping[int, int],
        was: DeliveryState,
        becomes: DeliveryState,
        at: datetime,
        **values: Any,
    ) -> frozenset[int]:
        """Move those of the records that are still as they were; return them."""
        if not rows:
            return frozenset()
        check_transition(was, becomes)
        moved = await self._session.scalars(
            update(Delivery)
            .where(
                Delivery.integration_id == self._own(integration_id),
                Delivery.record_id.in_(list(rows.values())),
                Delivery.state == was,
            )
            .values(state=becomes, updated_at=at, **values)
            .returning(Delivery.record_id)
            .execution_options(synchronize_session=False)
        )
        return frozenset(moved)


def _next(after: Any) -> Any:
    """Return the first cause after another."""
    return (
        select(func.min(Failure.cause))
        .where(
            Failure.integration_id == OWN_INTEGRATION,
            Failure.state == bindparam("state"),
            Failure.cause > after,
            Failure.resolved_at.is_(None),
        )
        .scalar_subquery()
    )


def _causes() -> Select[*tuple[Any, ...]]:
    """Leap from one cause to the next: however many failures one has, it is one step."""
    step = select(_next(bindparam("after", type_=String())).label("cause")).cte("step", recursive=True)
    step = step.union_all(select(_next(step.c.cause)).where(step.c.cause.is_not(None)))
    return select(step.c.cause).where(step.c.cause.is_not(None)).limit(bindparam("most", type_=Integer()))


def _extent() -> Select[*tuple[Any, ...]]:
    some = (
        select(Failure.currency, Failure.amount_minor, Failure.since)
        .where(*_OF_CAUSE)
        .order_by(Failure.id)
        .limit(bindparam("most", type_=Integer()))
        .subquery()
    )
    # In two parts: SQLite answers with an error where one sum is more than its largest number.
    parts = (func.sum(some.c.amount_minor // _HALF), func.sum(some.c.amount_minor % _HALF))
    return select(some.c.currency, func.count(), *parts, func.min(some.c.since)).group_by(some.c.currency)


def _latest() -> Select[*tuple[Any, ...]]:
    here = (Delivery.integration_id == Failure.integration_id) & (Delivery.record_id == Failure.record_id)
    return (
        select(Failure, Delivery.state)
        .outerjoin(Delivery, here)
        .where(Failure.organisation_id == ORGANISATION, *_OF_CAUSE)
        .order_by(Failure.id.desc())
        .limit(1)
    )


_OF_CAUSE: Final = (
    Failure.integration_id == OWN_INTEGRATION,
    Failure.state == bindparam("state"),
    Failure.cause == bindparam("cause"),
    Failure.resolved_at.is_(None),
)
_CAUSES: Final = _causes()
_EXTENT: Final = _extent()
_LATEST: Final = _latest()
