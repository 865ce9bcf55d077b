"""The credential form: what to ask for, storing what was typed, and the live connection test.

A stored secret never comes back out of here; only an adapter is handed it.
"""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integration_admin.adapters.base import (
    AccountingAdapter,
    Connection,
    CredentialField,
    Credentials,
    RequestMeter,
)
from integration_admin.adapters.descriptions import ReadsDescriptions
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Credential, Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.connection_report import TestReport, failed, noted, passed
from integration_admin.services.ledger_rules import is_entity_of, leave_address, refusal_of, stopped_if_new
from integration_admin.services.request_counts import counted

TEST_SECONDS = 10.0


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
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            adapter = self._adapters.get(integration.kind)
            stored = {row.field for row in await unit.integrations.credentials(integration_id)}
            settings, wrong = _settings(adapter, typed)
            if wrong:
                _refuse(adapter, wrong | _secrets(adapter, typed, settings, stored)[1])
            origin = adapter.target_origin(settings)
            if origin != integration.target_origin:
                await leave_address(unit, integration)
                stored = set()
            secrets, wrong = _secrets(adapter, typed, settings, stored)
            _refuse(adapter, wrong)
            new_version = await unit.integrations.change(
                integration_id,
                version,
                now,
                settings=settings,
                target_origin=origin,
                tested_at=None,
                step=_later_step(integration.step, "credentials"),
                **stopped_if_new(integration, settings, secrets),
            )
            integration.target_origin = origin
            for field, secret in secrets.items():
                await self._secrets.put(unit, integration, field, secret, actor.name, now)
            await unit.audit.add(
                now, actor.name, "credentials.store", str(integration_id), fields=sorted(secrets)
            )
        return new_version

    async def test(self, actor: Actor, integration_id: uuid.UUID) -> TestReport:
        """Sign in to the accounting system and tell what happened, within ten seconds.

        Never raises for what the far side does; a passed test lets a stopped integration go on. One
        that reaches another entity than the integration has exported to does not pass, and stops it.
        """
        actor.require(Permission.CONFIGURE)
        started = self._clock.monotonic()
        async with counted(self._database, self._clock, actor.organisation_id, integration_id) as meter:
            async with self._database.read(actor.organisation_id) as unit:
                integration = await unit.integrations.get(integration_id)
                credentials = await self.open(unit, integration, meter)
            try:
                connection = await self._connect(integration.kind, credentials)
            except AdapterError as error:
                report = failed(error.message, self._clock.monotonic() - started)
            else:
                report = passed(connection, self._clock.monotonic() - started)
        return await self._note(actor, integration_id, integration.version, report)

    async def open(self, unit: Unit, integration: Integration, meter: RequestMeter) -> Credentials:
        """Return what the adapter signs in with, its requests counted by `meter`. Raises VaultError."""
        return Credentials(dict(integration.settings), await self._secrets.open(unit, integration), meter)

    async def _connect(self, kind: str, credentials: Credentials) -> Connection:
        try:
            async with asyncio.timeout(TEST_SECONDS):
                return await self._adapters.get(kind).test_connection(credentials)
        except TimeoutError:
            raise AdapterError(
                msg("The accounting system did not answer within ten seconds. Try again in a few minutes."),
                Fault.UPSTREAM,
                code="deadline",
            ) from None

    async def _note(
        self, actor: Actor, integration_id: uuid.UUID, version: int, found: TestReport
    ) -> TestReport:
        """Record what a test of the settings at `version` found, and return what it means."""
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # Two integrations tested at the same moment must see each other.
            await unit.organisations.take_turns()
            integration = await unit.integrations.get(integration_id)
            entity = (found.entity, found.entity_id)
            refusal = await refusal_of(unit, integration, *entity) if found.passed else None
            report = found if refusal is None else failed(refusal, found.seconds)
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
    return FormField(field, value, secret)


def _applies(field: CredentialField, settings: Mapping[str, str]) -> bool:
    """Tell whether a field is asked for, given what was chosen in the others."""
    return field.only_when is None or settings.get(field.only_when[0]) == field.only_when[1]


def _settings(
    adapter: AccountingAdapter, typed: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Message]]:
    """Return the plain settings that were typed, and what is wrong with them by field."""
    settings: dict[str, str] = {}
    wrong: dict[str, Message] = {}
    for field in adapter.credential_fields:
        if field.secret or not _applies(field, settings):
            continue
        value = typed.get(field.name, "").strip() or field.default
        settings[field.name] = value
        problem = _problem(field, value)
        if problem is not None:
            wrong[field.name] = problem
    return settings, wrong


def _secrets(
    adapter: AccountingAdapter, typed: Mapping[str, str], settings: Mapping[str, str], stored: set[str]
) -> tuple[dict[str, Secret], dict[str, Message]]:
    """Return the secrets that were typed, and what is wrong by field where one is missing or too long."""
    secrets: dict[str, Secret] = {}
    wrong: dict[str, Message] = {}
    for field in adapter.credential_fields:
        if not field.secret or not _applies(field, settings):
            continue
        value = typed.get(field.name, "").strip()
        if value or field.name not in stored:
            problem = _problem(field, value)
            if problem is not None:
                wrong[field.name] = problem
        if value:
            secrets[field.name] = Secret(value)
    return secrets, wrong


def _refuse(adapter: AccountingAdapter, wrong: Mapping[str, Message]) -> None:
    """Raise InvalidInput with a sentence for each wrong field, in the order of the form."""
    if wrong:
        names = [field.name for field in adapter.credential_fields]
        fields = {name: wrong[name] for name in names if name in wrong}
        raise InvalidInput(msg("Some fields need another look."), fields=fields)


def _problem(field: CredentialField, value: str) -> Message | None:
    if field.required and not value:
        return msg("Fill in this field.")
    if len(value) > field.max_length:
        return msg("This is too long: at most {count} characters.", count=field.max_length)
    allowed = "\t\r\n" if field.multiline else ""
    if any(ord(character) < ord(" ") and character not in allowed for character in value):
        return msg("This has a line break or another character that does not belong here.")
    if field.choices and value not in {choice.value for choice in field.choices}:
        return msg("Choose one of the options.")
    return None


STEPS = ("credentials", "mapping", "schedule", "review")


def _later_step(step: str, done: str) -> str:
    """Return the wizard step to go on with: the one after `done`, or a later one reached before."""
    after = STEPS[min(STEPS.index(done) + 1, len(STEPS) - 1)]
    return max(step, after, key=STEPS.index)
