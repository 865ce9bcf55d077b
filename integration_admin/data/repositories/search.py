"""Finding records among a million: every question is answered from the beginning of one index, a page at a time."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from heapq import nlargest
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, literal_column, select

from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.data.models import Delivery, Integration, RecordRow
from integration_admin.data.repositories.base import Repository

KINDS: Final = ("expense_claim", "reimbursement", "activity")
BEGINNINGS: Final = ("folded_id", "claimant", "claimant_turned")
"""Columns of a record that are searched for what they begin with."""
EQUALS: Final = ("id_number", "amount_minor")
"""Columns of a record that are searched for one value."""
OF_DELIVERIES: Final = ("reference", "external_id", "voucher_number")
"""Columns of a delivery that are searched for one value."""
NEWEST: Final = "newest"
STATUS: Final = "status"
STATE: Final = "state"
_LAST: Final = "\U0010ffff"


class After(NamedTuple):
    """Where a page ended: the id of the last row, and its word where rows are in the order of words."""

    id: int
    word: str = ""


class Hit(NamedTuple):
    """A record that was found, in the order `_FIELDS` reads it; `name` is its claimant's."""

    id: int
    kind: str
    external_id: str
    status: str
    currency: str
    amount_minor: int
    folded_id: str
    id_number: str
    claimant: str
    claimant_turned: str
    name: str | None
    after: After


class Place(NamedTuple):
    """Where a found record is on its way to one accounting system."""

    record_id: int
    integration_id: uuid.UUID
    state: DeliveryState
    reference: str
    external_id: str
    fate: FateState | None = None


_FIELDS = (
    RecordRow.id,
    RecordRow.kind,
    RecordRow.external_id,
    RecordRow.status,
    RecordRow.currency,
    RecordRow.amount_minor,
    RecordRow.folded_id,
    RecordRow.id_number,
    RecordRow.claimant,
    RecordRow.claimant_turned,
    RecordRow.payload[("claimant", "name")].as_string(),
)


class SearchRepository(Repository):
    """Finds records by one of the ways there are; `by` names a column, or what is listed without a word."""

    async def along(self, by: str, value: Any, after: After | None, limit: int) -> list[Hit]:
        """Return up to `limit` records after `after`; raises ValueError for a way there is not.

        What begins with `value` comes in the order of the words, everything else with the newest first.
        """
        if by in BEGINNINGS:
            return await self._beginning(getattr(RecordRow, by), value, after, limit)
        if by in EQUALS:
            return await self._newest(limit, after, getattr(RecordRow, by) == value)
        if by in OF_DELIVERIES:
            return await self._by_delivery(by, value, after, limit)
        if by == STATUS:
            return await self._with_status(value, after, limit)
        if by == STATE:
            return await self._in_state(value, after, limit)
        if by == NEWEST:
            return await self._newest(limit, after)
        raise ValueError(by)

    async def newest_received(self, limit: int) -> list[datetime]:
        """Return when the newest `limit` records first came, the newest first."""
        rows = await self._values(
            select(RecordRow.received_at)
            .where(self._owned(RecordRow))
            .order_by(RecordRow.id.desc())
            .limit(limit)
        )
        return [row[0] for row in rows]

    async def places(self, record_ids: Collection[int]) -> list[Place]:
        """Return where each of the records is, by accounting system."""
        if not record_ids:
            # SQLite would look at every delivery for none of them.
            return []
        rows = await self._values(
            select(
                Delivery.record_id,
                Delivery.integration_id,
                Delivery.state,
                Delivery.reference,
                Delivery.external_id,
                Delivery.fate,
            )
            .where(
                Delivery.record_id.in_(list(record_ids)),
                Delivery.integration_id.in_(self._own_integrations()),
            )
            .order_by(Delivery.record_id, Delivery.id)
        )
        return [Place._make(row) for row in rows]

    async def _beginning(self, column: Any, value: str, after: After | None, limit: int) -> list[Hit]:
        conditions = [column >= (after.word if after else value), column < value + _LAST]
        if after:
            conditions.append((column > after.word) | (RecordRow.id > after.id))
        rows = await self._values(
            select(*_FIELDS, column)
            .where(self._owned(RecordRow), *conditions)
            .order_by(column, RecordRow.id)
            .limit(limit)
        )
        return [Hit._make((*row[:-1], After(row[0], row[-1]))) for row in rows]

    async def _newest(self, limit: int, after: After | None, *conditions: ColumnElement[bool]) -> list[Hit]:
        before = [RecordRow.id < after.id] if after else []
        rows = await self._values(
            select(*_FIELDS)
            .where(self._owned(RecordRow), *conditions, *before)
            .order_by(RecordRow.id.desc())
            .limit(limit)
        )
        return [Hit._make((*row, After(row[0]))) for row in rows]

    async def _with_status(self, status: str, after: After | None, limit: int) -> list[Hit]:
        """Take the newest of each kind, for that is how the index has them."""
        found: list[Hit] = []
        for kind in KINDS:
            found += await self._newest(limit, after, RecordRow.kind == kind, RecordRow.status == status)
        return nlargest(limit, found, key=lambda hit: hit.id)

    async def _in_state(self, state: DeliveryState, after: After | None, limit: int) -> list[Hit]:
        """Take the newest of each integration, for that is how the index has them; `after` is a delivery's."""
        integrations = await self._values(select(Integration.id).where(self._owned(Integration)))
        found: list[tuple[int, int]] = []
        for (integration_id,) in integrations:
            found += await self._deliveries(
                after, limit, Delivery.integration_id == integration_id, Delivery.state == state
            )
        return await self._hits(nlargest(limit, found))

    async def _by_delivery(self, by: str, value: Any, after: After | None, limit: int) -> list[Hit]:
        if by == "external_id":
            # Written out, because the index holds only these and a parameter would hide it.
            taken = Delivery.external_id != literal_column("''")
            found = await self._deliveries(
                after, limit, self._owned(Delivery), Delivery.external_id == value, taken
            )
            return await self._hits(found)
        own = Delivery.integration_id.in_(self._own_integrations())
        return await self._hits(await self._deliveries(after, limit, own, getattr(Delivery, by) == value))

    async def _deliveries(
        self, after: After | None, limit: int, *conditions: ColumnElement[bool]
    ) -> list[tuple[int, int]]:
        """Return (id, record id) of deliveries, the newest first."""
        before = [Delivery.id < after.id] if after else []
        rows = await self._values(
            select(Delivery.id, Delivery.record_id)
            .where(*conditions, *before)
            .order_by(Delivery.id.desc())
            .limit(limit)
        )
        return [(row[0], row[1]) for row in rows]

    async def _hits(self, found: Sequence[tuple[int, int]]) -> list[Hit]:
        """Read the records of deliveries, in the deliveries' order."""
        if not found:
            return []
        wanted = [record_id for _, record_id in found]
        rows = await self._values(select(*_FIELDS).where(self._owned(RecordRow), RecordRow.id.in_(wanted)))
        records = {row[0]: row for row in rows}
        return [
            Hit._make((*records[record_id], After(delivery_id)))
            for delivery_id, record_id in found
            if record_id in records
        ]

    def _own_integrations(self) -> Any:
        return select(Integration.id).where(self._owned(Integration))
