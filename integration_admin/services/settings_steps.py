"""What a settings file changes, part by part and in one unit of work, by the services the pages use.

When this is done, and what is tested before, is decided in settings_files.py.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.joined import JoinedDatabase
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.adapter_registry import AdapterRegistry, targets_of
from integration_admin.services.configuration import Configuration
from integration_admin.services.connection_report import TestReport, noted
from integration_admin.services.credentials import CredentialService
from integration_admin.services.exclusion_effects import refusals
from integration_admin.services.ledger_rules import refusal_of
from integration_admin.services.mappings import Mappings
from integration_admin.services.request_counts import RequestTally, write_requests
from integration_admin.services.runs import Runs
from integration_admin.services.schedules import Schedules
from integration_admin.services.settings_document import SettingsDocument, placed, refused
from integration_admin.services.timetable import timetable_of
from integration_admin.services.type_registry import TypeRegistry


class Change(StrEnum):
    """What applying a file has done."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a file led to; `warnings` are those the mapping editor would have asked about."""

    integration_id: uuid.UUID
    change: Change
    warnings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """What a passed connection test found before anything was stored, and the requests it took."""

    report: TestReport
    lists: Mapping[str, tuple[ReferenceItem, ...]]
    requests: RequestTally


@dataclass(frozen=True, slots=True)
class Tools:
    """What the services of one unit are put together from."""

    adapters: AdapterRegistry
    secrets: SecretStore
    runs: Runs
    clock: Clock


class Steps:
    """Stores the parts of one file in an open unit; nothing of it is kept unless the unit is committed."""

    def __init__(
        self,
        unit: Unit,
        actor: Actor,
        document: SettingsDocument,
        secrets: Mapping[str, Secret],
        tools: Tools,
    ) -> None:
        joined = JoinedDatabase(unit)
        types = TypeRegistry(joined, tools.adapters)
        self._unit = unit
        self._actor = actor
        self._document = document
        self._typed = secrets
        self._clock = tools.clock
        self._adapter = tools.adapters.get(document.type)
        self._configuration = Configuration(joined, tools.adapters, types, tools.clock)
        self._credentials = CredentialService(joined, tools.adapters, tools.secrets, tools.clock)
        self._mappings = Mappings(joined, tools.adapters, self._credentials, tools.clock)
        self._schedules = Schedules(joined, tools.runs, tools.clock)

    async def find(self) -> Integration | None:
        """Return the integration the file is about, if there is one. Raises Conflict when there are several."""
        # Two people who apply the same file at once must not make two integrations.
        await self._unit.organisations.take_turns()
        wanted = (self._document.type, self._document.name.strip())
        found = [row for row in await self._unit.integrations.everything() if (row.kind, row.name) == wanted]
        if len(found) > 1:
            raise Conflict(
                msg(
                    "Several integrations of this type are called “{name}”. Rename the others.",
                    name=wanted[1],
                )
            )
        return found[0] if found else None

    async def store_connection(self, found: Integration | None) -> uuid.UUID:
        """Store settings and secrets, in a new draft where there is none, and return its id."""
        if found is None:
            integration_id = await self._configuration.begin(self._actor, self._document.type)
            settings, version = self._document.settings or {}, 1
        else:
            integration_id, version = found.id, found.version
            settings = self._document.settings if self._document.settings is not None else found.settings
        typed = {**settings, **{name: secret.reveal() for name, secret in self._typed.items()}}
        try:
            await self._credentials.store(self._actor, integration_id, version, typed)
        except InvalidInput as error:
            raise self._by_kind(error) from None
        return integration_id

    async def carry_out(self, found: Integration | None, probe: Probe | None) -> Applied:
        """Store every part. `probe` is the test of a connection that is new; without it none is stored."""
        if probe is not None:
            integration_id = await self.store_connection(found)
            await self._note(integration_id, probe)
        elif found is not None:
            integration_id = found.id
        else:
            detail = "A new integration must be tested first."
            raise RuntimeError(detail)
        # The mapping is judged by what is left out, so that comes first.
        excluded = await self._store_exclusions(integration_id)
        mapping, warnings = await self._store_mapping(integration_id)
        await self._check_exclusions(integration_id)
        parts = {
            "connection": probe is not None,
            "mapping": mapping,
            "schedule": await self._store_schedule(integration_id),
            "excluded": excluded,
            "state": await self._finish(integration_id),
        }
        changed = [part for part, is_new in parts.items() if is_new]
        if changed:
            now = self._clock.now()
            await self._unit.audit.add(
                now, self._actor.name, "settings.apply", str(integration_id), changed=changed
            )
        change = Change.CREATED if found is None else Change.UPDATED if changed else Change.UNCHANGED
        return Applied(integration_id, change, warnings)

    async def _note(self, integration_id: uuid.UUID, probe: Probe) -> None:
        """Write down a passed test, what it says of the lists, and what it cost. Raises Conflict."""
        report, now = probe.report, self._clock.now()
        integration = await self._unit.integrations.get(integration_id)
        refusal = await refusal_of(self._unit, integration, report.entity, report.entity_id)
        if refusal is not None:
            raise Conflict(refusal)
        await self._unit.integrations.note(integration_id, **noted(integration, report, None, now))
        await self._unit.mappings.replace_reference(integration_id, probe.lists)
        await write_requests(self._unit, integration_id, probe.requests, now)
        await self._unit.audit.add(now, self._actor.name, "connection.test", str(integration_id), passed=True)

    async def _store_mapping(self, integration_id: uuid.UUID) -> tuple[bool, tuple[Message, ...]]:
        """Store the mapping if it is another one; return whether it was, and what speaks against it."""
        wanted = self._document.mapping
        if wanted is None or wanted == await self._unit.mappings.get(integration_id):
            return False, ()
        version = await self._version(integration_id)
        with _in_part("mapping"):
            saved = await self._mappings.save(
                self._actor, integration_id, version, wanted, accept_warnings=True
            )
        return True, tuple(finding.message for finding in saved.findings)

    async def _store_schedule(self, integration_id: uuid.UUID) -> bool:
        """Store the schedule if it is another one; return whether it was."""
        wanted = self._document.schedule
        if wanted is None:
            return False
        present = await self._unit.schedules.get(integration_id)
        timetable = wanted.timetable()
        if present is not None and (timetable_of(present), present.enabled) == (timetable, wanted.enabled):
            return False
        with _in_part("schedule"):
            version = await self._version(integration_id)
            await self._schedules.save(self._actor, integration_id, version, timetable)
        stored = await self._unit.schedules.get(integration_id)
        if stored is not None and stored.enabled != wanted.enabled:
            stored.enabled = wanted.enabled
            await self._unit.schedules.put(stored)
        return True

    async def _store_exclusions(self, integration_id: uuid.UUID) -> bool:
        """Store what is left out if it is something else; return whether it was."""
        if self._document.excluded is None:
            return False
        wanted = frozenset(self._document.excluded)
        before = await self._unit.integrations.exclusions(integration_id)
        if wanted == before:
            return False
        now = self._clock.now()
        await self._unit.integrations.change(integration_id, await self._version(integration_id), now)
        await self._unit.integrations.replace_exclusions(integration_id, wanted)
        old, new = {"categories": sorted(before)}, {"categories": sorted(wanted)}
        await self._unit.audit.add(
            now, self._actor.name, "exclusions.save", str(integration_id), old=old, new=new
        )
        return True

    async def _check_exclusions(self, integration_id: uuid.UUID) -> None:
        """Raise InvalidInput where something is left out without which every record would fail."""
        if self._document.excluded is None:
            return
        mapping = await self._unit.mappings.get(integration_id)
        integration = await self._unit.integrations.get(integration_id)
        targets = targets_of(self._adapter, integration.settings)
        wrong = refusals(mapping, targets, frozenset(self._document.excluded))
        if wrong:
            raise refused(placed("excluded", wrong))

    async def _finish(self, integration_id: uuid.UUID) -> bool:
        """Turn a draft into an active integration; return whether it was one. Raises InvalidInput, Conflict."""
        integration = await self._unit.integrations.get(integration_id)
        if integration.state is not IntegrationState.DRAFT:
            return False
        await self._configuration.save(self._actor, integration_id, integration.version, self._document.name)
        return True

    async def _version(self, integration_id: uuid.UUID) -> int:
        return (await self._unit.integrations.get(integration_id)).version

    def _by_kind(self, error: InvalidInput) -> InvalidInput:
        """Return the error with each field named as in the file, or as a secret of the command."""
        if not error.fields:
            return error
        secret = {field.name for field in self._adapter.credential_fields if field.secret}
        return refused(
            {
                f"{'secret' if name in secret else 'settings'}.{name}": message
                for name, message in error.fields.items()
            }
        )


@contextmanager
def _in_part(part: str) -> Iterator[None]:
    """Say of wrong fields which part of the file they are in."""
    try:
        yield
    except InvalidInput as error:
        if not error.fields:
            raise
        raise refused(placed(part, error.fields)) from None
