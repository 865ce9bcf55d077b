"""An accounting system that remembers with which secret it was signed in to, and what is stored here meanwhile."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from faults.looking import looking
from integration_admin.adapters.base import Connection, Credentials, Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AuthenticationFailed
from integration_admin.core.messages import msg
from integration_admin.data.columns import Base
from integration_admin.data.database import Database
from integration_admin.services.configuration import IntegrationView
from integration_admin.services.connection_report import TestReport
from tests import canary
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

OLD, NEW = canary.secret("token"), canary.secret("new-token")


class SecretWatcher(FakeAdapter):
    """Notes the token of every sign-in and every batch, and takes only the tokens it is told to take."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.taken = {OLD, NEW}
        self.tested_with: list[str] = []
        self.sent_with: list[str] = []
        self.connect = self._sign_in

    def _sign_in(self, credentials: Credentials) -> Connection:
        self.tested_with.append(credentials.secrets["token"].reveal())
        self._check(credentials)
        return Connection("Fake AS", entity_id="7")

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        self.sent_with.append(credentials.secrets["token"].reveal())
        self._check(credentials)
        return await super().send(credentials, batch)

    def _check(self, credentials: Credentials) -> None:
        if credentials.secrets["token"].reveal() not in self.taken:
            raise AuthenticationFailed(msg("The token is not known."))


@pytest.fixture
def watcher() -> SecretWatcher:
    return SecretWatcher()


@pytest.fixture
async def watched(
    engine: Engine,
    watcher: SecretWatcher,
    new_engine: Callable[[Database, FakeAdapter, Actor], Engine],
) -> Engine:
    """An engine whose accounting system remembers what it was signed in to with."""
    return new_engine(engine.database, watcher, engine.actor)


async def view_of(engine: Engine, integration: uuid.UUID) -> IntegrationView:
    return await engine.configuration.get(engine.actor, integration)


async def rotate(engine: Engine, integration: uuid.UUID, token: str = NEW, **more: Any) -> TestReport:
    version = (await view_of(engine, integration)).version
    return await engine.rotation.rotate(engine.actor, integration, version, {"token": token}, **more)


async def stored(engine: Engine, integration: uuid.UUID) -> str:
    """Return the token the next run would open."""
    async with engine.database.read(engine.actor.organisation_id) as unit:
        row = await unit.integrations.get(integration)
        opened = await engine.credentials.open(unit, row, Credentials({}).meter)
    return opened.secrets["token"].reveal()


async def audit(engine: Engine) -> list[tuple[str, dict[str, Any]]]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return [(event.action, event.detail) for event in await unit.audit.latest()]


async def everything_in(database: Database) -> str:
    """Return all that any table holds, as one text."""
    async with looking(database) as connection:
        rows = [await connection.execute(table.select()) for table in Base.metadata.sorted_tables]
        return repr([list(result) for result in rows])
