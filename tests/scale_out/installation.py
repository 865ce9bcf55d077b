"""One organisation with an active integration on a database that several processes share."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

from integration_admin import demo
from integration_admin.bootstrap import Application, assemble
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.settings import PREFIX, load_settings
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app, demo_tokens
from integration_admin.services.views import RunView
from tests.scale_out.processes import Process, started
from tests.trust import TLS

COMMAND = ("-m", "integration_admin.cli")
EXPORTER = str(Path(__file__).with_name("exporter.py"))


class Xledger:
    """A simulated Xledger that takes as long over everything as a test wants."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.newest_waits = 0.0
        """How many seconds the newest request is made to wait."""
        self.url = ""
        self.token = demo_tokens(1)["full"]
        self._app: ASGIApp = create_app(limits=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, late."""
        if not scope["path"].startswith("/_sandbox"):
            self.newest_waits = self.seconds
            await asyncio.sleep(self.seconds)
        await self._app(scope, receive, send)

    async def references(self) -> list[str]:
        """Return the reference of everything it has booked."""
        async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
            booked: list[dict[str, Any]] = (await client.get(f"{self.url}/_sandbox/ledger")).json()
        return [voucher["reference"] for voucher in booked]


@asynccontextmanager
async def running_xledger() -> AsyncIterator[Xledger]:
    """Serve a fresh Xledger on a port of its own."""
    xledger = Xledger()
    async with running(xledger) as xledger.url:
        yield xledger


@dataclass
class Installation:
    """The product on one database: its services in the test's process, its workers in their own."""

    application: Application
    environment: Mapping[str, str]
    folder: Path
    actor: Actor
    integration_id: uuid.UUID

    @asynccontextmanager
    async def worker(self, name: str, *words: str) -> AsyncIterator[Process]:
        """Start one more process that exports, wait until it is ready, and stop it at the end."""
        sqlite = self.application.database.is_sqlite
        command = (EXPORTER,) if sqlite else (*COMMAND, "worker", *words)
        async with started(self.environment, self.folder / f"{name}.log", *command) as process:
            await process.says("worker_ready")
            yield process

    async def receive(self, count: int, first: int = 2001) -> None:
        """Take in claims that can all be exported."""
        await self.application.services.records.receive(self.actor, demo.claims(count, first=first))

    async def start(self) -> RunView:
        """Start a run as a person does."""
        return await self.application.services.runs.start(self.actor, self.integration_id)

    async def run(self, run: RunView) -> RunView:
        """Return how a run fares."""
        return await self.application.services.runs.get(self.actor, run.id)

    async def end_of(self, run: RunView, seconds: float = 180.0) -> RunView:
        """Wait until a run has ended and return how it went; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while (now := await self.run(run)).finished_at is None:  # noqa: ASYNC110, another process ends it
                await asyncio.sleep(0.05)
        return now


@asynccontextmanager
async def installed(database_url: str, folder: Path, xledger: Xledger) -> AsyncIterator[Installation]:
    """Set an integration up by the services a person's clicks call; its first export has been done."""
    environment = {
        PREFIX + "DATABASE_URL": database_url,
        PREFIX + "INSTANCE_DIR": str(folder),
        PREFIX + "OUTBOUND_ALLOW": "127.0.0.1/32",
    }
    application = assemble(load_settings(environment))
    try:
        await demo.load(application, f"{xledger.url}/graphql", Secret(xledger.token))
        actor = await application.services.organisations.actor_of(demo.ORGANISATION)
        (integration,) = await application.services.configuration.everything(actor)
        yield Installation(application, environment, folder, actor, integration.id)
    finally:
        await application.close()
