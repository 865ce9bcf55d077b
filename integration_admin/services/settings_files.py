"""An integration's settings as a file: written without its secrets, and read back as a whole or not at all.

What a file may hold is in settings_document.py; its parts are stored by the services the pages use, in
settings_steps.py.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from integration_admin.adapters.base import Credentials
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.joined import rolled_back
from integration_admin.data.models import Integration
from integration_admin.data.repositories.integrations import CHANGED_MEANWHILE
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.connection_attempt import attempt
from integration_admin.services.connection_report import TestReport
from integration_admin.services.request_counts import RequestTally
from integration_admin.services.runs import Runs
from integration_admin.services.settings_document import (
    ScheduleDocument,
    SettingsDocument,
    check_names,
    read_document,
    refused,
)
from integration_admin.services.settings_steps import Applied, Probe, Steps, Tools
from integration_admin.services.settings_text import read_text, write_text
from integration_admin.services.timetable import timetable_of


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """What storing would lead to; `connection` is what must be tested first, None where nothing changes there."""

    version: int | None
    connection: Credentials | None


class SettingsFiles:
    """Writes integrations' settings into files and reads them from there."""

    def __init__(
        self, database: Database, adapters: AdapterRegistry, secrets: SecretStore, runs: Runs, clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._secrets = secrets
        self._clock = clock
        self._tools = Tools(adapters, secrets, runs, clock)

    async def document(self, actor: Actor, integration_id: uuid.UUID) -> SettingsDocument:
        """Return what a file about this integration says; the same settings always give the same file."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            mapping = await unit.mappings.get(integration_id)
            schedule = await unit.schedules.get(integration_id)
            excluded = await unit.integrations.exclusions(integration_id)
        adapter = self._adapters.get(integration.kind)
        plain = [field.name for field in adapter.credential_fields if not field.secret]
        order = [target.name for target in adapter.target_fields]
        return SettingsDocument(
            type=integration.kind,
            name=integration.name,
            settings={
                name: str(integration.settings[name]) for name in plain if name in integration.settings
            },
            mapping={name: mapping[name] for name in order if name in mapping} or None,
            schedule=ScheduleDocument.of(timetable_of(schedule), enabled=schedule.enabled)
            if schedule
            else None,
            excluded=sorted(excluded),
        )

    async def export(self, actor: Actor, integration_id: uuid.UUID) -> str:
        """Return an integration's settings as the text of a file; there is never a secret in it."""
        return write_text((await self.document(actor, integration_id)).to_plain())

    async def apply(self, actor: Actor, file: bytes, secrets: Mapping[str, Secret]) -> Applied:
        """Set up an integration as a file says, or change the one of that type and name.

        A new connection is tested, and the accounting system's lists are read, before anything is stored.
        Raises InvalidInput with one sentence for each place that is wrong, Conflict, NotFound, AdapterError,
        VaultError; then nothing has changed.
        """
        actor.require(Permission.CONFIGURE)
        document = read_document(read_text(file))
        adapter = self._adapters.get(document.type)
        check_names(document, secrets, adapter)
        rehearsed = await self._rehearse(actor, document, secrets)
        probe = None
        if rehearsed.connection is not None:
            probe = await self._probe(document.type, rehearsed.connection)
        async with self._database.write(actor.organisation_id) as unit:
            steps = Steps(unit, actor, document, secrets, self._tools)
            found = await steps.find()
            if (found.version if found else None) != rehearsed.version:
                raise Conflict(CHANGED_MEANWHILE)
            return await steps.carry_out(found, probe)

    async def _rehearse(
        self, actor: Actor, document: SettingsDocument, secrets: Mapping[str, Secret]
    ) -> _Rehearsal:
        """Store the connection and roll that back: what must be tested is what would be stored."""
        async with rolled_back(self._database, actor.organisation_id) as unit:
            steps = Steps(unit, actor, document, secrets, self._tools)
            found = await steps.find()
            version = found.version if found else None
            return _Rehearsal(version, await self._connection(unit, steps, found, typed=bool(secrets)))

    async def _connection(
        self, unit: Unit, steps: Steps, found: Integration | None, *, typed: bool
    ) -> Credentials | None:
        """Return what to sign in with once all is stored, None where it is what was tested already."""
        before = dict(found.settings) if found and found.tested_at else None
        integration_id = await steps.store_connection(found)
        integration = await unit.integrations.get(integration_id)
        if before == integration.settings and not typed:
            return None
        return Credentials(dict(integration.settings), await self._secrets.open(unit, integration))

    async def _probe(self, kind: str, connection: Credentials) -> Probe:
        """Sign in and read the lists. Raises InvalidInput when the test does not pass, AdapterError."""
        adapter, requests = self._adapters.get(kind), RequestTally()
        credentials = replace(connection, meter=requests)
        report = await attempt(adapter, credentials, self._clock)
        if not report.passed:
            raise refused(_why_not(report))
        return Probe(report, (await adapter.reference_data(credentials)).lists, requests)


def _why_not(report: TestReport) -> dict[str, Message]:
    """Return why a connection test did not pass, and what there is to choose from where only that is missing."""
    wrong = {"connection": msg("The connection test did not pass: {reason}", reason=report.message)}
    for name in report.undecided:
        choices = ", ".join(f"{option.value} ({option.text})" for option in report.found.get(name, ()))
        wrong[f"settings.{name}"] = msg("Choose one of these: {choices}.", choices=choices)
    return wrong
