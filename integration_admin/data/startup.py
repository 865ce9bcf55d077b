"""What is checked before anything is sealed or sent: that the keyring is the one this database knows."""

from pathlib import Path

from integration_admin.core.clock import Clock
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.models import VaultKey
from integration_admin.data.vault import RegisteredKey, StartReport, Vault, check_start


class KeyCheck:
    """Loads the vault once, after the start-up rules have passed."""

    def __init__(self, database: Database, key_dir: Path, clock: Clock) -> None:
        self._database = database
        self._key_dir = key_dir
        self._clock = clock
        self._vault: Vault | None = None

    async def run(self) -> StartReport:
        """Check the keyring against the database and load the vault. Raises VaultError."""
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
        """Make the first key and register it; refuses where there is one. Raises VaultError."""
        create_key(self._key_dir, key_id)
        keyring = Keyring.load(self._key_dir)
        async with self._database.system(writes=True) as system:
            await system.add_vault_key(
                VaultKey(
                    key_id=key_id,
                    check_value=keyring.kcv(key_id),
                    state="active",
                    created_at=self._clock.now(),
                )
            )

    def vault(self) -> Vault:
        """Return the vault; raises RuntimeError before `run`."""
        if self._vault is None:
            detail = "The keys have not been checked yet."
            raise RuntimeError(detail)
        return self._vault
