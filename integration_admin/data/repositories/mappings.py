"""Field mappings with their value maps and earlier versions, and the reference lists they are checked against."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select

from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.data.models import ReferenceRow
from integration_admin.data.models_mapping import FieldMappingRow, MappingVersion, ValueMap
from integration_admin.data.repositories.base import Repository

_CHUNK = 500
_ITEM = (
    ReferenceRow.external_id,
    ReferenceRow.code,
    ReferenceRow.name,
    ReferenceRow.open,
    ReferenceRow.posting,
    ReferenceRow.valid_from,
    ReferenceRow.valid_to,
)
"""What a ReferenceItem is made of, in its order."""


class MappingRepository(Repository):
    """Reads and replaces an integration's mapping and what its accounting system lists."""

    async def get(self, integration_id: uuid.UUID) -> dict[str, FieldMapping]:
        """Return the mapping by target field; empty when none is saved."""
        rows = await self._all(
            self._select(FieldMappingRow).where(FieldMappingRow.integration_id == integration_id)
        )
        values = await self._all(
            self._select(ValueMap).where(ValueMap.field_mapping_id.in_([row.id for row in rows]))
        )
        maps: dict[uuid.UUID, dict[str, str]] = defaultdict(dict)
        for value in values:
            maps[value.field_mapping_id][value.source_value] = value.target_value
        return {
            row.target: FieldMapping(
                source=row.source, constant=row.constant, compose=row.compose, values=maps[row.id]
            )
            for row in rows
        }

    async def maps(self, integration_id: uuid.UUID, target: str) -> bool:
        """Tell whether the mapping says where a target field comes from."""
        found = self._select(FieldMappingRow).where(
            FieldMappingRow.integration_id == integration_id, FieldMappingRow.target == target
        )
        return bool(await self._all(found))

    async def replace(self, integration_id: uuid.UUID, mapping: Mapping[str, FieldMapping]) -> None:
        """Store `mapping` in place of the present one."""
        await self._execute(
            delete(FieldMappingRow).where(
                self._owned(FieldMappingRow), FieldMappingRow.integration_id == integration_id
            )
        )
        for target, field in mapping.items():
            row = FieldMappingRow(
                integration_id=integration_id,
                target=target,
                source=field.source,
                constant=field.constant,
                compose=field.compose,
            )
            await self._add(row)
            await self._add(
                *(
                    ValueMap(field_mapping_id=row.id, source_value=source, target_value=value)
                    for source, value in field.values.items()
                )
            )

    async def keep_version(
        self, integration_id: uuid.UUID, at: datetime, by: str, mapping: Mapping[str, FieldMapping]
    ) -> int:
        """Keep `mapping` as the integration's newest version and return its number."""
        latest = await self.versions(integration_id, 1)
        number = latest[0].number + 1 if latest else 1
        stored = {
            target: field.model_dump(mode="json", exclude_defaults=True) for target, field in mapping.items()
        }
        await self._add(
            MappingVersion(
                integration_id=integration_id, number=number, saved_at=at, saved_by=by, mapping=stored
            )
        )
        return number

    async def versions(self, integration_id: uuid.UUID, limit: int) -> list[MappingVersion]:
        """Return the newest `limit` versions, the newest first."""
        found = self._select(MappingVersion).where(MappingVersion.integration_id == integration_id)
        return await self._all(found.order_by(MappingVersion.number.desc()).limit(limit))

    async def version(self, integration_id: uuid.UUID, number: int) -> MappingVersion:
        """Return one version; raises NotFound."""
        found = self._select(MappingVersion).where(
            MappingVersion.integration_id == integration_id, MappingVersion.number == number
        )
        return await self._one(found, msg("The mapping has no version {number}.", number=number))

    async def replace_reference(
        self, integration_id: uuid.UUID, lists: Mapping[str, Iterable[ReferenceItem]]
    ) -> None:
        """Store the accounting system's lists in place of what was known."""
        # Another transaction's new rows are not seen here, so both would stay.
        await self._take_turns(integration_id)
        await self._execute(
            delete(ReferenceRow).where(
                self._owned(ReferenceRow), ReferenceRow.integration_id == integration_id
            )
        )
        rows = [
            {
                "organisation_id": self._organisation_id,
                "integration_id": integration_id,
                "list_name": name,
                "external_id": item.id,
                "code": item.code,
                "name": item.name,
                "open": item.open,
                "posting": item.posting,
                "valid_from": item.valid_from,
                "valid_to": item.valid_to,
            }
            for name, items in lists.items()
            for item in items
        ]
        for start in range(0, len(rows), _CHUNK):
            await self._session.execute(insert(ReferenceRow), rows[start : start + _CHUNK])

    async def search_reference(
        self,
        integration_id: uuid.UUID,
        list_name: str,
        words: str = "",
        limit: int = 50,
        *,
        usable_only: bool = False,
    ) -> list[ReferenceItem]:
        """Return entries whose code starts with, or whose name holds, `words` in any case; by code.

        `usable_only` leaves out what is closed and what nothing can be posted on.
        """
        # Columns, not rows the session would keep: a whole chart of accounts comes several times as fast.
        statement = select(*_ITEM).where(
            self._owned(ReferenceRow),
            ReferenceRow.integration_id == integration_id,
            ReferenceRow.list_name == list_name,
        )
        if usable_only:
            statement = statement.where(ReferenceRow.open, ReferenceRow.posting)
        if words:
            statement = statement.where(
                or_(
                    func.lower(ReferenceRow.code).startswith(words.lower(), autoescape=True),
                    func.lower(ReferenceRow.name).contains(words.lower(), autoescape=True),
                )
            )
        rows = await self._values(statement.order_by(ReferenceRow.code).limit(limit))
        return [ReferenceItem(*row) for row in rows]

    async def reference_codes(
        self, integration_id: uuid.UUID, list_name: str, codes: Sequence[str]
    ) -> dict[str, list[ReferenceItem]]:
        """Return what each of `codes` stands for: none, one, or several where a code is shared."""
        found: dict[str, list[ReferenceItem]] = {code: [] for code in codes}
        rows = await self._all(
            self._select(ReferenceRow).where(
                ReferenceRow.integration_id == integration_id,
                ReferenceRow.list_name == list_name,
                ReferenceRow.code.in_(list(found)),
            )
        )
        for row in rows:
            found[row.code].append(_item(row))
        return found

    async def neighbouring_codes(
        self, integration_id: uuid.UUID, list_name: str, code: str, limit: int
    ) -> list[ReferenceItem]:
        """Return up to `limit` entries on each side of where `code` would stand, open ones for posting only."""
        usable = self._select(ReferenceRow).where(
            ReferenceRow.integration_id == integration_id,
            ReferenceRow.list_name == list_name,
            ReferenceRow.open,
            ReferenceRow.posting,
        )
        before = usable.where(ReferenceRow.code < code).order_by(ReferenceRow.code.desc()).limit(limit)
        after = usable.where(ReferenceRow.code >= code).order_by(ReferenceRow.code).limit(limit)
        return [_item(row) for row in [*await self._all(before), *await self._all(after)]]

    async def reference_ids(
        self, integration_id: uuid.UUID, list_name: str, ids: Sequence[str]
    ) -> dict[str, ReferenceItem]:
        """Return the entries with these ids of the accounting system's own."""
        rows = await self._all(
            self._select(ReferenceRow).where(
                ReferenceRow.integration_id == integration_id,
                ReferenceRow.list_name == list_name,
                ReferenceRow.external_id.in_(list(ids)),
            )
        )
        return {row.external_id: _item(row) for row in rows}

    async def reference_counts(self, integration_id: uuid.UUID) -> dict[str, int]:
        """Return how many entries each list has."""
        rows = await self._values(
            select(ReferenceRow.list_name, func.count())
            .where(self._owned(ReferenceRow), ReferenceRow.integration_id == integration_id)
            .group_by(ReferenceRow.list_name)
        )
        return {name: count for name, count in rows}  # noqa: C416, rows are Row objects, not pairs


def _item(row: ReferenceRow) -> ReferenceItem:
    return ReferenceItem(
        row.external_id, row.code, row.name, row.open, row.posting, row.valid_from, row.valid_to
    )
