"""Integrations as an administrator sees them: beginning one, saving it, pausing, removing.

Credentials, mapping and schedule have services of their own.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.actor import Actor
from integration_admin.core.audit_actions import AuditAction
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState, Permission
from integration_admin.core.typed_text import without_ends
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.ledger_rules import shared_ledger
from integration_admin.services.stop_reasons import RESTORED, saved_untested
from integration_admin.services.type_registry import TypeRegistry

_LONGEST_NAME = 100
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class IntegrationView:
    """One integration; `step` is where its wizard was left, `version` guards against two savers."""

    id: uuid.UUID
    kind: str
    label: Message
    name: str
    state: IntegrationState
    step: str
    version: int
    tested_at: datetime | None
    tested_entity: str
    last_success_at: datetime | None
    stop_message: Message | None


class Configuration:
    """Begins, saves, pauses and removes integrations."""

    def __init__(
        self, database: Database, adapters: AdapterRegistry, types: TypeRegistry, clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._types = types
        self._clock = clock

    async def everything(self, actor: Actor) -> list[IntegrationView]:
        """Return every integration, unfinished ones too, oldest first."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            rows = await unit.integrations.everything()
        return [integration_view(row, self._adapters.get(row.kind).label) for row in rows]

    async def get(self, actor: Actor, integration_id: uuid.UUID) -> IntegrationView:
        """Return one; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            row = await unit.integrations.get(integration_id)
        return integration_view(row, self._adapters.get(row.kind).label)

    async def begin(self, actor: Actor, kind: str) -> uuid.UUID:
        """Make a draft of a type the organisation may use and return its id."""
        actor.require(Permission.CONFIGURE)
        await self._types.require(actor, kind)
        label, now = self._adapters.get(kind).label, self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            integration = Integration(
                id=uuid.uuid4(),
                kind=kind,
                name=label.translate(await unit.organisations.language_of(actor.member_id)),
                settings={},
                created_by=actor.name,
                created_at=now,
                updated_at=now,
            )
            await unit.integrations.add(integration)
            await unit.audit.add(now, actor.name, "integration.begin", str(integration.id), kind=kind)
        return integration.id

    async def save(self, actor: Actor, integration_id: uuid.UUID, version: int, name: str) -> int:
        """Turn a finished draft into an active integration, or rename one; return the new version.

        Raises InvalidInput naming what is still missing, Conflict when somebody else saved first or
        another integration exports to the same entity.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # Two drafts saved at the same moment must see each other, and what pauses or tests this one comes first.
            await unit.organisations.take_turns()
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            await _check_complete(unit, integration, name)
            other = await unit.integrations.sharing_ledger(
                integration, integration.tested_entity, integration.tested_entity_id
            )
            if other is not None:
                raise Conflict(shared_ledger(other))
            old, state = {"name": integration.name, "state": str(integration.state)}, integration.state
            if state is IntegrationState.DRAFT:
                state = IntegrationState.ACTIVE
            new_version = await unit.integrations.change(
                integration_id, version, now, name=without_ends(name), state=state
            )
            new = {"name": without_ends(name), "state": str(state)}
            await unit.audit.add(now, actor.name, "integration.save", str(integration_id), old=old, new=new)
        return new_version

    async def save_untested(
        self, actor: Actor, integration_id: uuid.UUID, version: int, name: str, reason: str
    ) -> int:
        """Turn a finished draft whose connection no test has passed into a paused integration; return the new version.

        The reason is shown until a test passes; only then can it be resumed. Raises InvalidInput naming what
        is still missing, Conflict when it is no such draft or somebody else saved first.
        """
        actor.require(Permission.CONFIGURE)
        now, name, reason = self._clock.now(), without_ends(name), " ".join(reason.split())
        async with self._database.write(actor.organisation_id) as unit:
            # A test may be passing at this moment.
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            if integration.state is not IntegrationState.DRAFT or integration.tested_at is not None:
                raise Conflict(msg("Only a set-up whose connection has not been tested is saved like this."))
            await _check_complete(unit, integration, name, reason=reason)
            new_version = await unit.integrations.change(
                integration_id,
                version,
                now,
                name=name,
                state=IntegrationState.PAUSED,
                stop_message=saved_untested(actor.name, reason).to_json(),
            )
            await unit.audit.add(
                now, actor.name, "integration.save_untested", str(integration_id), name=name, reason=reason
            )
        return new_version

    async def set_paused(self, actor: Actor, integration_id: uuid.UUID, *, paused: bool) -> None:
        """Pause an active integration or let a paused one go on; others raise Conflict."""
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        wanted = IntegrationState.PAUSED if paused else IntegrationState.ACTIVE
        async with self._database.write(actor.organisation_id) as unit:
            # A run may be stopping it at this moment.
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            if integration.state not in {IntegrationState.ACTIVE, IntegrationState.PAUSED}:
                raise Conflict(msg("Only an integration that is set up and connected can be paused."))
            if not paused and integration.tested_at is None:
                raise Conflict(
                    msg("Test the connection first; this integration goes on once a test succeeds.")
                )
            old, new = {"state": str(integration.state)}, {"state": str(wanted)}
            reason = integration.stop_message if paused else None
            await unit.integrations.note(integration_id, state=wanted, stop_message=reason)
            action: AuditAction = "integration.paused" if paused else "integration.active"
            await unit.audit.add(now, actor.name, action, str(integration_id), old=old, new=new)

    async def pause_restored(self, actor: Actor) -> int:
        """Pause whatever came out of a backup set up, saying why, and return how many integrations that is.

        A set-up that was not finished by then is marked too: it may have been, and have exported, after the backup.
        """
        actor.require(Permission.CONFIGURE)
        now, new = self._clock.now(), {"state": str(IntegrationState.PAUSED)}
        async with self._database.write(actor.organisation_id) as unit:
            everything = await unit.integrations.everything()
            for row in everything:
                await unit.integrations.note(row.id, restored_at=now)
            rows = [row for row in everything if row.state is not IntegrationState.DRAFT]
            for row in rows:
                old, told = {"state": str(row.state)}, RESTORED.to_json()
                await unit.integrations.note(row.id, state=IntegrationState.PAUSED, stop_message=told)
                await unit.audit.add(now, actor.name, "integration.paused", str(row.id), old=old, new=new)
        return len(rows)

    async def discard(self, actor: Actor, integration_id: uuid.UUID) -> None:
        """Remove a draft and every secret typed into it; anything saved raises Conflict."""
        actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            # Somebody may be saving it at this moment.
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            if integration.state is not IntegrationState.DRAFT:
                raise Conflict(msg("Only an unfinished set-up can be discarded."))
            await unit.integrations.remove(integration_id)
            now, old = self._clock.now(), {"name": integration.name}
            await unit.audit.add(now, actor.name, "integration.discard", str(integration_id), old=old)


def integration_view(row: Integration, label: Message) -> IntegrationView:
    """Turn a stored integration, whose type is called `label`, into what is shown."""
    return IntegrationView(
        id=row.id,
        kind=row.kind,
        label=label,
        name=row.name,
        state=row.state,
        step=row.step,
        version=row.version,
        tested_at=row.tested_at,
        tested_entity=row.tested_entity,
        last_success_at=row.last_success_at,
        stop_message=Message.from_json(row.stop_message) if row.stop_message else None,
    )


async def _check_complete(
    unit: Unit, integration: Integration, name: str, *, reason: str | None = None
) -> None:
    """Raise InvalidInput naming what is missing; a `reason` stands in for the connection test."""
    missing: dict[str, Message] = {}
    if not without_ends(name) or len(name) > _LONGEST_NAME:
        missing["name"] = msg("Give the integration a name of at most 100 characters.")
    if reason is None and integration.tested_at is None:
        missing["credentials"] = msg("Test the connection; it has to succeed before you save.")
    if reason is not None and not 1 <= len(reason) <= _LONGEST_REASON:
        missing["reason"] = msg(
            "Say in at most {count} characters why you save before the connection works.",
            count=_LONGEST_REASON,
        )
    if not await unit.mappings.get(integration.id):
        missing["mapping"] = msg("Choose how the fields are mapped.")
    if await unit.schedules.get(integration.id) is None:
        missing["schedule"] = msg("Choose when to export.")
    if missing:
        raise InvalidInput(msg("The set-up is not finished yet."), fields=missing)
