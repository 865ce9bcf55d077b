"""Records received from the expense system and the categories they use."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, bindparam, exists, insert, select, tuple_

from integration_admin.core.messages import msg
from integration_admin.core.search_words import SearchWords
from integration_admin.data.models import Category, Delivery, RecordRow
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository

_COLUMNS = (
    "kind", "external_id", "revision", "status", "currency", "amount_minor", "payload", "content_hash",
    "received_at", "updated_at", *SearchWords._fields,
)  # fmt: skip

_WITHOUT_DELIVERY = (
    select(RecordRow.id, RecordRow.kind, RecordRow.external_id, RecordRow.revision)
    .where(
        RecordRow.organisation_id == ORGANISATION,
        RecordRow.kind.in_(bindparam("kinds", type_=String(), expanding=True)),
        RecordRow.status.in_(bindparam("statuses", type_=String(), expanding=True)),
        RecordRow.id > bindparam("after", type_=BigInteger()),
        ~exists().where(Delivery.integration_id == INTEGRATION, Delivery.record_id == RecordRow.id),
    )
    .order_by(RecordRow.id)
    .limit(bindparam("limit", type_=Integer()))
)
"""Asked for each page an export takes up, so it is made once."""


class RecordRepository(Repository):
    """Reads and stores records; a record is known by its kind and id."""

    async def get(self, kind: str, external_id: str) -> RecordRow:
        """Return one; raises NotFound."""
        return await self._one(
            self._select(RecordRow).where(RecordRow.kind == kind, RecordRow.external_id == external_id),
            msg("There is no such record."),
        )

    async def known(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], RecordRow]:
        """Return those of `keys` (kind, id) that are stored."""
        rows = await self._all(
            self._select(RecordRow).where(tuple_(RecordRow.kind, RecordRow.external_id).in_(list(keys)))
        )
        return {(row.kind, row.external_id): row for row in rows}

    async def found_as(self, folded_ids: Collection[str]) -> list[tuple[str, str]]:
        """Return (kind, id) of the records whose folded id is one of these."""
        if not folded_ids:
            return []
        rows = await self._values(
            select(RecordRow.kind, RecordRow.external_id).where(
                self._owned(RecordRow), RecordRow.folded_id.in_(list(folded_ids))
            )
        )
        return [(row[0], row[1]) for row in rows]

    async def add(self, rows: Sequence[RecordRow]) -> None:
        """Store new records; changed ones are written back by the unit itself."""
        await self._add(*rows)

    async def add_all(self, rows: Sequence[RecordRow]) -> None:
        """Insert many new records in one statement; the rows get no ids back.

        One at a time SQLite takes ten times as long, and keeps others from writing meanwhile.
        """
        values = [
            {"organisation_id": self._organisation_id} | {name: getattr(row, name) for name in _COLUMNS}
            for row in rows
        ]
        if values:
            await self._session.execute(insert(RecordRow), values)

    async def page(self, status: str | None, after: int, limit: int) -> list[RecordRow]:
        """Return up to `limit` records with an id above `after`, by id."""
        statement = self._select(RecordRow).where(RecordRow.id > after)
        if status:
            statement = statement.where(RecordRow.status == status)
        return await self._all(statement.order_by(RecordRow.id).limit(limit))

    async def newest(self, kinds: Collection[str], limit: int) -> list[tuple[int, str, str, str]]:
        """Return (id, kind, external id, status) of the `limit` records of `kinds` that came last, newest first."""
        rows = await self._values(
            select(RecordRow.id, RecordRow.kind, RecordRow.external_id, RecordRow.status)
            .where(self._owned(RecordRow), RecordRow.kind.in_(list(kinds)))
            .order_by(RecordRow.id.desc())
            .limit(limit)
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def by_ids(self, ids: Collection[int]) -> dict[int, RecordRow]:
        """Return records by id."""
        rows = await self._all(self._select(RecordRow).where(RecordRow.id.in_(list(ids))))
        return {row.id: row for row in rows}

    async def without_delivery(
        self,
        integration_id: uuid.UUID,
        kinds: Collection[str],
        statuses: Collection[str],
        after: int,
        limit: int,
    ) -> list[tuple[int, str, str, int]]:
        """Return (id, kind, external id, revision) of records this integration has not taken up, by id."""
        rows = await self._asked(
            _WITHOUT_DELIVERY,
            integration=integration_id,
            kinds=list(kinds),
            statuses=list(statuses),
            after=after,
            limit=limit,
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def categories(self, kind: str) -> list[str]:
        """Return every category records of `kind` have used, by name."""
        rows = await self._all(self._select(Category).where(Category.kind == kind).order_by(Category.name))
        return [row.name for row in rows]

    async def note_categories(self, pairs: Collection[tuple[str, str]], at: datetime) -> None:
        """Remember categories (kind, name) that are seen for the first time."""
        known = await self._all(
            self._select(Category).where(tuple_(Category.kind, Category.name).in_(list(pairs)))
        )
        new = set(pairs) - {(row.kind, row.name) for row in known}
        # Two imports may meet the same new category at once; neither shall fail for it.
        await self._add_missing(
            Category, [{"kind": kind, "name": name, "first_seen_at": at} for kind, name in sorted(new)]
        )
