"""The field mapping of an integration: reading, judging, suggesting, previewing and saving it."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from integration_admin.adapters.base import TargetField
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.mapping import Mapping
from integration_admin.core.messages import msg
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry, targets_of
from integration_admin.services.code_lookup import ID_PREFIX, CodeLookup
from integration_admin.services.config_validator import Finding, Severity, validate
from integration_admin.services.credentials import STEPS, CredentialService
from integration_admin.services.dimension_names import LIST as DIMENSION_NAMES
from integration_admin.services.dimension_names import named, with_names
from integration_admin.services.exclusion_effects import withheld
from integration_admin.services.mapping_changes import changes
from integration_admin.services.mapping_plans import CATEGORY
from integration_admin.services.mapping_suggestions import suggest
from integration_admin.services.request_counts import counted

_MOST_AUDITED = 200
"""How many changes of a mapping the audit log tells one by one; a value map may have thousands."""
_SUGGEST_FROM = 25_000
_UNKNOWN = 50
_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class MappingEditor:
    """All the mapping editor draws from: targets, what is mapped, the categories in use."""

    version: int
    targets: tuple[TargetField, ...]
    mapping: Mapping
    categories: tuple[str, ...]
    reference_counts: dict[str, int]
    names: Table[str, Table[str, str]]
    """What the saved codes are called, by their list; one that is not there, or stands for several, is left out."""


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
        """Return everything the editor needs; a mapping that was never saved is empty."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            counts = await unit.mappings.reference_counts(integration_id)
            targets = await self._targets(unit, integration)
            mapping = await unit.mappings.get(integration_id)
            return MappingEditor(
                version=integration.version,
                targets=targets,
                mapping=mapping,
                categories=tuple(await unit.records.categories(EXPENSE_CLAIM)),
                reference_counts={name: count for name, count in counts.items() if name != DIMENSION_NAMES},
                names={
                    name: await _names(unit, integration_id, name, codes)
                    for name, codes in _codes_used(targets, mapping, ()).items()
                },
            )

    async def refresh(self, actor: Actor, integration_id: uuid.UUID) -> dict[str, int]:
        """Read the accounting system's lists anew and return how long each is.

        Raises AdapterError, or Conflict when the integration was pointed elsewhere meanwhile.
        """
        actor.require(Permission.CONFIGURE)
        return await self.read_lists(actor.organisation_id, integration_id)

    async def read_lists(self, organisation_id: uuid.UUID, integration_id: uuid.UUID) -> dict[str, int]:
        """Do the same for the product itself, which asks nobody's permission."""
        async with counted(self._database, self._clock, organisation_id, integration_id) as meter:
            async with self._database.read(organisation_id) as unit:
                integration = await unit.integrations.get(integration_id)
                credentials = await self._credentials.open(unit, integration, meter)
            data = await self._adapters.get(integration.kind).reference_data(credentials)
        async with self._database.write(organisation_id) as unit:
            await unit.runs.take_turns(integration_id)
            present = await unit.integrations.get(integration_id)
            if _whose(present) != _whose(integration):
                raise Conflict(msg("The connection was changed while the lists were read. Read them again."))
            await unit.mappings.replace_reference(integration_id, with_names(data))
        return {name: len(items) for name, items in data.lists.items()}

    async def search(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        list_name: str,
        words: str,
        limit: int = 50,
        *,
        usable_only: bool = False,
    ) -> list[ReferenceItem]:
        """Return entries of a reference list by the start of their code or a part of their name.

        `usable_only` leaves out what is closed and what nothing can be posted on.
        """
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return await unit.mappings.search_reference(
                integration_id, list_name, words.strip(), limit, usable_only=usable_only
            )

    async def names(
        self, actor: Actor, integration_id: uuid.UUID, list_name: str, codes: Collection[str]
    ) -> dict[str, str]:
        """Return what codes are called; one that is not in the list, or stands there for several, is left out."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return await _names(unit, integration_id, list_name, codes)

    async def suggestions(self, actor: Actor, integration_id: uuid.UUID) -> dict[str, str]:
        """Return an account for each category in use where one is plain enough."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            categories = await unit.records.categories(EXPENSE_CLAIM)
            accounts = await unit.mappings.search_reference(integration_id, "accounts", limit=_SUGGEST_FROM)
        # Other people's events would wait while a long chart is gone through.
        return await asyncio.to_thread(suggest, categories, accounts)

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
        # Others wait while a unit writes; the version tells whether what was judged has changed since.
        async with self._database.read(actor.organisation_id) as unit:
            findings = tuple(await self._judge(unit, integration_id, mapping))
        _refuse_errors(findings)
        if findings and not accept_warnings:
            return SaveResult(saved=False, version=version, findings=findings)
        async with self._database.write(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            step = max(integration.step, "schedule", key=STEPS.index)
            before = integration.updated_at
            new_version = await unit.integrations.change(integration_id, version, now, step=step)
            await _keep_unversioned(unit, integration_id, before)
            labels = {target.name: target.label for target in await self._targets(unit, integration)}
            changed = list(changes(await unit.mappings.get(integration_id), mapping, labels))
            await unit.mappings.replace(integration_id, mapping)
            await unit.mappings.keep_version(integration_id, now, actor.name, mapping)
            await unit.audit.add(
                now,
                actor.name,
                "mapping.save",
                str(integration_id),
                changes=[sentence.to_json() for sentence in changed[:_MOST_AUDITED]],
                count=len(changed),
                accepted_warnings=[finding.message.to_json() for finding in findings],
            )
        return SaveResult(saved=True, version=new_version, findings=findings)

    async def _targets(self, unit: Unit, integration: Integration) -> tuple[TargetField, ...]:
        """Return the fields that can be mapped, under the names they have in the accounting system."""
        targets = targets_of(self._adapters.get(integration.kind), integration.settings)
        return await named(unit, integration.id, targets)

    async def _judge(self, unit: Unit, integration_id: uuid.UUID, mapping: Mapping) -> list[Finding]:
        integration = await unit.integrations.get(integration_id)
        zone = ZoneInfo((await unit.organisations.get()).time_zone)
        targets = await self._targets(unit, integration)
        categories = await unit.records.categories(EXPENSE_CLAIM)
        used = _codes_used(targets, mapping, categories)
        today = self._clock.now().astimezone(zone).date()
        excluded = await unit.integrations.exclusions(integration_id)
        found = validate(mapping, targets, categories, await _looked_up(unit, integration_id, used, today))
        return [*found, *withheld(mapping, targets, excluded)]


def _whose(integration: Integration) -> tuple[str, str]:
    """Return which company's lists an integration reads."""
    return integration.target_origin, integration.tested_entity_id or integration.tested_entity


async def _keep_unversioned(unit: Unit, integration_id: uuid.UUID, changed_at: datetime) -> None:
    """Keep a mapping from before there were versions as the first one; nobody knows who saved it."""
    if await unit.mappings.versions(integration_id, 1):
        return
    present = await unit.mappings.get(integration_id)
    if present:
        await unit.mappings.keep_version(integration_id, changed_at, "", present)


def _refuse_errors(findings: Sequence[Finding]) -> None:
    """Raise InvalidInput when any finding is an error."""
    errors = {found.target: found.message for found in findings if found.severity is Severity.ERROR}
    if errors:
        raise InvalidInput(
            msg("The mapping cannot be saved like this: every record would fail."), fields=errors
        )


def _codes_used(
    targets: Sequence[TargetField], mapping: Mapping, categories: Sequence[str]
) -> dict[str, set[str]]:
    """Return the codes a mapping would send as it stands, by the list they come from."""
    used: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        field = mapping.get(target.name)
        if target.reference and field:
            used[target.reference].update(field.values.values())
            used[target.reference].update([field.constant] if field.constant else [])
            # Categories may be the codes themselves.
            used[target.reference].update(categories if field.source == CATEGORY else ())
    return used


async def _names(
    unit: Unit, integration_id: uuid.UUID, list_name: str, codes: Collection[str]
) -> dict[str, str]:
    found = await unit.mappings.reference_codes(integration_id, list_name, sorted(codes))
    return {code: items[0].name for code, items in found.items() if len(items) == 1}


async def _looked_up(
    unit: Unit, integration_id: uuid.UUID, used: Table[str, set[str]], today: date
) -> CodeLookup:
    """Look up the codes in use, and what stands near those that are unknown; never a whole list."""
    lengths = await unit.mappings.reference_counts(integration_id)
    by_code: dict[str, dict[str, tuple[ReferenceItem, ...]]] = {}
    by_id: dict[str, dict[str, ReferenceItem]] = {}
    usable: dict[str, tuple[str, ...]] = {}
    for name in used.keys() & lengths.keys():
        ids = [code.removeprefix(ID_PREFIX) for code in used[name] if code.startswith(ID_PREFIX)]
        by_id[name] = await unit.mappings.reference_ids(integration_id, name, ids)
        found = await unit.mappings.reference_codes(integration_id, name, sorted(used[name]))
        # A code nobody has is kept with nothing behind it: the list counts as read.
        by_code[name] = {code: tuple(items) for code, items in found.items()}
        unknown = [code for code, items in found.items() if not items and not code.startswith(ID_PREFIX)]
        near = {
            item.code
            for code in unknown[:_UNKNOWN]
            for item in await unit.mappings.neighbouring_codes(integration_id, name, code, _NEIGHBOURS)
        }
        usable[name] = tuple(sorted(near))
    return CodeLookup(today, by_code, by_id, usable)
