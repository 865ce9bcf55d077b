"""Which integration types an organisation may use: those its feature flags name and that exist here."""

from dataclasses import dataclass

from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotFound
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry


@dataclass(frozen=True, slots=True)
class IntegrationType:
    """A type an administrator can add."""

    kind: str
    label: Message


class TypeRegistry:
    """Answers what an organisation may add."""

    def __init__(self, database: Database, adapters: AdapterRegistry) -> None:
        self._database = database
        self._adapters = adapters

    async def available(self, actor: Actor) -> list[IntegrationType]:
        """Return the types the organisation's feature flags allow, by kind."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            features = set((await unit.organisations.get()).features)
        return [
            IntegrationType(kind, self._adapters.get(kind).label)
            for kind in self._adapters.kinds()
            if kind in features
        ]

    async def require(self, actor: Actor, kind: str) -> None:
        """Raise NotFound unless the organisation may use `kind`."""
        if kind not in {known.kind for known in await self.available(actor)}:
            raise NotFound(msg("Your organisation does not have this integration type."))
