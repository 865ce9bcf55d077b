"""Where the secrets of integrations and webhooks go in and come out: sealed for exactly one row, opened only for an adapter."""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime

from integration_admin.core.secret import Secret
from integration_admin.data.models import Credential, Integration
from integration_admin.data.models_notices import NoticeSettings
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.vault import Binding, Vault

_SHOW_ENDING_FROM = 16


class SecretStore:
    """Seals and opens the secrets of integrations; the vault is loaded on first use, never at import."""

    def __init__(self, vault: Callable[[], Vault]) -> None:
        self._vault = vault

    async def put(
        self, unit: Unit, integration: Integration, field: str, secret: Secret, by: str, at: datetime
    ) -> None:
        """Seal `secret` in place of an earlier one for the same field.

        Raises VaultError, and then nothing is stored.
        """
        row = Credential(
            id=uuid.uuid4(),
            integration_id=integration.id,
            field=field,
            ending=_ending(secret),
            stored_by=by,
            stored_at=at,
        )
        row.organisation_id = unit.organisation_id
        row.envelope = self._vault().seal(secret, _binding(row, integration))
        await unit.integrations.put_credential(row)

    async def open(
        self, unit: Unit, integration: Integration, *, leave_out: Collection[str] = ()
    ) -> dict[str, Secret]:
        """Return the secrets by field name, but for those to be left out. Raises VaultError."""
        rows = await unit.integrations.credentials(integration.id)
        return {
            row.field: self._vault().open(row.envelope, _binding(row, integration))
            for row in rows
            if row.field not in leave_out
        }

    def seal_signing_key(self, settings: NoticeSettings, key: Secret) -> str:
        """Return the envelope of a webhook's signing key. Raises VaultError."""
        return self._vault().seal(key, _signing_key_binding(settings))

    def open_signing_key(self, settings: NoticeSettings) -> Secret:
        """Return the signing key of an organisation's webhook. Raises VaultError."""
        return self._vault().open(settings.envelope, _signing_key_binding(settings))


def _signing_key_binding(settings: NoticeSettings) -> Binding:
    """Bind to the row alone: a signing key is sent nowhere, so no address is part of it."""
    return Binding(
        table="notice_settings",
        column="envelope",
        organisation_id=str(settings.organisation_id),
        record_id=str(settings.id),
        connector_type="webhook",
        target_origin="",
    )


def _binding(row: Credential, integration: Integration) -> Binding:
    return Binding(
        table="credentials",
        column=f"envelope/{row.field}",
        organisation_id=str(row.organisation_id),
        record_id=str(row.id),
        connector_type=integration.kind,
        target_origin=integration.target_origin,
    )


def _ending(secret: Secret) -> str:
    """Return the last four characters of a secret so long that they give nothing away."""
    value = secret.reveal()
    return value[-4:] if len(value) >= _SHOW_ENDING_FROM else ""
