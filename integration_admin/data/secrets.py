"""Where the secrets of integrations, webhooks and authenticator apps go in and come out, each sealed for exactly one row."""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime

from integration_admin.core.secret import Secret
from integration_admin.data.columns import Owned
from integration_admin.data.models import Credential, Integration
from integration_admin.data.models_factors import AuthenticatorApp
from integration_admin.data.models_notices import NoticeSettings
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.sealed_columns import sealed_column
from integration_admin.data.vault import Vault

_SHOW_ENDING_FROM = 16


class SecretStore:
    """Seals and opens stored secrets; the vault is loaded on first use, never at import."""

    def __init__(self, vault: Callable[[], Vault]) -> None:
        self._vault = vault

    async def seal(
        self, unit: Unit, row: Owned, secret: Secret, integration: Integration | None = None
    ) -> str:
        """Return the envelope of a secret of `row`, whose ids are set, for its column in sealed_columns.py.

        It is sealed with the key that is the active one now, also where that was changed while this process
        runs. Raises VaultError.
        """
        key = await unit.sealing.active_key()
        if key is not None:
            self._vault().activate(key.key_id, key.check_value)
        return self._vault().seal(secret, sealed_column(type(row)).binding(row, integration))

    def open_row(self, row: Owned, integration: Integration | None = None) -> Secret:
        """Return the secret of a row. Raises VaultError."""
        column = sealed_column(type(row))
        return self._vault().open(getattr(row, column.column), column.binding(row, integration))

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
        row.envelope = await self.seal(unit, row, secret, integration)
        await unit.integrations.put_credential(row)

    async def open(
        self, unit: Unit, integration: Integration, *, leave_out: Collection[str] = ()
    ) -> dict[str, Secret]:
        """Return the secrets by field name, but for those to be left out. Raises VaultError."""
        rows = await unit.integrations.credentials(integration.id)
        return {row.field: self.open_row(row, integration) for row in rows if row.field not in leave_out}

    async def seal_signing_key(self, unit: Unit, settings: NoticeSettings, key: Secret) -> str:
        """Return the envelope of a webhook's signing key. Raises VaultError."""
        return await self.seal(unit, settings, key)

    def open_signing_key(self, settings: NoticeSettings) -> Secret:
        """Return the signing key of an organisation's webhook. Raises VaultError."""
        return self.open_row(settings)

    async def seal_app_key(self, unit: Unit, app: AuthenticatorApp, key: Secret) -> str:
        """Return the envelope of an authenticator app's key. Raises VaultError."""
        return await self.seal(unit, app, key)

    def open_app_key(self, app: AuthenticatorApp) -> Secret:
        """Return the key of a member's authenticator app. Raises VaultError."""
        return self.open_row(app)


def _ending(secret: Secret) -> str:
    """Return the last four characters of a secret so long that they give nothing away."""
    value = secret.reveal()
    return value[-4:] if len(value) >= _SHOW_ENDING_FROM else ""
