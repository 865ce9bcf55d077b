"""How much there is: deliveries by state, and records not taken up. Quick with a million of them.

Everything is counted in indexes alone; that an integration is the organisation's own is asked of its one row.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, exists, func, or_, select

from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.repositories.base import ORGANISATION, OWN_INTEGRATION, Repository


class BacklogRepository(Repository):
    """Counts; reads no row of a record or a delivery."""

    async def by_state(
        self, integration_id: uuid.UUID, states: Collection[DeliveryState] = tuple(DeliveryState)
    ) -> dict[DeliveryState, int]:
        """Return how many deliveries are in each of `states`; those without any are left out."""
        rows = await self._asked(_by_state(tuple(states)), integration=integration_id)
        return {DeliveryState(state): count for state, count in rows}

    async def up_to(
        self, integration_id: uuid.UUID, states: Collection[DeliveryState], most: int
    ) -> dict[DeliveryState, int]:
        """Return how many deliveries are in each of `states`, counting `most` of each; those without any are left out."""
        (row,) = await self._asked(_up_to(tuple(states)), integration=integration_id, most=most)
        return {state: count for state, count in zip(states, row, strict=True) if count}

    async def by_fate(self, integration_id: uuid.UUID, fates: Collection[FateState]) -> dict[FateState, int]:
        """Return how many delivered records met each of `fates`; those none met are left out."""
        rows = await self._asked(_by_fate(tuple(fates)), integration=integration_id)
        return {FateState(fate): count for fate, count in rows}

    async def left_by_run(self, integration_id: uuid.UUID, run_id: uuid.UUID) -> tuple[int, int]:
        """Return how many records a run has sent that now wait for another try, and whose outcome is open."""
        open_states = (DeliveryState.RETRY_WAIT, DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON)
        rows = await self._values(
            select(Delivery.state, func.count())
            .where(
                Delivery.integration_id == self._own(integration_id),
                Delivery.state.in_(open_states),
                Delivery.run_id == run_id,
            )
            .group_by(Delivery.state)
        )
        counts = {DeliveryState(state): count for state, count in rows}
        waiting = counts.pop(DeliveryState.RETRY_WAIT, 0)
        return waiting, sum(counts.values())

    async def due(self, integration_id: uuid.UUID, now: datetime) -> int:
        """Return how many deliveries wait for another try, or for a question about them, that is due by now."""
        rows = await self._values(
            select(func.count()).where(
                Delivery.integration_id == self._own(integration_id),
                Delivery.state.in_((DeliveryState.RETRY_WAIT, DeliveryState.UNKNOWN)),
                Delivery.due_at <= now,
            )
        )
        return int(rows[0][0])

    async def not_taken_up(
        self,
        integration_id: uuid.UUID,
        kinds: Collection[str],
        statuses: Collection[str],
        taken_up: int,
    ) -> int:
        """Return how many records of `kinds` in `statuses` have no delivery; `taken_up` is how many have one.

        Looking for each of a million records whether it has a delivery takes a second. So only those that
        have one although their kind or status is another are looked for, and they are few.
        """
        rows = await self._asked(_BY_STATUS)
        due = sum(count for kind, status, count in rows if kind in kinds and status in statuses)
        others = [(kind, status) for kind, status, _ in rows if kind not in kinds or status not in statuses]
        return int(due) - (taken_up - await self._withdrawn(integration_id, others))

    async def _withdrawn(self, integration_id: uuid.UUID, groups: Collection[tuple[str, str]]) -> int:
        """Return how many records of the groups (kind, status) have a delivery."""
        if not groups:
            return 0
        rows = await self._asked(_taken_up(tuple(sorted(groups))), integration=integration_id)
        return int(rows[0][0])


_BY_STATUS = (
    select(RecordRow.kind, RecordRow.status, func.count())
    .where(RecordRow.organisation_id == ORGANISATION)
    .group_by(RecordRow.kind, RecordRow.status)
)


@lru_cache
def _by_state(states: tuple[DeliveryState, ...]) -> Select[*tuple[Any, ...]]:
    return (
        select(Delivery.state, func.count())
        .where(Delivery.integration_id == OWN_INTEGRATION, Delivery.state.in_(states))
        .group_by(Delivery.state)
    )


@lru_cache
def _by_fate(fates: tuple[FateState, ...]) -> Select[*tuple[Any, ...]]:
    return (
        select(Delivery.fate, func.count())
        .where(Delivery.integration_id == OWN_INTEGRATION, Delivery.fate.in_(fates))
        .group_by(Delivery.fate)
    )


@lru_cache
def _up_to(states: tuple[DeliveryState, ...]) -> Select[*tuple[Any, ...]]:
    counted = (
        select(Delivery.id)
        .where(Delivery.integration_id == OWN_INTEGRATION, Delivery.state == state)
        .limit(bindparam("most", type_=Integer()))
        .subquery()
        for state in states
    )
    return select(*(select(func.count()).select_from(some).scalar_subquery() for some in counted))


@lru_cache
def _taken_up(groups: tuple[tuple[str, str], ...]) -> Select[*tuple[Any, ...]]:
    taken = exists().where(Delivery.integration_id == OWN_INTEGRATION, Delivery.record_id == RecordRow.id)
    group = or_(*(and_(RecordRow.kind == kind, RecordRow.status == word) for kind, word in groups))
    return (
        select(func.count())
        .select_from(RecordRow)
        .where(RecordRow.organisation_id == ORGANISATION, group, taken)
    )
