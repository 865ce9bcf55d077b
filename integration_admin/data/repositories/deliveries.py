"""Deliveries: where each record is on its way to each accounting system.

Every change of state names the state it comes from, so that an illegal one touches no row.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, insert, or_, select, update

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A record taken up by an integration."""

    record_id: int
    reference: str
    voucher_number: int
    revision: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery to be settled, with what the export needs of its record, read at one moment."""

    id: int
    record_id: int
    reference: str
    voucher_number: int
    attempts: int
    status: str
    revision: int
    currency: str
    amount_minor: int
    payload: dict[str, Any]


_OUTGOING = (
    Delivery.id,
    Delivery.record_id,
    Delivery.reference,
    Delivery.voucher_number,
    Delivery.attempts,
    RecordRow.status,
    RecordRow.revision,
    RecordRow.currency,
    RecordRow.amount_minor,
    RecordRow.payload,
)
"""The columns of Outgoing, in its order."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a delivery that was `sending` or `unknown` becomes."""

    delivery_id: int
    state: DeliveryState
    external_id: str = ""
    due_at: datetime | None = None


class DeliveryRepository(Repository):
    """Reads deliveries and moves them from state to state."""

    async def add(self, integration_id: uuid.UUID, new: Sequence[NewDelivery], at: datetime) -> None:
        """Take up records as ready to send."""
        if not new:
            return
        await self._session.execute(
            insert(Delivery),
            [
                {
                    "organisation_id": self._organisation_id,
                    "integration_id": integration_id,
                    "record_id": item.record_id,
                    "reference": item.reference,
                    "voucher_number": item.voucher_number,
                    "revision": item.revision,
                    "state": DeliveryState.READY,
                    "updated_at": at,
                }
                for item in new
            ],
        )

    async def sendable(
        self, integration_id: uuid.UUID, now: datetime, after: int, limit: int
    ) -> list[Outgoing]:
        """Return deliveries that are ready, or whose wait is over, with an id above `after`, by id."""
        waited = and_(Delivery.state == DeliveryState.RETRY_WAIT, Delivery.due_at <= now)
        return await self._outgoing(
            integration_id, or_(Delivery.state == DeliveryState.READY, waited), after, limit
        )

    async def begin_sending(
        self, deliveries: Sequence[tuple[int, str, int]], run_id: uuid.UUID, at: datetime
    ) -> int:
        """Record the intent to send (id, payload hash, revision); return how many rows it moved."""
        return await self._move(
            [
                {"key": key, "payload_hash": digest, "revision": revision}
                for key, digest, revision in deliveries
            ],
            [DeliveryState.READY, DeliveryState.RETRY_WAIT],
            {
                "state": DeliveryState.SENDING,
                "attempts": Delivery.attempts + 1,
                "run_id": run_id,
                "sent_at": at,
                "due_at": None,
                "updated_at": at,
                "payload_hash": bindparam("payload_hash"),
                "revision": bindparam("revision"),
            },
        )

    async def settle(
        self, settlements: Sequence[Settlement], came_from: Collection[DeliveryState], at: datetime
    ) -> int:
        """Record outcomes; return how many rows were in one of the states they came from."""
        return await self._move(
            [
                {
                    "key": item.delivery_id,
                    "new_state": item.state,
                    "external_id": item.external_id,
                    "due_at": item.due_at,
                }
                for item in settlements
            ],
            came_from,
            {
                "state": bindparam("new_state"),
                "external_id": bindparam("external_id"),
                "due_at": bindparam("due_at"),
                "updated_at": at,
            },
        )

    async def _move(
        self, rows: list[dict[str, Any]], came_from: Collection[DeliveryState], values: dict[str, Any]
    ) -> int:
        """Update many rows in one round trip, each only if it is in one of the expected states."""
        if not rows:
            return 0
        statement = (
            update(Delivery)
            .where(
                self._owned(Delivery),
                Delivery.id == bindparam("key"),
                # Many rows at once cannot be combined with IN, which is written out for each row.
                or_(false(), *(Delivery.state == state for state in came_from)),
            )
            .values(**values)
        )
        connection = await self._session.connection()
        return (await connection.execute(statement, rows)).rowcount

    async def orphans_to_unknown(self, integration_id: uuid.UUID, due_at: datetime, at: datetime) -> int:
        """Turn what a dead run left `sending` into unknown outcomes; return how many."""
        return await self._execute(
            update(Delivery)
            .where(
                self._owned(Delivery),
                Delivery.integration_id == integration_id,
                Delivery.state == DeliveryState.SENDING,
            )
            .values(
                state=DeliveryState.UNKNOWN,
                recoveries=Delivery.recoveries + 1,
                due_at=due_at,
                updated_at=at,
            )
        )

    async def unknown_due(
        self, integration_id: uuid.UUID, now: datetime, after: int, limit: int
    ) -> list[Outgoing]:
        """Return unknown outcomes whose quiet period is over, with an id above `after`, by id."""
        due = and_(Delivery.state == DeliveryState.UNKNOWN, Delivery.due_at <= now)
        return await self._outgoing(integration_id, due, after, limit)

    async def _outgoing(
        self, integration_id: uuid.UUID, due: ColumnElement[bool], after: int, limit: int
    ) -> list[Outgoing]:
        rows = await self._values(
            select(*_OUTGOING)
            .join(RecordRow, RecordRow.id == Delivery.record_id)
            .where(
                self._owned(Delivery),
                self._owned(RecordRow),
                Delivery.integration_id == integration_id,
                Delivery.id > after,
                due,
            )
            .order_by(Delivery.id)
            .limit(limit)
        )
        return [Outgoing(*row) for row in rows]

    async def retry(
        self,
        integration_id: uuid.UUID,
        states: Collection[DeliveryState],
        at: datetime,
        record_id: int | None = None,
    ) -> int:
        """Make deliveries in `states` ready again; return how many."""
        conditions = [
            self._owned(Delivery),
            Delivery.integration_id == integration_id,
            Delivery.state.in_(list(states)),
        ]
        if record_id is not None:
            conditions.append(Delivery.record_id == record_id)
        return await self._execute(
            update(Delivery).where(*conditions).values(state=DeliveryState.READY, due_at=None, updated_at=at)
        )

    async def revive_revised(self, integration_id: uuid.UUID, at: datetime) -> int:
        """Make rejected deliveries ready again whose record has a newer revision; return how many."""
        newer = exists().where(RecordRow.id == Delivery.record_id, RecordRow.revision > Delivery.revision)
        return await self._execute(
            update(Delivery)
            .where(
                self._owned(Delivery),
                Delivery.integration_id == integration_id,
                Delivery.state == DeliveryState.REJECTED,
                newer,
            )
            .values(state=DeliveryState.READY, updated_at=at)
        )

    async def counts(self, integration_id: uuid.UUID) -> dict[DeliveryState, int]:
        """Return how many deliveries are in each state."""
        rows = await self._values(
            select(Delivery.state, func.count())
            .where(self._owned(Delivery), Delivery.integration_id == integration_id)
            .group_by(Delivery.state)
        )
        return {DeliveryState(state): count for state, count in rows}

    async def of_record(self, record_id: int) -> list[Delivery]:
        """Return a record's way to every accounting system."""
        return await self._all(
            self._select(Delivery).where(Delivery.record_id == record_id).order_by(Delivery.id)
        )
