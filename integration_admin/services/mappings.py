"""The field mapping of an integration: reading, judging, suggesting, previewing and saving it."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from integration_admin.adapters.base import TargetField
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import Mapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.config_validator import CodeLookup, Finding, Severity, validate
from integration_admin.services.credentials import STEPS, CredentialService
from integration_admin.services.mapping_suggestions import suggest

_CLAIM = "expense_claim"
_SUGGEST_FROM = 5_000


@dataclass(frozen=True, slots=True)
class MappingEditor:
    """All the mapping editor draws from: targets, what is mapped, the categories in use."""

    version: int
    targets: tuple[TargetField, ...]
    mapping: Mapping
    categories: tuple[str, ...]
    reference_counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What saving a mapping led to; not saved means errors, or warnings nobody has accepted yet."""

    saved: bool
    version: int
    findings: tuple[Finding, ...]


class Mappings:
    """Reads, judges and saves field mappings."""

    def __init__(
        self,
        database: Database,
        adapters: AdapterRegistry,
        credentials: CredentialService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._credentials = credentials
        self._clock = clock

    async def editor(self, actor: Actor, integration_id: uuid.UUID) -> MappingEditor:
        """Return everything the editor needs; an unsaved mapping starts from the adapter's defaults."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            return MappingEditor(
                version=integration.version,
                targets=self._adapters.get(integration.kind).target_fields,
                mapping=await unit.mappings.get(integration_id),
                categories=tuple(await unit.records.categories(_CLAIM)),
                reference_counts=await unit.mappings.reference_counts(integration_id),
            )

    async def refresh(self, actor: Actor, integration_id: uuid.UUID) -> dict[str, int]:
        """Read the accounting system's lists anew and return how long each is. Raises AdapterError."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            credentials = await self._credentials.open(unit, integration)
        data = await self._adapters.get(integration.kind).reference_data(credentials)
        async with self._database.write(actor.organisation_id) as unit:
            await unit.mappings.replace_reference(integration_id, data.lists)
        return {name: len(items) for name, items in data.lists.items()}

    async def search(
        self, actor: Actor, integration_id: uuid.UUID, list_name: str, words: str, limit: int = 50
    ) -> list[ReferenceItem]:
        """Return entries of a reference list by the start of their code or a part of their name."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return await unit.mappings.search_reference(integration_id, list_name, words.strip(), limit)

    async def suggestions(self, actor: Actor, integration_id: uuid.UUID) -> dict[str, str]:
        """Return an account for each category in use where one is plain enough."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            categories = await unit.records.categories(_CLAIM)
            accounts = await unit.mappings.search_reference(integration_id, "accounts", limit=_SUGGEST_FROM)
        return suggest(categories, accounts)

    async def check(self, actor: Actor, integration_id: uuid.UUID, mapping: Mapping) -> list[Finding]:
        """Judge a mapping against the accounting system's lists, without saving it."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return await self._judge(unit, integration_id, mapping)

    async def save(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        version: int,
        mapping: Mapping,
        *,
        accept_warnings: bool = False,
    ) -> SaveResult:
        """Save a mapping that has no errors, and no warnings unless they are accepted.

        Raises InvalidInput when errors remain, Conflict when somebody else saved first.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            findings = tuple(await self._judge(unit, integration_id, mapping))
            if any(finding.severity is Severity.ERROR for finding in findings):
                raise InvalidInput(
                    msg("The mapping cannot be saved like this: every record would fail."),
                    fields={
                        finding.target: finding.message
                        for finding in findings
                        if finding.severity is Severity.ERROR
                    },
                )
            if findings and not accept_warnings:
                return SaveResult(saved=False, version=version, findings=findings)
            integration = await unit.integrations.get(integration_id)
            step = max(integration.step, "schedule", key=STEPS.index)
            new_version = await unit.integrations.change(integration_id, version, now, step=step)
            await unit.mappings.replace(integration_id, mapping)
            await unit.audit.add(
                now,
                actor.name,
                "mapping.save",
                str(integration_id),
                targets=sorted(mapping),
                accepted_warnings=[finding.message.to_json() for finding in findings],
            )
        return SaveResult(saved=True, version=new_version, findings=findings)

    async def _judge(self, unit: Unit, integration_id: uuid.UUID, mapping: Mapping) -> list[Finding]:
        integration = await unit.integrations.get(integration_id)
        zone = ZoneInfo((await unit.organisations.get()).time_zone)
        targets = self._adapters.get(integration.kind).target_fields
        codes = await _codes(
            unit, integration_id, targets, mapping, self._clock.now().astimezone(zone).date()
        )
        return validate(mapping, targets, await unit.records.categories(_CLAIM), codes)


async def _codes(
    unit: Unit, integration_id: uuid.UUID, targets: Sequence[TargetField], mapping: Mapping, today: date
) -> Any:
    """Look up every code the mapping names in the list its target takes codes from."""
    used: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        field = mapping.get(target.name)
        if target.reference and field:
            used[target.reference].update(field.values.values())
            used[target.reference].update([field.constant] if field.constant else [])
    items = {name: await unit.mappings.search_reference(integration_id, name, limit=50_000) for name in used}
    return CodeLookup.of(items, today)
