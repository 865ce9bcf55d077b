"""What tests of the command line share: how a command is run, for whom, and on what."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

from integration_admin.core.mapping import FieldMapping
from integration_admin.data.database import Database
from tests.builders import make_integration

Run = Callable[..., subprocess.CompletedProcess[str]]
ORGANISATION = ("--organisation", "Prøveforbundet")
MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel.public_transport": "7140"}),
    "text": FieldMapping(compose="{id} {line.description}"),
    "credit_account": FieldMapping(constant="2910"),
}


def connect(instance: Path) -> str:
    """Store an integration with a mapping, at an address where nobody listens; return its id."""
    integration = make_integration(kind="xledger", settings={"environment": "demo"})
    (file,) = instance.glob("*.sqlite3")

    async def store() -> None:
        database = Database(f"sqlite:///{file}")
        async with database.system() as system:
            organisation = await system.organisation_named(ORGANISATION[1])
        assert organisation is not None
        async with database.write(organisation.id) as unit:
            await unit.integrations.add(integration)
            await unit.mappings.replace(integration.id, MAPPING)
        await database.close()

    asyncio.run(store())
    return str(integration.id)
