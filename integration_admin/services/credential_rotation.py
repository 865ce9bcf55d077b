"""Replacing and removing the secrets of an integration that is in use.

New secrets are tested before they are stored, so an export never meets one that does not work. The form with
the settings, and the first storing, are in credentials.py.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from integration_admin.adapters.base import AccountingAdapter, Credentials
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState, Permission
from integration_admin.core.typed_text import without_ends
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.integrations import CHANGED_MEANWHILE
from integration_admin.data.secrets import SecretStore
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.connection_attempt import attempt
from integration_admin.services.connection_report import TestReport, failed, noted
from integration_admin.services.credential_fields import applies, problem, refuse
from integration_admin.services.ledger_rules import is_entity_of, refusal_of
from integration_admin.services.request_counts import counted
from integration_admin.services.secret_expiry import check_expiry, expiry_columns, local_day
from integration_admin.services.stop_reasons import removed_by


@dataclass(frozen=True, slots=True)
class _Replacement:
    """What is to be stored once it has been tested; it is nowhere else than in memory."""

    integration_id: uuid.UUID
    version: int
    secrets: Mapping[str, Secret]
    expires_on: date | None


class CredentialRotation:
    """Replaces secrets that are in use, and removes them."""

    def __init__(
        self, database: Database, adapters: AdapterRegistry, secrets: SecretStore, clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._secrets = secrets
        self._clock = clock

    async def rotate(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        version: int,
        typed: Mapping[str, str],
        expires_on: date | None = None,
    ) -> TestReport:
        """Sign in with newly typed secrets and, if that works, swap them for the stored ones in one commit.

        A secret that is left empty stays as it is. What a failed test was made with is forgotten, and the
        stored secrets stay. Settings and schedule are not touched, a run under way goes on with what it opened
        at its start, and an integration that was stopped goes on. `expires_on` is the last day the new secrets
        are good, where that is known. Raises InvalidInput, a sentence a field; Conflict when somebody else has
        changed the integration; VaultError. Then nothing has changed.
        """
        actor.require(Permission.CONFIGURE)
        async with counted(self._database, self._clock, actor.organisation_id, integration_id) as meter:
            async with self._database.read(actor.organisation_id) as unit:
                integration = await unit.integrations.get(integration_id)
                if integration.version != version:
                    # A secret typed for one address must not be tried at another.
                    raise Conflict(CHANGED_MEANWHILE)
                adapter = self._adapters.get(integration.kind)
                stored = {row.field for row in await unit.integrations.credentials(integration_id)}
                check_expiry(expires_on, await local_day(unit, self._clock.now()))
                secrets = _typed_secrets(adapter, typed, integration.settings, stored)
                kept = await self._secrets.open(unit, integration, leave_out=secrets)
            credentials = Credentials(dict(integration.settings), {**kept, **secrets}, meter)
            turn = self._adapters.turns.taken(actor.organisation_id)
            report = await attempt(adapter, credentials, self._clock, turn=turn)
        return await self._swap(actor, _Replacement(integration_id, version, secrets, expires_on), report)

    async def remove(self, actor: Actor, integration_id: uuid.UUID, version: int) -> int:
        """Remove every stored secret, stop the integration until it has new ones, and return the new version.

        One that a person has paused stays paused. Raises Conflict.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # Somebody may be pausing or resuming it at this moment.
            await unit.runs.take_turns(integration_id)
            integration = await unit.integrations.get(integration_id)
            stored = await unit.integrations.credentials(integration_id)
            if not stored:
                raise Conflict(msg("There are no stored secrets to remove."))
            new_version = await unit.integrations.change(
                integration_id,
                version,
                now,
                tested_at=None,
                **expiry_columns(None, ""),
                **_stopped(integration, actor.name),
            )
            await unit.integrations.remove_credentials(integration_id)
            fields = sorted(row.field for row in stored)
            await unit.audit.add(now, actor.name, "credentials.remove", str(integration_id), fields=fields)
        return new_version

    async def _swap(self, actor: Actor, new: _Replacement, found: TestReport) -> TestReport:
        """Store what a passed test was made with, and return what the test means for this integration."""
        now, target = self._clock.now(), str(new.integration_id)
        async with self._database.write(actor.organisation_id) as unit:
            # Two integrations tested at the same moment must see each other, and this one may be being paused or stopped.
            await unit.organisations.take_turns()
            await unit.runs.take_turns(new.integration_id)
            integration = await unit.integrations.get(new.integration_id)
            entity = (found.entity, found.entity_id)
            refusal = await refusal_of(unit, integration, *entity) if found.passed else None
            report = found if refusal is None else failed(refusal, found.seconds)
            if report.passed:
                same = is_entity_of(integration, *entity)
                values = noted(integration, report, None, now) | expiry_columns(new.expires_on, actor.name)
                await unit.integrations.change(new.integration_id, new.version, now, **values)
                for field, secret in new.secrets.items():
                    await self._secrets.put(unit, integration, field, secret, actor.name, now)
                if not same:
                    await unit.mappings.replace_reference(new.integration_id, {})
            await unit.audit.add(
                now,
                actor.name,
                "credentials.rotate",
                target,
                fields=sorted(new.secrets),
                passed=report.passed,
            )
        return report


def _typed_secrets(
    adapter: AccountingAdapter, typed: Mapping[str, str], settings: Mapping[str, str], stored: set[str]
) -> dict[str, Secret]:
    """Return the secrets that were typed. Raises InvalidInput for one that is wrong, and where there is none."""
    asked = [field for field in adapter.credential_fields if field.secret and applies(field, settings)]
    values = {field.name: without_ends(typed.get(field.name, "")) for field in asked}
    wrong: dict[str, Message] = {}
    for field in asked:
        if values[field.name] or field.name not in stored:
            sentence = problem(field, values[field.name])
            if sentence is not None:
                wrong[field.name] = sentence
    refuse(adapter, wrong)
    if asked and not any(values.values()):
        sentence = msg("Type the new secret here.")
        raise InvalidInput(sentence, fields={asked[0].name: sentence})
    return {name: Secret(value) for name, value in values.items() if value}


def _stopped(integration: Integration, person: str) -> dict[str, object]:
    """Return what stops an integration whose secrets are gone."""
    if integration.state not in {IntegrationState.ACTIVE, IntegrationState.STOPPED}:
        return {}
    return {"state": IntegrationState.STOPPED, "stop_message": removed_by(person).to_json()}
