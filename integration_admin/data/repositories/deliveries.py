"""Deliveries: where each record is on its way to each accounting system.

Every change of state names the state it comes from, so that an illegal one touches no row.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

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
"""The columns of Outgoing, in its order, with the record's amount as it is now."""
_SENT = (*_OUTGOING[:7], Delivery.currency, Delivery.amount_minor, RecordRow.payload)
"""The same with the amount that was sent."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be sent for a delivery."""

    delivery_id: int
    payload_hash: str
    revision: int
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a delivery becomes; `revision` is the record's that was judged, where nothing was sent."""

    delivery_id: int
    state: DeliveryState
    external_id: str = ""
    due_at: datetime | None = None
    revision: int | None = None
    recovered: bool = False
    """Whether its process died while it was being sent."""


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

    async def begin_sending(self, intents: Sequence[Intent], run_id: uuid.UUID, at: datetime) -> int:
        """Record the intent to send; return how many rows it moved."""
        return await self._move(
            [
                {
                    "key": intent.delivery_id,
                    "payload_hash": intent.payload_hash,
                    "revision": intent.revision,
                    "currency": intent.currency,
                    "amount_minor": intent.amount_minor,
                }
                for intent in intents
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
                "currency": bindparam("currency"),
                "amount_minor": bindparam("amount_minor"),
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
                    "judged": item.revision,
                    "recovered": int(item.recovered),
                }
                for item in settlements
            ],
            came_from,
            {
                "state": bindparam("new_state"),
                "external_id": bindparam("external_id"),
                "due_at": bindparam("due_at"),
                "revision": func.coalesce(bindparam("judged", type_=Integer), Delivery.revision),
                "recoveries": Delivery.recoveries + bindparam("recovered", type_=Integer),
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

    async def interrupted(
        self, integration_id: uuid.UUID, now: datetime, after: int, limit: int
    ) -> list[Outgoing]:
        """Return what is marked as being sent, with an id above `after`, by id; `now` does not matter."""
        del now
        return await self._outgoing(
            integration_id, Delivery.state == DeliveryState.SENDING, after, limit, sent=True
        )

    async def unknown_due(
        self, integration_id: uuid.UUID, now: datetime, after: int, limit: int
    ) -> list[Outgoing]:
        """Return unknown outcomes whose quiet period is over, with an id above `after`, by id."""
        due = and_(Delivery.state == DeliveryState.UNKNOWN, Delivery.due_at <= now)
        return await self._outgoing(integration_id, due, after, limit, sent=True)

    async def _outgoing(
        self,
        integration_id: uuid.UUID,
        due: ColumnElement[bool],
        after: int,
        limit: int,
        *,
        sent: bool = False,
    ) -> list[Outgoing]:
        rows = await self._values(
            select(*(_SENT if sent else _OUTGOING))
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
