"""An active integration whose accounting system tells what it holds, and the services that compare the two."""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import NoticeKind, Role
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.reconciliation import Reconciliations
from integration_admin.services.reconciliation_night import ReconciliationNights
from integration_admin.services.reconciliation_report import ReconciliationView
from integration_admin.services.reconciliation_work import ReconciliationWork
from tests.builders import save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.tells_holdings import TellsHoldings


class Office(NamedTuple):
    """An active integration whose accounting system tells what it holds."""

    engine: Engine
    far: TellsHoldings
    integration: uuid.UUID
    service: Reconciliations
    nights: ReconciliationNights

    @property
    def actor(self) -> Actor:
        return self.engine.actor

    async def exported(self, count: int, first: int = 1, **changes: Any) -> None:
        await self.engine.receive(count, first, **changes)
        assert (await self.engine.sync(self.integration)).delivered == count
        self.engine.clock.advance(1)

    async def compare(self, period: str = "") -> ReconciliationView:
        started = await self.service.start(self.actor, self.integration, period)
        return await self.service.finished(self.actor, started.id)

    async def file(self, view: ReconciliationView) -> bytes:
        return b"".join([piece async for piece in await self.service.csv(self.actor, view.id)])

    async def newest(self, period: str = "2026-11") -> ReconciliationView:
        return (await self.service.of_period(self.actor, self.integration, period))[0]

    async def told(self) -> list[str]:
        async with self.engine.database.read(self.actor.organisation_id) as unit:
            log = await unit.notices.log(20)
        kinds = [notice for notice, _ in log if notice.kind is NoticeKind.RECONCILIATION]
        return [notice.sentence["template"] for notice in reversed(kinds)]


NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


@pytest.fixture
def far() -> TellsHoldings:
    return TellsHoldings()


@pytest.fixture
async def office(sqlite_database: Database, new_engine: NewEngine, far: TellsHoldings) -> Office:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    engine = new_engine(sqlite_database, far, Actor(organisation.id, "Alice", Role.ADMINISTRATOR))
    adapters = AdapterRegistry({"xledger": far})
    work = ReconciliationWork(sqlite_database, adapters, engine.credentials, engine.clock)
    return Office(
        engine,
        far,
        await engine.set_up(),
        Reconciliations(sqlite_database, work, engine.clock),
        ReconciliationNights(sqlite_database, work, engine.clock),
    )
