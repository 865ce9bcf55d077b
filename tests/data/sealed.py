"""A database with a key and sealed secrets, for tests of what happens to keys and envelopes."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyDirectory
from integration_admin.data.key_rotation import KeyRotation
from integration_admin.data.models import Integration
from integration_admin.data.models_notices import NoticeSettings
from integration_admin.data.secrets import SecretStore
from integration_admin.data.startup import KeyCheck
from tests import canary
from tests.builders import save_integration, save_organisation
from tests.fakes import START, FakeClock

SIGNING_KEY = canary.secret("signing-key")
FIRST, SECOND = canary.secret("first"), canary.secret("second")


@dataclass
class Sealed:
    """What tests ask for: the parts, and one integration with a secret."""

    database: Database
    provider: KeyDirectory
    keys: KeyCheck
    rotation: KeyRotation
    store: SecretStore
    clock: FakeClock
    integration: Integration

    @property
    def organisation_id(self) -> uuid.UUID:
        return self.integration.organisation_id

    async def put(self, value: str, field: str = "token") -> None:
        async with self.database.write(self.organisation_id) as unit:
            await self.store.put(unit, self.integration, field, Secret(value), "Alice", START)

    async def opened(self, store: SecretStore | None = None) -> dict[str, str]:
        """Return what is stored of the integration, opened by a process's store."""
        async with self.database.read(self.organisation_id) as unit:
            opened = await (store or self.store).open(unit, self.integration)
        return {name: secret.reveal() for name, secret in opened.items()}

    async def envelope(self) -> str:
        async with self.database.read(self.organisation_id) as unit:
            (row,) = await unit.integrations.credentials(self.integration.id)
        return row.envelope

    async def another_process(self) -> SecretStore:
        """Return the store of a process that starts now."""
        keys = KeyCheck(self.database, self.provider, self.clock)
        await keys.run()
        return SecretStore(keys.vault)

    async def told(self) -> list[tuple[str, str, dict]]:
        async with self.database.read(self.organisation_id) as unit:
            return [(event.action, event.target, event.detail) for event in await unit.audit.latest()]


async def sealed_in(database: Database, folder: Path, clock: FakeClock) -> Sealed:
    """Make a key, an integration with the secret FIRST, and a webhook with a signing key."""
    provider = KeyDirectory(folder / "keys")
    keys = KeyCheck(database, provider, clock)
    await keys.init_key("key-1")
    await keys.run()
    store = SecretStore(keys.vault)
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    rotation = KeyRotation(database, provider, clock, "command line")
    made = Sealed(database, provider, keys, rotation, store, clock, integration)
    await made.put(FIRST)
    settings = NoticeSettings(id=uuid.uuid4(), organisation_id=organisation.id, kinds=[], envelope="")
    async with database.write(organisation.id) as unit:
        settings.envelope = await store.seal_signing_key(unit, settings, Secret(SIGNING_KEY))
        await unit.notices.add_settings(settings)
    return made
