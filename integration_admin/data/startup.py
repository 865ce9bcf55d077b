"""What is checked before anything is sealed or sent: the schema, and that the keyring is the one it was sealed with."""

import asyncio
from pathlib import Path

from integration_admin.core.clock import Clock
from integration_admin.core.errors import ConfigurationError, Conflict
from integration_admin.core.messages import msg
from integration_admin.data import migrations
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.models_access import VaultKey
from integration_admin.data.vault import RegisteredKey, StartReport, Vault, check_start


async def check_schema(url: str) -> None:
    """Raise ConfigurationError unless the database at `url` has the newest schema."""
    if not await asyncio.to_thread(migrations.is_current, url):
        raise ConfigurationError(
            msg("The database does not have this release's schema. Run: integration-admin migrate")
        )


class KeyCheck:
    """Loads the vault once, after the start-up rules have passed."""

    def __init__(self, database: Database, key_dir: Path, clock: Clock) -> None:
        self._database = database
        self._key_dir = key_dir
        self._clock = clock
        self._vault: Vault | None = None

    async def run(self) -> StartReport:
        """Check the keyring against the database and load the vault. Raises VaultError, ConfigurationError."""
        keyring = Keyring.load(self._key_dir)
        async with self._database.system() as system:
            registered = [
                RegisteredKey(row.key_id, row.check_value, row.state) for row in await system.vault_keys()
            ]
            sealed = await system.sealed_by_key()
        report = check_start(keyring, registered, sealed)
        self._vault = Vault(keyring, report.active_key_id)
        return report

    async def init_key(self, key_id: str) -> None:
        """Make the first key and register it; a key file an earlier try left behind is registered as it is.

        Raises Conflict where this database knows a key already, VaultError or ConfigurationError
        where the file cannot be made or read.
        """
        await self._refuse_second_key()
        if not Keyring.load(self._key_dir).ids:
            create_key(self._key_dir, key_id)
        keyring = Keyring.load(self._key_dir)
        first = keyring.ids[0]
        async with self._database.system(writes=True) as system:
            await system.add_vault_key(
                VaultKey(
                    key_id=first,
                    check_value=keyring.kcv(first),
                    state="active",
                    created_at=self._clock.now(),
                )
            )

    async def _refuse_second_key(self) -> None:
        async with self._database.system() as system:
            if await system.vault_keys() or await system.sealed_by_key():
                raise Conflict(
                    msg("This database is sealed with a key already. Put that key file back in its folder.")
                )

    def vault(self) -> Vault:
        """Return the vault; raises RuntimeError before `run`."""
        if self._vault is None:
            detail = "The keys have not been checked yet."
            raise RuntimeError(detail)
        return self._vault
