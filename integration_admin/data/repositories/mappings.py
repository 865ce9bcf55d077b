"""Field mappings with their value maps, and the reference lists they are checked against."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, func, insert, or_, select

from integration_admin.core.mapping import FieldMapping
from integration_admin.core.reference import ReferenceItem
from integration_admin.data.models import FieldMappingRow, ReferenceRow, ValueMap
from integration_admin.data.repositories.base import Repository

_CHUNK = 500


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

    async def replace_reference(
        self, integration_id: uuid.UUID, lists: Mapping[str, Iterable[ReferenceItem]]
    ) -> None:
        """Store the accounting system's lists in place of what was known."""
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
        self, integration_id: uuid.UUID, list_name: str, words: str = "", limit: int = 50
    ) -> list[ReferenceItem]:
        """Return entries whose code starts with, or whose name holds, `words` in any case; by code."""
        statement = self._select(ReferenceRow).where(
            ReferenceRow.integration_id == integration_id, ReferenceRow.list_name == list_name
        )
        if words:
            statement = statement.where(
                or_(
                    func.lower(ReferenceRow.code).startswith(words.lower(), autoescape=True),
                    func.lower(ReferenceRow.name).contains(words.lower(), autoescape=True),
                )
            )
        return [_item(row) for row in await self._all(statement.order_by(ReferenceRow.code).limit(limit))]

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
