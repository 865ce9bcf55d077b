"""The credential form: what to ask for, storing what was typed, and the live connection test.

A stored secret never comes back out of here; only an adapter is handed it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integration_admin.adapters.base import (
    AccountingAdapter,
    CredentialField,
    Credentials,
    Option,
    RequestMeter,
)
from integration_admin.adapters.descriptions import ReadsDescriptions
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission
from integration_admin.core.typed_text import without_ends
from integration_admin.data.database import Database
from integration_admin.data.models import Credential, Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.connection_attempt import attempt
from integration_admin.services.connection_report import TestReport, failed, noted
from integration_admin.services.credential_fields import applies, changed_settings, problem, refuse
from integration_admin.services.ledger_rules import is_entity_of, leave_address, refusal_of, stopped_if_new
from integration_admin.services.request_counts import counted
from integration_admin.services.secret_expiry import expiry_columns


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """What may be told of a stored secret."""

    stored_at: datetime
    stored_by: str
    ending: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form; `value` is always empty for a secret."""

    field: CredentialField
    value: str
    stored: StoredSecret | None
    named: Option | None = None
    """What the accounting system calls what is stored here, where that is an id it was tested by."""


@dataclass(frozen=True, slots=True)
class CredentialForm:
    """The whole form with the version it was read at."""

    integration_id: uuid.UUID
    kind: str
    version: int
    fields: tuple[FormField, ...]
    tested_at: datetime | None
    tested_entity: str
    describable: bool = False
    """Whether the settings can come from the interface's own description."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was typed and is right; `moved` says that it leads to another address than before."""

    settings: Mapping[str, str]
    secrets: Mapping[str, Secret]
    origin: str
    moved: bool


class CredentialService:
    """Stores and tests what an integration signs in with."""

    def __init__(
        self, database: Database, adapters: AdapterRegistry, secrets: SecretStore, clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._secrets = secrets
        self._clock = clock

    async def form(self, actor: Actor, integration_id: uuid.UUID) -> CredentialForm:
        """Return the form as it stands, secrets masked."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            stored = {row.field: row for row in await unit.integrations.credentials(integration_id)}
        adapter = self._adapters.get(integration.kind)
        return CredentialForm(
            integration_id=integration.id,
            kind=integration.kind,
            version=integration.version,
            fields=tuple(_form_field(field, integration, stored) for field in adapter.credential_fields),
            tested_at=integration.tested_at,
            tested_entity=integration.tested_entity,
            describable=isinstance(adapter, ReadsDescriptions),
        )

    async def store(
        self, actor: Actor, integration_id: uuid.UUID, version: int, typed: Mapping[str, str]
    ) -> int:
        """Seal what was typed and return the new version; an empty secret keeps the stored one.

        A changed address drops every stored secret, so that none is ever sent somewhere new, and the
        lists read there. An active integration stops until a test of what is new has passed.
        Raises InvalidInput with a sentence a field, VaultError, Conflict (also for a new address once
        anything has been exported); then nothing is stored.
        """
        actor.require(Permission.CONFIGURE)
        now, target = self._clock.now(), str(integration_id)
        async with self._database.write(actor.organisation_id) as unit:
            # Somebody may be pausing or resuming it at this moment.
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            new = await self._read(unit, integration, typed)
            before, after = changed_settings(integration.settings, new.settings)
            new_version = await unit.integrations.change(
                integration_id, version, now, **_columns(integration, new)
            )
            integration.target_origin = new.origin
            for field, secret in new.secrets.items():
                await self._secrets.put(unit, integration, field, secret, actor.name, now)
            fields = sorted(new.secrets)
            await unit.audit.add(
                now, actor.name, "credentials.store", target, fields=fields, old=before, new=after
            )
        return new_version

    async def changes(self, actor: Actor, integration_id: uuid.UUID, typed: Mapping[str, str]) -> bool:
        """Tell whether storing what was typed would change anything. Raises NotFound."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
        adapter = self._adapters.get(integration.kind)
        settings, _ = _settings(adapter, typed)
        secret = any(
            without_ends(typed.get(field.name, "")) for field in adapter.credential_fields if field.secret
        )
        return secret or settings != integration.settings

    async def test(self, actor: Actor, integration_id: uuid.UUID) -> TestReport:
        """Sign in to the accounting system and tell what happened, within ten seconds.

        Never raises for what the far side does; a passed test lets a stopped integration go on. One that leaves
        something to choose does not pass, and lists what there is. One that reaches another entity than the
        integration has exported to does not pass, and stops it.
        """
        actor.require(Permission.CONFIGURE)
        async with counted(self._database, self._clock, actor.organisation_id, integration_id) as meter:
            async with self._database.read(actor.organisation_id) as unit:
                integration = await unit.integrations.get(integration_id)
                credentials = await self.open(unit, integration, meter)
            turn = self._adapters.turns.taken(actor.organisation_id)
            report = await attempt(self._adapters.get(integration.kind), credentials, self._clock, turn=turn)
        return await self._note(actor, integration_id, integration.version, report)

    async def _read(self, unit: Unit, integration: Integration, typed: Mapping[str, str]) -> _Typed:
        """Return what is to be stored, and leave the present address where there is another. Raises InvalidInput, Conflict."""
        adapter = self._adapters.get(integration.kind)
        stored = {row.field for row in await unit.integrations.credentials(integration.id)}
        settings, wrong = _settings(adapter, typed)
        if wrong:
            refuse(adapter, wrong | _secrets(adapter, typed, settings, stored)[1])
        origin = adapter.target_origin(settings)
        moved = origin != integration.target_origin
        if moved:
            await leave_address(unit, integration)
            stored = set()
        secrets, wrong = _secrets(adapter, typed, settings, stored)
        refuse(adapter, wrong)
        return _Typed(settings, secrets, origin, moved=moved)

    async def open(self, unit: Unit, integration: Integration, meter: RequestMeter) -> Credentials:
        """Return what the adapter signs in with, its requests counted by `meter`. Raises VaultError."""
        return Credentials(dict(integration.settings), await self._secrets.open(unit, integration), meter)

    async def _note(
        self, actor: Actor, integration_id: uuid.UUID, version: int, found: TestReport
    ) -> TestReport:
        """Record what a test of the settings at `version` found, and return what it means."""
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # Two integrations tested at the same moment must see each other, and this one may be being paused or stopped.
            await unit.organisations.take_turns()
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            entity = (found.entity, found.entity_id)
            refusal = await refusal_of(unit, integration, *entity) if found.passed else None
            report = found if refusal is None else failed(refusal, found.seconds, found.found)
            renewed = report.passed and not is_entity_of(integration, *entity)
            values = noted(integration, report, refusal, now)
            if not await unit.integrations.note_at(integration_id, version, **values):
                report = failed(
                    msg("The settings were changed while the test ran. Test the connection again."),
                    found.seconds,
                )
            elif renewed:
                await unit.mappings.replace_reference(integration_id, {})
            await unit.audit.add(
                now, actor.name, "connection.test", str(integration_id), passed=report.passed
            )
        return report


def _form_field(
    field: CredentialField, integration: Integration, stored: Mapping[str, Credential]
) -> FormField:
    row = stored.get(field.name)
    value = "" if field.secret else str(integration.settings.get(field.name, field.default))
    secret = StoredSecret(row.stored_at, row.stored_by, row.ending) if row else None
    is_entity = bool(value) and value == integration.tested_entity_id
    return FormField(field, value, secret, Option(value, integration.tested_entity) if is_entity else None)


def _columns(integration: Integration, new: _Typed) -> dict[str, object]:
    """Return what storing `new` changes about an integration."""
    # What was told of the secrets before does not hold for new ones.
    undated = expiry_columns(None, "") if new.secrets or new.moved else {}
    return {
        "settings": dict(new.settings),
        "target_origin": new.origin,
        "tested_at": None,
        "step": _later_step(integration.step, "credentials"),
        **undated,
        **stopped_if_new(integration, new.settings, new.secrets),
    }


def _settings(
    adapter: AccountingAdapter, typed: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Message]]:
    """Return the plain settings that were typed, and what is wrong with them by field."""
    settings: dict[str, str] = {}
    wrong: dict[str, Message] = {}
    for field in adapter.credential_fields:
        if field.secret or not applies(field, settings):
            continue
        value = without_ends(typed.get(field.name, "")) or field.default
        settings[field.name] = value
        sentence = problem(field, value)
        if sentence is not None:
            wrong[field.name] = sentence
    return settings, wrong


def _secrets(
    adapter: AccountingAdapter, typed: Mapping[str, str], settings: Mapping[str, str], stored: set[str]
) -> tuple[dict[str, Secret], dict[str, Message]]:
    """Return the secrets that were typed, and what is wrong by field where one is missing or too long."""
    secrets: dict[str, Secret] = {}
    wrong: dict[str, Message] = {}
    for field in adapter.credential_fields:
        if not field.secret or not applies(field, settings):
            continue
        value = without_ends(typed.get(field.name, ""))
        if value or field.name not in stored:
            sentence = problem(field, value)
            if sentence is not None:
                wrong[field.name] = sentence
        if value:
            secrets[field.name] = Secret(value)
    return secrets, wrong


STEPS = ("credentials", "mapping", "schedule", "review")


def _later_step(step: str, done: str) -> str:
    """Return the wizard step to go on with: the one after `done`, or a later one reached before."""
    after = STEPS[min(STEPS.index(done) + 1, len(STEPS) - 1)]
    return max(step, after, key=STEPS.index)
