"""Deliveries that wait for a person: what is known of each, and writing down what the person found."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from integration_admin.core.statuses import DeliveryState
from integration_admin.core.transitions import check_transition
from integration_admin.data.models import Delivery, Failure, RecordRow
from integration_admin.data.repositories.base import OWN_INTEGRATION, Repository

_STATES = select(Delivery.record_id, Delivery.state).where(
    Delivery.integration_id == OWN_INTEGRATION, Delivery.record_id.in_(bindparam("records", expanding=True))
)


class DecisionRepository(Repository):
    """Reads deliveries that need a person, and moves them on; nothing here touches any other."""

    async def waiting(
        self, integration_id: uuid.UUID, after: int, limit: int
    ) -> list[tuple[Delivery, RecordRow, Failure | None]]:
        """Return up to `limit` that wait, with an id above `after`, by id, each with its open failure."""
        return await self.held(integration_id, DeliveryState.NEEDS_PERSON, after, limit)

    async def held(
        self, integration_id: uuid.UUID, state: DeliveryState, after: int, limit: int
    ) -> list[tuple[Delivery, RecordRow, Failure | None]]:
        """Return up to `limit` in `state`, with an id above `after`, by id, each with its open failure."""
        rows = await self._values(
            select(Delivery, RecordRow)
            .join(RecordRow, RecordRow.id == Delivery.record_id)
            .where(
                self._owned(Delivery),
                self._owned(RecordRow),
                Delivery.integration_id == integration_id,
                Delivery.state == state,
                Delivery.id > after,
            )
            .order_by(Delivery.id)
            .limit(limit)
        )
        why = await self.reasons(integration_id, [row[1].id for row in rows])
        return [(row[0], row[1], why.get(row[1].id)) for row in rows]

    async def reasons(self, integration_id: uuid.UUID, record_ids: Collection[int]) -> dict[int, Failure]:
        """Return the latest open failure of each of the records that has one."""
        # With the integration among the conditions SQLite would look at all of its open failures.
        found = await self._all(
            self._select(Failure).where(Failure.record_id.in_(list(record_ids))).order_by(Failure.id)
        )
        return {
            failure.record_id: failure
            for failure in found
            if failure.integration_id == integration_id and failure.resolved_at is None
        }

    async def states_of(
        self, integration_id: uuid.UUID, record_ids: Collection[int]
    ) -> dict[int, DeliveryState]:
        """Return where each of the records is now."""
        if not record_ids:
            # SQLite would look at every delivery for none of them.
            return {}
        rows = await self._asked(_STATES, integration=integration_id, records=list(record_ids))
        return {row[0]: row[1] for row in rows}

    async def found(
        self, integration_id: uuid.UUID, record_id: int, external_id: str, at: datetime
    ) -> str | None:
        """Make a delivery that waits delivered under their id; return our reference, or none if it did not."""
        return await self._decide(
            integration_id, record_id, DeliveryState.DELIVERED, at, external_id=external_id
        )

    async def send_again(self, integration_id: uuid.UUID, record_id: int, at: datetime) -> str | None:
        """Make a delivery that waits ready, as if never sent; return our reference, or none if it did not."""
        return await self._decide(
            integration_id, record_id, DeliveryState.READY, at, recoveries=0, first_sent_at=None
        )

    async def _decide(
        self, integration_id: uuid.UUID, record_id: int, state: DeliveryState, at: datetime, **values: Any
    ) -> str | None:
        check_transition(DeliveryState.NEEDS_PERSON, state)
        moved = await self._session.scalars(
            update(Delivery)
            .where(
                self._owned(Delivery),
                Delivery.integration_id == integration_id,
                Delivery.record_id == record_id,
                Delivery.state == DeliveryState.NEEDS_PERSON,
            )
            .values(state=state, due_at=None, updated_at=at, **values)
            .returning(Delivery.reference)
            .execution_options(synchronize_session=False)
        )
        return moved.one_or_none()
