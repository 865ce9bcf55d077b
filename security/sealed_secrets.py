"""An installation with many sealed secrets: how they get there, how they are edited, and what all of them open to."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import VaultError
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState
from integration_admin.data import migrations
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyDirectory
from integration_admin.data.models import Credential, Integration, Organisation
from integration_admin.data.sealed_columns import sealed_column
from integration_admin.data.secrets import SecretStore
from integration_admin.data.startup import KeyCheck
from integration_admin.data.vault import Vault

FIELDS = ("api_key", "client_secret", "password", "token")
FIRST_KEY = "key-1"
_INTEGRATIONS_EACH = 25


@dataclass
class Place:
    """An installation, on SQLite unless told; `expected` is what each secret is, by organisation, integration and field."""

    folder: Path
    address: str = ""
    expected: dict[tuple[uuid.UUID, uuid.UUID, str], str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The database's address."""
        return self.address or f"sqlite:///{self.folder / 'integration_admin.sqlite3'}"

    @property
    def keys(self) -> KeyDirectory:
        """Where its keys are."""
        return KeyDirectory(self.folder / "keys")


async def filled(folder: Path, secrets: int, address: str = "") -> Place:
    """Make an installation with a key and `secrets` sealed secrets; a hundred of them to an organisation."""
    place = Place(folder, address)
    migrations.upgrade(place.url)
    database = Database(place.url)
    check = KeyCheck(database, place.keys, SystemClock())
    await check.init_key(FIRST_KEY)
    await check.run()
    await database.close()
    with migrations.schema_connection(place.url) as connection:
        for _ in range(secrets // (_INTEGRATIONS_EACH * len(FIELDS))):
            _fill_organisation(place, connection, check.vault())
    return place


async def edit(
    place: Place, database: Database, store: SecretStore, which: tuple[uuid.UUID, uuid.UUID, str]
) -> None:
    """Store another secret in the place of one, as a person does."""
    organisation_id, integration_id, name = which
    value = uuid.uuid4().hex
    async with database.write(organisation_id) as unit:
        integration = await unit.integrations.get(integration_id)
        await store.put(unit, integration, name, Secret(value), "Kari", SystemClock().now())
    place.expected[which] = value


async def wrong(place: Place, database: Database, store: SecretStore) -> tuple[int, int]:
    """Open every secret; return how many cannot be opened, and how many open to something else than they should."""
    unreadable, others, found = 0, 0, 0
    for organisation_id in {key[0] for key in place.expected}:
        async with database.read(organisation_id) as unit:
            for integration in await unit.integrations.everything():
                for row in await unit.integrations.credentials(integration.id):
                    found += 1
                    try:
                        value = store.open_row(row, integration).reveal()
                    except VaultError:
                        unreadable += 1
                        continue
                    others += value != place.expected[organisation_id, integration.id, row.field]
    return unreadable, others + len(place.expected) - found


def _fill_organisation(place: Place, connection: Connection, vault: Vault) -> None:
    now = SystemClock().now()
    organisation = {"id": uuid.uuid4(), "name": uuid.uuid4().hex, "features": [], "created_at": now}
    connection.execute(insert(Organisation), [organisation])
    integrations = [
        Integration(
            id=uuid.uuid4(),
            organisation_id=organisation["id"],
            kind="generic_rest",
            name=f"Accounting {number}",
            state=IntegrationState.ACTIVE,
            settings={},
            target_origin="https://books.example.org",
            created_at=now,
            updated_at=now,
        )
        for number in range(_INTEGRATIONS_EACH)
    ]
    connection.execute(insert(Integration), [_values(row) for row in integrations])
    connection.execute(insert(Credential), [_values(row) for row in _sealed(place, integrations, vault)])


def _sealed(place: Place, integrations: list[Integration], vault: Vault) -> Iterator[Credential]:
    for integration in integrations:
        for name in FIELDS:
            row = Credential(
                id=uuid.uuid4(),
                organisation_id=integration.organisation_id,
                integration_id=integration.id,
                field=name,
                stored_by="Kari",
                stored_at=integration.created_at,
            )
            value = uuid.uuid4().hex
            row.envelope = vault.seal(Secret(value), sealed_column(Credential).binding(row, integration))
            place.expected[integration.organisation_id, integration.id, name] = value
            yield row


def _values(row: Any) -> dict[str, Any]:
    """Return what was set of a row."""
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}
