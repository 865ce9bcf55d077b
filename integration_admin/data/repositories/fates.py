"""What became of delivered records in accounting systems that book later than they take.

Nothing here moves a delivery: what is delivered stays delivered, whatever becomes of it over there.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import BigInteger, Table, Text, Update, bindparam, case, select, update

from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.data.columns import UTCDateTime
from integration_admin.data.json_rows import folded, owned_and_given, unfolded
from integration_admin.data.models import Delivery
from integration_admin.data.repositories.base import OWN_INTEGRATION, Repository

_DELIVERIES = cast("Table", Delivery.__table__)
_FATES = select(Delivery.record_id, Delivery.fate).where(
    Delivery.integration_id == OWN_INTEGRATION,
    Delivery.record_id.in_(bindparam("records", expanding=True)),
    Delivery.fate.is_not(None),
)


class Followed(NamedTuple):
    """A delivery whose fate is open or may still change, as it was seen."""

    id: int
    record_id: int
    run_id: uuid.UUID | None
    reference: str
    fate: FateState
    due_at: datetime
    sent_at: datetime | None
    currency: str = ""
    amount_minor: int = 0


class Postponed(NamedTuple):
    """When to look at a delivery again that was due at `seen`; none for never. In the order `postpone_statement` reads."""

    id: int
    seen: datetime
    due_at: datetime | None


class Seen(NamedTuple):
    """What became of a delivery, in the order `note_statement` reads; `external_id` is empty where it did not change."""

    id: int
    fate: FateState
    external_id: str = ""


class FateRepository(Repository):
    """Reads and notes fates, a page of deliveries at a time."""

    async def due(self, integration_id: uuid.UUID, now: datetime, limit: int) -> list[Followed]:
        """Return deliveries it is time to look at, the longest due first; once put off, the next ones come."""
        statement = select(
            Delivery.id,
            Delivery.record_id,
            Delivery.run_id,
            Delivery.reference,
            Delivery.fate,
            Delivery.fate_due_at,
            Delivery.sent_at,
            Delivery.currency,
            Delivery.amount_minor,
        ).where(self._owned(Delivery), Delivery.integration_id == integration_id, Delivery.fate_due_at <= now)
        rows = await self._values(statement.order_by(Delivery.fate_due_at, Delivery.id).limit(limit))
        return [Followed._make(row) for row in rows]

    async def postpone(self, rows: Sequence[Postponed]) -> frozenset[int]:
        """Put off the next look; return the ids of those nobody else has put off meanwhile.

        Whoever puts one off first is the one to look at it.
        """
        return await self._change(postpone_statement, rows)

    async def note(self, rows: Sequence[Seen], at: datetime) -> frozenset[int]:
        """Note what became of deliveries; what is booked is not looked at any more. Return the ids noted."""
        return await self._change(note_statement, rows, at=at)

    async def put_right(self, integration_id: uuid.UUID, record_id: int, at: datetime) -> str | None:
        """Count what was refused as booked, because a person says so; return our reference, or none if it was not."""
        changed = await self._session.scalars(
            update(Delivery)
            .where(
                self._owned(Delivery),
                Delivery.integration_id == integration_id,
                Delivery.record_id == record_id,
                Delivery.fate == FateState.REJECTED,
            )
            .values(fate=FateState.BOOKED, fate_at=at, fate_due_at=None)
            .returning(Delivery.reference)
            .execution_options(synchronize_session=False)
        )
        return changed.one_or_none()

    async def of_records(
        self, integration_id: uuid.UUID, record_ids: Collection[int]
    ) -> dict[int, FateState]:
        """Return what became of those of the records that are followed."""
        if not record_ids:
            # SQLite would look at every delivery for none of them.
            return {}
        rows = await self._asked(_FATES, integration=integration_id, records=list(record_ids))
        return {row[0]: row[1] for row in rows}

    async def _change(self, statement: Any, rows: Sequence[tuple[Any, ...]], **values: Any) -> frozenset[int]:
        if not rows:
            return frozenset()
        dialect = self._session.get_bind().dialect.name
        connection = await self._session.connection()
        changed = await connection.execute(
            statement(dialect),
            {"rows": folded(dialect, rows), "organisation": self._organisation_id, **values},
        )
        return frozenset(changed.scalars())


@lru_cache(maxsize=2)
def postpone_statement(dialect: str) -> Update:
    """Return the statement that puts off the next look; takes `rows` and `organisation`."""
    given = unfolded(
        dialect,
        bindparam("rows", type_=Text),
        {"id": BigInteger(), "seen": UTCDateTime(), "due_at": UTCDateTime()},
    )
    return (
        update(_DELIVERIES)
        .where(
            *owned_and_given(dialect, _DELIVERIES, given),
            _DELIVERIES.c.fate_due_at == given.c.seen,
        )
        .values(fate_due_at=given.c.due_at)
        .returning(_DELIVERIES.c.id)
    )


@lru_cache(maxsize=2)
def note_statement(dialect: str) -> Update:
    """Return the statement that notes what became of deliveries; takes `rows`, `organisation` and `at`."""
    given = unfolded(
        dialect,
        bindparam("rows", type_=Text),
        {"id": BigInteger(), "fate": Text(), "external_id": Text()},
    )
    booked = given.c.fate == FateState.BOOKED.value
    renamed = given.c.external_id != ""
    return (
        update(_DELIVERIES)
        .where(
            *owned_and_given(dialect, _DELIVERIES, given),
            _DELIVERIES.c.state == DeliveryState.DELIVERED.value,
            # Booked is the last word: a person may have said so while the question was under way.
            _DELIVERIES.c.fate.is_distinct_from(FateState.BOOKED),
        )
        .values(
            fate=given.c.fate,
            fate_at=bindparam("at", type_=UTCDateTime()),
            fate_due_at=case((booked, None), else_=_DELIVERIES.c.fate_due_at),
            external_id=case((renamed, given.c.external_id), else_=_DELIVERIES.c.external_id),
        )
        .returning(_DELIVERIES.c.id)
    )
