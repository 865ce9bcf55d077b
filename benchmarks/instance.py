"""An installation in a folder of its own, set up by the services a user's clicks call."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.claims import MAPPING
from integration_admin.adapters.base import AccountingAdapter
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.bootstrap import Application, assemble
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.secret import Secret
from integration_admin.core.settings import PREFIX, Settings, load_settings
from integration_admin.core.statuses import ScheduleKind
from integration_admin.data import migrations
from integration_admin.services.timetable import Timetable

ORGANISATION = "Eksempelforbundet"
ANY_PACE = Pace(requests=1, seconds=0.0)
"""Lets a request through whenever the one before has ended."""
LOOPBACK = ("127.0.0.1/32",)
_Kind = AccountingAdapter | type[XledgerAdapter]


@asynccontextmanager
async def opened(
    folder: Path, adapter: AccountingAdapter | None = None, *, database_url: str = ""
) -> AsyncIterator[Application]:
    """Assemble the product on the installation in `folder`; Xledger's pace is widened unless an adapter is given."""
    clock = SystemClock()
    client = OutboundClient(allow=LOOPBACK)
    adapter = adapter or XledgerAdapter(client, clock, ANY_PACE)
    application = assemble(_settings(folder, database_url), clock=clock, adapters={adapter.kind: adapter})
    try:
        yield application
    finally:
        await application.close()
        await client.close()


async def set_up(
    folder: Path,
    typed: dict[str, str],
    records: Iterable[dict[str, Any]],
    *,
    adapter: AccountingAdapter | None = None,
    database_url: str = "",
    mapping: Mapping[str, FieldMapping] = MAPPING,
) -> None:
    """Make an installation with one active integration, `typed` into its form, and the given records, all unsent."""
    async with opened(folder, adapter, database_url=database_url) as application:
        await set_up_organisation(application)
        actor = await application.services.organisations.actor_of(ORGANISATION)
        await _connect(application, actor, adapter or XledgerAdapter, typed, mapping)
        await application.services.records.receive(actor, records)


async def set_up_rest(
    folder: Path, typed: dict[str, str], records: Iterable[dict[str, Any]], *, database_url: str = ""
) -> None:
    """Do the same with the adapter for REST systems."""
    async with OutboundClient(allow=LOOPBACK) as client:
        adapter = GenericRESTAdapter(client, SystemClock())
        await set_up(folder, typed, records, adapter=adapter, database_url=database_url)


async def set_up_organisation(application: Application) -> None:
    """Make the database, the vault's key and an organisation."""
    migrations.upgrade(application.settings.database)
    await application.keys.init_key("bench")
    await application.keys.run()
    await application.services.organisations.create_administrator(
        ORGANISATION,
        "974761076",
        "kari@example.org",
        Secret(uuid.uuid4().hex),
        "Kari Nordmann",
        features=("xledger", "dynamics_bc", "generic_rest"),
    )


async def _connect(
    application: Application,
    actor: Actor,
    adapter: _Kind,
    typed: dict[str, str],
    mapping: Mapping[str, FieldMapping],
) -> None:
    services = application.services
    integration_id = await services.configuration.begin(actor, adapter.kind)
    version = await services.credentials.store(actor, integration_id, 1, typed)
    await services.credentials.test(actor, integration_id)
    await services.mappings.refresh(actor, integration_id)
    known = {field.name for field in adapter.target_fields}
    fitting = {name: field for name, field in mapping.items() if name in known}
    saved = await services.mappings.save(actor, integration_id, version, fitting, accept_warnings=True)
    nightly = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
    version = await services.schedules.save(actor, integration_id, saved.version, nightly)
    await services.configuration.save(actor, integration_id, version, "Regnskap")


def _settings(folder: Path, database_url: str) -> Settings:
    given = {PREFIX + "INSTANCE_DIR": str(folder), PREFIX + "OUTBOUND_ALLOW": ",".join(LOOPBACK)}
    if database_url:
        given[PREFIX + "DATABASE_URL"] = database_url
    return load_settings(given)
