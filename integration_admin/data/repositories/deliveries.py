"""Deliveries: where each record is on its way to each accounting system.

How they move from state to state is in moves.py.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    Update,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    update,
)

from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.statuses import DeliveryState
from integration_admin.core.transitions import check_transition
from integration_admin.data.columns import UTCDateTime
from integration_admin.data.json_rows import folded
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository
from integration_admin.data.repositories.moves import (
    OWN_OF_INTENT,
    OWN_OF_SETTLEMENT,
    Intent,
    Settlement,
    begin_statement,
    settle_statement,
    take_up_statement,
)

MOST_AT_ONCE: Final = 5_000
"""Deliveries one transaction moves where there may be a million: others have their turn in between."""


DOUBTED_SENDS: Final = 3
"""So many sends without a usable answer, none of which arrived, make a delivery suspect."""


class NewDelivery(NamedTuple):
    """A record taken up by an integration; its fields are in the order `take_up_statement` reads them."""

    record_id: int
    reference: str
    voucher_number: int
    revision: int


class Outgoing(NamedTuple):
    """A delivery to be settled, with what the export needs of its record, read at one moment.

    `payload` is the record as JSON text, empty where only the outcome is open; currency and amount are the
    record's, or those that were sent where something was. `held_by` is the excluded category that keeps it here,
    once somebody has looked.
    """

    id: int
    record_id: int
    state: DeliveryState
    reference: str
    voucher_number: int
    attempts: int
    recoveries: int
    first_sent_at: datetime | None
    status: str
    revision: int
    content_hash: str
    currency: str
    amount_minor: int
    payload: str
    kind: str = EXPENSE_CLAIM
    held_by: str = ""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """How many crashes a delivery was in the middle of, from `fewest` to `most`.

    One that was sent `DOUBTED_SENDS` times by itself and never arrived is as suspect as after two crashes: it may be
    why the accounting system cannot answer, for all that is sent with it.
    """

    fewest: int = 0
    most: int | None = None


_ANY = Suspicion()
_ENDLESS = 2_147_483_647
_KNOWN = (
    Delivery.id,
    Delivery.record_id,
    Delivery.state,
    Delivery.reference,
    Delivery.voucher_number,
    Delivery.attempts,
    Delivery.recoveries,
    Delivery.first_sent_at,
    RecordRow.status,
    RecordRow.revision,
    RecordRow.content_hash,
)
_TO_SEND = (
    *_KNOWN,
    RecordRow.currency,
    RecordRow.amount_minor,
    cast(RecordRow.payload, Text),
    RecordRow.kind,
)
"""The columns of Outgoing, in its order; text is what the record is read from, without a detour."""
_SENT = (*_KNOWN, Delivery.currency, Delivery.amount_minor, literal(""), RecordRow.kind)
_OPEN = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})
"""The states in which something was sent already and only its outcome matters."""
_WAITING = frozenset({DeliveryState.RETRY_WAIT, DeliveryState.UNKNOWN})


# Only what was looked up and found absent is ready and has been sent; what a person retries counts as never sent.
_DOUBTED = Delivery.first_sent_at.is_not(None) & (Delivery.attempts >= DOUBTED_SENDS)
_SUSPICION_OF_READY = case((_DOUBTED & (Delivery.recoveries < 2), 2), else_=Delivery.recoveries)


@cache
def _question(state: DeliveryState) -> Select[*tuple[Any, ...]]:
    """Return the question for deliveries in a state, those whose time has come where they wait for one.

    An export asks it again and again, so it is made once.
    """
    due = [Delivery.due_at <= bindparam("now", type_=UTCDateTime())] if state in _WAITING else []
    suspicion = _SUSPICION_OF_READY if state is DeliveryState.READY else Delivery.recoveries
    return (
        select(*(_SENT if state in _OPEN else _TO_SEND))
        .join(RecordRow, RecordRow.id == Delivery.record_id)
        .where(
            Delivery.organisation_id == ORGANISATION,
            RecordRow.organisation_id == ORGANISATION,
            Delivery.integration_id == INTEGRATION,
            Delivery.id > bindparam("after", type_=BigInteger()),
            Delivery.state == state,
            suspicion >= bindparam("fewest", type_=Integer()),
            suspicion <= bindparam("most", type_=Integer()),
            *due,
        )
        .order_by(Delivery.id)
        .limit(bindparam("limit", type_=Integer()))
    )


class DeliveryRepository(Repository):
    """Reads deliveries and moves them from state to state."""

    async def add(self, integration_id: uuid.UUID, new: Sequence[NewDelivery], at: datetime) -> None:
        """Take up records as ready to send."""
        if not new:
            return
        dialect = self._session.get_bind().dialect.name
        await self._session.execute(
            take_up_statement(dialect),
            {
                "rows": folded(dialect, new),
                "organisation": self._organisation_id,
                "integration": integration_id,
                "at": at,
            },
        )

    async def ready(
        self, integration_id: uuid.UUID, suspicion: Suspicion, after: int, limit: int
    ) -> list[Outgoing]:
        """Return deliveries that are ready, with an id above `after`, by id."""
        return await self._outgoing(DeliveryState.READY, integration_id, after, limit, suspicion)

    async def waited(
        self, integration_id: uuid.UUID, suspicion: Suspicion, now: datetime, after: int, limit: int
    ) -> list[Outgoing]:
        """Return deliveries whose wait for the next attempt is over, with an id above `after`, by id."""
        return await self._outgoing(
            DeliveryState.RETRY_WAIT, integration_id, after, limit, suspicion, now=now
        )

    async def interrupted(self, integration_id: uuid.UUID, after: int, limit: int) -> list[Outgoing]:
        """Return what is marked as being sent, with an id above `after`, by id."""
        return await self._outgoing(DeliveryState.SENDING, integration_id, after, limit)

    async def unknown_due(
        self, integration_id: uuid.UUID, now: datetime, after: int, limit: int
    ) -> list[Outgoing]:
        """Return unknown outcomes whose quiet period is over, with an id above `after`, by id."""
        return await self._outgoing(DeliveryState.UNKNOWN, integration_id, after, limit, now=now)

    async def begin_sending(
        self, intents: Sequence[Intent], run_id: uuid.UUID, at: datetime
    ) -> frozenset[int]:
        """Record the intent to send; return the ids of those that were still as they were seen."""
        for intent in intents:
            check_transition(intent.was, DeliveryState.SENDING)
        return await self._move(begin_statement, intents, OWN_OF_INTENT, at, run=run_id)

    async def settle(self, settlements: Sequence[Settlement], at: datetime) -> frozenset[int]:
        """Record outcomes; return the ids of those that were still as they were seen.

        Raises ValueError for a move the state machine does not have.
        """
        for item in settlements:
            check_transition(item.was, item.state)
        return await self._move(settle_statement, settlements, OWN_OF_SETTLEMENT, at)

    async def _move(
        self,
        statement: Callable[[str], Update],
        rows: Sequence[tuple[Any, ...]],
        own: int,
        at: datetime,
        **values: Any,
    ) -> frozenset[int]:
        """Update many rows in one statement, each only if nobody else has moved it meanwhile."""
        if not rows:
            return frozenset()
        dialect = self._session.get_bind().dialect.name
        connection = await self._session.connection()
        moved = await connection.execute(
            statement(dialect),
            {
                "rows": folded(dialect, rows, own=own),
                "organisation": self._organisation_id,
                "at": at,
                **values,
            },
        )
        return frozenset(moved.scalars())

    async def _outgoing(
        self,
        state: DeliveryState,
        integration_id: uuid.UUID,
        after: int,
        limit: int,
        suspicion: Suspicion = _ANY,
        **due: datetime,
    ) -> list[Outgoing]:
        # Asked of the connection: the session would go through every row once more.
        connection = await self._session.connection()
        found = await connection.execute(
            _question(state),
            {
                "organisation": self._organisation_id,
                "integration": integration_id,
                "after": after,
                "limit": limit,
                "fewest": suspicion.fewest,
                "most": _ENDLESS if suspicion.most is None else suspicion.most,
                **due,
            },
        )
        rows: Sequence[Any] = found.all()
        return [Outgoing(*row) for row in rows]

    async def retry(
        self,
        integration_id: uuid.UUID,
        states: Collection[DeliveryState],
        at: datetime,
        record_id: int | None = None,
        limit: int = MOST_AT_ONCE,
    ) -> int:
        """Make up to `limit` deliveries in `states` ready again, as if never tried; return how many."""
        for state in states:
            check_transition(state, DeliveryState.READY)
        conditions = [
            self._owned(Delivery),
            Delivery.integration_id == integration_id,
            Delivery.state.in_(list(states)),
        ]
        if record_id is not None:
            conditions.append(Delivery.record_id == record_id)
        return await self._execute(
            update(Delivery)
            .where(
                self._owned(Delivery), Delivery.id.in_(select(Delivery.id).where(*conditions).limit(limit))
            )
            .values(state=DeliveryState.READY, due_at=None, first_sent_at=None, updated_at=at)
        )

    async def revised(self, integration_id: uuid.UUID, limit: int = MOST_AT_ONCE) -> list[int]:
        """Return up to `limit` rejected deliveries, dismissed ones too, whose record has a newer revision."""
        found = select(Delivery.id).where(*self._revised(integration_id)).limit(limit)
        return [row[0] for row in await self._values(found)]

    async def revive_revised(
        self, integration_id: uuid.UUID, delivery_ids: Collection[int], at: datetime
    ) -> int:
        """Make those deliveries ready again of which `revised` told, if it is still so; return how many."""
        return await self._execute(
            update(Delivery)
            .where(*self._revised(integration_id), Delivery.id.in_(list(delivery_ids)))
            .values(state=DeliveryState.READY, first_sent_at=None, updated_at=at)
        )

    def _revised(self, integration_id: uuid.UUID) -> list[ColumnElement[bool]]:
        return [
            self._owned(Delivery),
            Delivery.integration_id == integration_id,
            Delivery.state.in_([DeliveryState.REJECTED, DeliveryState.DISMISSED]),
            exists().where(RecordRow.id == Delivery.record_id, RecordRow.revision > Delivery.revision),
        ]

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
