"""What is checked before anything is sealed or sent: the schema, the database's role, and that the keyring is the one it was sealed with."""

import asyncio

import structlog

from integration_admin.core.clock import Clock
from integration_admin.core.errors import ConfigurationError, Conflict
from integration_admin.core.messages import msg
from integration_admin.data import migrations, row_security
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyProvider
from integration_admin.data.key_rules import RegisteredKey, StartReport, check_start
from integration_admin.data.models_access import VaultKey
from integration_admin.data.vault import MAX_SEALS_A_LINE, USAGE_ALARM, Vault

_log = structlog.get_logger(__name__)


async def check_schema(url: str) -> None:
    """Raise ConfigurationError unless the database at `url` has the newest schema."""
    if not await asyncio.to_thread(migrations.is_current, url):
        raise migrations.behind(url)


async def check_role(database: Database) -> str:
    """Return the PostgreSQL role the program connects as; raise ConfigurationError where it could see past row-level security.

    SQLite knows neither roles nor row-level security; there the name is empty.
    """
    if database.is_sqlite:
        return ""
    async with database.engine.connect() as connection:
        powers = await row_security.powers(connection)
    if powers.bypasses:
        raise ConfigurationError(
            msg(
                "The PostgreSQL role {role} may see past row-level security. Let DATABASE_URL name a role without"
                " SUPERUSER and BYPASSRLS, as docs/operations.md says.",
                role=powers.role,
            )
        )
    if powers.open:
        raise ConfigurationError(
            msg(
                "Row-level security is switched off for {tables}. Switch it on again, as docs/operations.md says.",
                tables=", ".join(powers.open),
            )
        )
    return powers.role


class KeyCheck:
    """Loads the vault once, after the start-up rules have passed."""

    def __init__(self, database: Database, provider: KeyProvider, clock: Clock) -> None:
        self._database = database
        self.provider = provider
        self._clock = clock
        self._vault: Vault | None = None

    async def run(self) -> StartReport:
        """Check the keyring against the database and load the vault. Raises VaultError, ConfigurationError."""
        keyring = self.provider.load()
        async with self._database.system() as system:
            registered = [
                RegisteredKey(row.key_id, row.check_value, row.state) for row in await system.vault_keys()
            ]
            sealed = await system.sealed_by_key()
            lines = await system.sealing.lines_ever()
        report = check_start(keyring, registered, sealed)
        if lines * MAX_SEALS_A_LINE >= USAGE_ALARM:
            _log.warning("keys.worn", key=report.active_key_id, command="integration-admin keys")
        self._vault = Vault(keyring, report.active_key_id, reload=self.provider.load)
        return report

    async def init_key(self, key_id: str) -> None:
        """Make the first key and register it; a key file an earlier try left behind is registered as it is.

        Raises Conflict where this database knows a key already, VaultError or ConfigurationError
        where the file cannot be made or read.
        """
        await self._refuse_second_key()
        if not self.provider.load().ids:
            self.provider.create(key_id)
        keyring = self.provider.load()
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
