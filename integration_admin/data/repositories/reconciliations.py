"""Comparisons of months with the accounting system: what is compared, how far one has come, and what it found."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, ReconciliationState
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.models_reconciliations import (
    Reconciliation,
    ReconciliationLine,
    ReconciliationPage,
)
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository

_MISSING: Final = msg("There is no such comparison.")
_COMPARED: Final = (ReconciliationState.AGREES, ReconciliationState.DIFFERS)
_DIFFERING: Final = (
    select(Reconciliation)
    .where(
        Reconciliation.organisation_id == ORGANISATION,
        Reconciliation.integration_id == INTEGRATION,
        Reconciliation.state == ReconciliationState.DIFFERS,
        Reconciliation.signed_at.is_(None),
    )
    .order_by(Reconciliation.period.desc())
    .limit(1)
)


class OpenReconciliations:
    """Which comparisons of any organisation are to be gone on with."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def unheld(self, now: datetime) -> list[Reconciliation]:
        """Return what is not finished and nobody is at, the longest waiting first."""
        statement = select(Reconciliation).where(_unheld(now)).order_by(Reconciliation.requested_at)
        return list((await self._session.scalars(statement)).all())


class Span(NamedTuple):
    """From when until when something was last sent, or taken up where it never was."""

    since: datetime
    until: datetime


class Voucher(NamedTuple):
    """A delivery as it is compared; currency and amount are those last sent, or the record's where none was."""

    id: int
    kind: str
    record: str
    reference: str
    state: DeliveryState
    currency: str
    amount_minor: int
    external_id: str
    sent_at: datetime | None


class ReconciliationRepository(Repository):
    """Reads what is to be compared and keeps what was found."""

    async def add(
        self, integration_id: uuid.UUID, period: str, started_by: str, at: datetime
    ) -> Reconciliation:
        """Begin a new version of a month; raises Conflict while another one of the integration is not finished."""
        newest = await self._values(
            select(func.max(Reconciliation.version)).where(
                self._owned(Reconciliation),
                Reconciliation.integration_id == integration_id,
                Reconciliation.period == period,
            )
        )
        row = Reconciliation(
            id=uuid.uuid4(),
            integration_id=integration_id,
            period=period,
            version=(newest[0][0] or 0) + 1,
            state=ReconciliationState.UNDER_WAY,
            started_by=started_by,
            requested_at=at,
            place={},
            totals={},
            about={},
        )
        await self._add(row)
        return row

    async def get(self, reconciliation_id: uuid.UUID) -> Reconciliation:
        """Return one; raises NotFound."""
        return await self._one(
            self._select(Reconciliation).where(Reconciliation.id == reconciliation_id), _MISSING
        )

    async def of(self, integration_id: uuid.UUID) -> list[Reconciliation]:
        """Return all that are kept of an integration, the newest month and its newest version first."""
        return await self._all(
            self._select(Reconciliation)
            .where(Reconciliation.integration_id == integration_id)
            .order_by(Reconciliation.period.desc(), Reconciliation.version.desc())
        )

    async def differing(self, integration_id: uuid.UUID) -> Reconciliation | None:
        """Return the newest month's comparison that differs and is not signed; a newer version would have its place."""
        found = await self._asked(_DIFFERING, integration=integration_id)
        return found[0][0] if found else None

    async def hold(
        self, reconciliation_id: uuid.UUID, holder: str, now: datetime, until: datetime
    ) -> Reconciliation | None:
        """Take one up, from where it stands; None where somebody else is at it or it is finished."""
        return await self._take(reconciliation_id, _unheld(now), holder=holder, held_until=until)

    async def take_over(
        self, reconciliation_id: uuid.UUID, holder: str, until: datetime
    ) -> Reconciliation | None:
        """Take one from whoever is at it; None where it is finished."""
        is_open = Reconciliation.finished_at.is_(None)
        return await self._take(reconciliation_id, is_open, holder=holder, held_until=until)

    async def change(self, reconciliation_id: uuid.UUID, holder: str, **values: Any) -> bool:
        """Write down how far it has come; False where it is not `holder`'s any more, or finished."""
        return bool(
            await self._execute(
                update(Reconciliation)
                .where(
                    self._owned(Reconciliation),
                    Reconciliation.id == reconciliation_id,
                    Reconciliation.holder == holder,
                    Reconciliation.finished_at.is_(None),
                )
                .values(**values)
            )
        )

    async def keep(
        self, reconciliation_id: uuid.UUID, number: int, packed: str, lines: Sequence[ReconciliationLine]
    ) -> None:
        """Keep the next page of the file, and the lines people are shown; raises NotFound."""
        page = ReconciliationPage(reconciliation_id=reconciliation_id, number=number, packed=packed)
        await self._add(page, *lines)

    async def pages(self, reconciliation_id: uuid.UUID, after: int, limit: int) -> list[tuple[int, str]]:
        """Return the pages of the file with a number above `after`, in their order."""
        rows = await self._values(
            select(ReconciliationPage.number, ReconciliationPage.packed)
            .where(
                self._owned(ReconciliationPage),
                ReconciliationPage.reconciliation_id == reconciliation_id,
                ReconciliationPage.number > after,
            )
            .order_by(ReconciliationPage.number)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in rows]

    async def lines(self, reconciliation_id: uuid.UUID, after: int, limit: int) -> list[ReconciliationLine]:
        """Return the lines with an id above `after`, in the order they were found."""
        return await self._all(
            self._select(ReconciliationLine)
            .where(ReconciliationLine.reconciliation_id == reconciliation_id, ReconciliationLine.id > after)
            .order_by(ReconciliationLine.id)
            .limit(limit)
        )

    async def supersede(self, newer: Reconciliation) -> int:
        """Remove earlier versions of the month that nobody has signed; return how many.

        One that compared nothing takes the place only of others like it.
        """
        conditions = [
            self._owned(Reconciliation),
            Reconciliation.integration_id == newer.integration_id,
            Reconciliation.period == newer.period,
            Reconciliation.version < newer.version,
            Reconciliation.signed_at.is_(None),
        ]
        if newer.state not in _COMPARED:
            conditions.append(Reconciliation.state == ReconciliationState.NOT_COMPARED)
        return await self._execute(delete(Reconciliation).where(*conditions))

    async def sign(self, reconciliation_id: uuid.UUID, by: str, at: datetime, note: str) -> bool:
        """Sign one that was compared; False where somebody has already, or a newer version took its place."""
        signed = await self._execute(
            update(Reconciliation)
            .where(
                self._owned(Reconciliation),
                Reconciliation.id == reconciliation_id,
                Reconciliation.state.in_(_COMPARED),
                Reconciliation.signed_at.is_(None),
            )
            .values(signed_by=by, signed_at=at, note=note)
        )
        return signed == 1

    async def vouchers(
        self,
        integration_id: uuid.UUID,
        span: Span,
        unchanged_since: datetime,
        state: DeliveryState,
        after: int,
        limit: int,
    ) -> list[Voucher]:
        """Return deliveries in a state of which nothing has changed since, with an id above `after`, by id."""
        sent = Delivery.currency != ""
        statement: Select[*tuple[Any, ...]] = (
            select(
                Delivery.id,
                RecordRow.kind,
                RecordRow.external_id,
                Delivery.reference,
                Delivery.state,
                case((sent, Delivery.currency), else_=RecordRow.currency),
                case((sent, Delivery.amount_minor), else_=RecordRow.amount_minor),
                Delivery.external_id,
                Delivery.sent_at,
            )
            .join(RecordRow, RecordRow.id == Delivery.record_id)
            .where(
                self._owned(RecordRow),
                *self._in_span(integration_id, span),
                Delivery.updated_at < unchanged_since,
                Delivery.state == state,
                Delivery.id > after,
            )
        )
        rows = await self._values(statement.order_by(Delivery.id).limit(limit))
        return [Voucher._make(row) for row in rows]

    async def count(self, integration_id: uuid.UUID, span: Span) -> int:
        """Return how many deliveries of any state are in a span."""
        rows = await self._values(select(func.count()).where(*self._in_span(integration_id, span)))
        return int(rows[0][0])

    async def any_delivered(
        self, integration_id: uuid.UUID, span: Span, changed_since: datetime | None = None
    ) -> bool:
        """Tell whether anything of a span is delivered, or has become so or changed since an instant."""
        statement = select(Delivery.id).where(
            *self._in_span(integration_id, span), Delivery.state == DeliveryState.DELIVERED
        )
        if changed_since is not None:
            statement = statement.where(Delivery.updated_at >= changed_since)
        return bool(await self._values(statement.limit(1)))

    async def unchanged(self, delivery_ids: Collection[int], since: datetime) -> frozenset[int]:
        """Return those of the deliveries of which nothing has changed since."""
        if not delivery_ids:
            return frozenset()
        rows = await self._values(
            select(Delivery.id).where(
                self._owned(Delivery), Delivery.id.in_(list(delivery_ids)), Delivery.updated_at < since
            )
        )
        return frozenset(row[0] for row in rows)

    async def _take(
        self, reconciliation_id: uuid.UUID, condition: ColumnElement[bool], **values: Any
    ) -> Reconciliation | None:
        taken = await self._execute(
            update(Reconciliation)
            .where(self._owned(Reconciliation), Reconciliation.id == reconciliation_id, condition)
            .values(**values)
        )
        return await self.get(reconciliation_id) if taken else None

    def _in_span(self, integration_id: uuid.UUID, span: Span) -> tuple[ColumnElement[bool], ...]:
        at = func.coalesce(Delivery.sent_at, Delivery.updated_at)
        return (
            Delivery.integration_id == self._own(integration_id),
            at >= span.since,
            at < span.until,
        )


def _unheld(now: datetime) -> ColumnElement[bool]:
    free = or_(Reconciliation.held_until.is_(None), Reconciliation.held_until <= now)
    return and_(Reconciliation.finished_at.is_(None), free)
