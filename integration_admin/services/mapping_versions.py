"""Earlier versions of a field mapping: who saved what when, what each one changed, and going back to one.

Keeping a version is part of saving, which is in mappings.py.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration_admin.core.actor import Actor
from integration_admin.core.mapping import FieldMapping, Mapping
from integration_admin.core.messages import Message
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.models_mapping import MappingVersion
from integration_admin.services.mapping_changes import changes
from integration_admin.services.mappings import Mappings, SaveResult

LISTED: Final = 20
"""How many versions are listed where nobody asks for more."""
_MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """One version; `saved_by` is empty where nobody knows, `changes` are sentences against the one before.

    `first` says that there is none before it.
    """

    number: int
    saved_at: datetime
    saved_by: str
    first: bool
    changes: tuple[Message, ...]


class MappingVersions:
    """Lists the versions of an integration's mapping and restores one."""

    def __init__(self, database: Database, mappings: Mappings) -> None:
        self._database = database
        self._mappings = mappings

    async def list(self, actor: Actor, integration_id: uuid.UUID, limit: int = LISTED) -> list[SavedMapping]:
        """Return the newest `limit` versions, the newest first: that is the one in use."""
        actor.require(Permission.VIEW)
        labels = await self._labels(actor, integration_id)
        async with self._database.read(actor.organisation_id) as unit:
            # One more, which the last one listed is compared with.
            rows = await unit.mappings.versions(integration_id, min(limit, _MOST_LISTED) + 1)
        mappings = [_mapping(row) for row in rows]
        listed = []
        for place, row in enumerate(rows[:limit]):
            first = place + 1 == len(rows)
            changed = () if first else tuple(changes(mappings[place + 1], mappings[place], labels))
            listed.append(SavedMapping(row.number, row.saved_at, row.saved_by, first, changed))
        return listed

    async def get(self, actor: Actor, integration_id: uuid.UUID, number: int) -> Mapping:
        """Return the mapping as it was in one version; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return _mapping(await unit.mappings.version(integration_id, number))

    async def restore(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        number: int,
        version: int,
        *,
        accept_warnings: bool = False,
    ) -> SaveResult:
        """Save the mapping of an earlier version anew, judged as any other; `version` is the integration's.

        Raises InvalidInput when it has errors by now, Conflict when somebody else saved meanwhile, NotFound.
        """
        actor.require(Permission.CONFIGURE)
        mapping = await self.get(actor, integration_id, number)
        return await self._mappings.save(
            actor, integration_id, version, mapping, accept_warnings=accept_warnings
        )

    async def _labels(self, actor: Actor, integration_id: uuid.UUID) -> dict[str, Message]:
        """Return what the target fields are called, in the order of the form."""
        editor = await self._mappings.editor(actor, integration_id)
        return {target.name: target.label for target in editor.targets}


def _mapping(row: MappingVersion) -> Mapping:
    return {target: FieldMapping.model_validate(field) for target, field in row.mapping.items()}
