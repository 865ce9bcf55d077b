"""Which ledger an integration may export to: one of its own, and the same one for good once it has exported."""

from collections.abc import Mapping

from integration_admin.core.errors import Conflict
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.stop_reasons import UNTESTED


def shared_ledger(other: Integration) -> Message:
    """Say that `other` exports to the same entity."""
    return msg(
        "“{name}” exports to {entity} already, and two integrations would book every claim twice.",
        name=other.name,
        entity=other.tested_entity,
    )


async def leave_address(unit: Unit, integration: Integration) -> None:
    """Forget what belongs to the present address; raises Conflict once anything was taken up for export."""
    if await unit.integrations.has_deliveries(integration.id):
        raise Conflict(
            msg(
                "This integration has exported to the present address and keeps it. "
                "Set up a new integration for another address."
            )
        )
    await unit.integrations.remove_credentials(integration.id)
    await unit.mappings.replace_reference(integration.id, {})


def stopped_if_new(
    integration: Integration, settings: Mapping[str, str], secrets: Mapping[str, Secret]
) -> dict[str, object]:
    """Return what stops an active integration until what is new in its settings has been tested."""
    changed = bool(secrets) or settings != integration.settings
    if integration.state is not IntegrationState.ACTIVE or not changed:
        return {}
    return {"state": IntegrationState.STOPPED, "stop_message": UNTESTED.to_json()}


def is_entity_of(integration: Integration, entity: str, entity_id: str) -> bool:
    """Tell whether the integration was last tested against this entity, whatever it was called then."""
    if entity_id and integration.tested_entity_id:
        return integration.tested_entity_id == entity_id
    return integration.tested_entity == entity


async def refusal_of(
    unit: Unit, integration: Integration, entity: str, entity_id: str = ""
) -> Message | None:
    """Return why a saved integration may not export to `entity`, None when it may."""
    if integration.state is IntegrationState.DRAFT:
        return None
    before = integration.tested_entity
    another = before and not is_entity_of(integration, entity, entity_id)
    if another and await unit.integrations.has_deliveries(integration.id):
        return msg(
            "These credentials reach {entity}, but this integration has exported to {before}. "
            "Use credentials for {before}, or set up a new integration.",
            entity=entity,
            before=before,
        )
    other = await unit.integrations.sharing_ledger(integration, entity, entity_id)
    return None if other is None else shared_ledger(other)
