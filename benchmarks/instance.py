"""An installation in a folder of its own, set up by the services a user's clicks call."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.claims import MAPPING
from integration_admin.adapters.outbound import HTTPClient, OutboundClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.bootstrap import Application, assemble
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock
from integration_admin.core.secret import Secret
from integration_admin.core.settings import PREFIX, Settings, load_settings
from integration_admin.data import migrations

ORGANISATION = "Eksempelforbundet"
ANY_PACE = Pace(requests=1, seconds=0.0)
"""Lets a request through whenever the one before has ended."""
LOOPBACK = ("127.0.0.1/32",)


@asynccontextmanager
async def opened(
    folder: Path, adapter: XledgerAdapter | None = None, http: HTTPClient | None = None
) -> AsyncIterator[Application]:
    """Assemble the product on the installation in `folder`, with Xledger's pace widened."""
    clock = SystemClock()
    client = OutboundClient(allow=LOOPBACK)
    adapter = adapter or XledgerAdapter(http or client, clock, ANY_PACE)
    application = assemble(_settings(folder), clock=clock, adapters={adapter.kind: adapter})
    try:
        yield application
    finally:
        await application.close()
        await client.close()


async def set_up(folder: Path, endpoint: str, token: str, records: Iterable[dict[str, Any]]) -> None:
    """Make an installation with one active Xledger integration and the given records, all unsent."""
    async with opened(folder) as application:
        await set_up_organisation(application)
        actor = await application.services.organisations.actor_of(ORGANISATION)
        await _connect(application, actor, {"environment": "custom", "endpoint": endpoint, "token": token})
        await application.services.records.receive(actor, records)


async def set_up_organisation(application: Application) -> None:
    """Make the database, the vault's key and an organisation."""
    migrations.upgrade(application.settings.database)
    await application.keys.init_key("bench")
    await application.keys.run()
    await application.services.organisations.create_administrator(
        ORGANISATION, "974761076", "kari@example.org", Secret(uuid.uuid4().hex), "Kari Nordmann"
    )


async def _connect(application: Application, actor: Actor, typed: dict[str, str]) -> None:
    services = application.services
    integration_id = await services.configuration.begin(actor, "xledger")
    version = await services.credentials.store(actor, integration_id, 1, typed)
    await services.credentials.test(actor, integration_id)
    await services.mappings.refresh(actor, integration_id)
    saved = await services.mappings.save(actor, integration_id, version, MAPPING, accept_warnings=True)
    version = await services.schedules.save(
        actor, integration_id, saved.version, "daily", "02:00", "Europe/Oslo"
    )
    await services.configuration.save(actor, integration_id, version, "Xledger")


def _settings(folder: Path) -> Settings:
    return load_settings(
        {PREFIX + "INSTANCE_DIR": str(folder), PREFIX + "OUTBOUND_ALLOW": ",".join(LOOPBACK)}
    )
