"""The figures whoever runs the installation watches, read from the database: every process tells the same.

How they are written for Prometheus is in api/metrics.py. Nothing here names an organisation or a person.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from integration_admin.core.clock import Clock
from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import DeliveryState, IntegrationState, RunState
from integration_admin.data.database import Database
from integration_admin.data.locks import Locks
from integration_admin.data.models import Integration, Run
from integration_admin.data.repositories.figures import RunSums
from integration_admin.data.repositories.unit import SystemUnit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.heartbeat import TICK
from integration_admin.services.request_counts import requests_this_month

PRODUCT = "integration-admin"


@dataclass(frozen=True, slots=True)
class Figures:
    """How the installation is at one moment; ages and lags are seconds, None where there is nothing to measure."""

    version: str
    database: str
    ended: tuple[RunSums, ...]
    under_way: Mapping[RunState, int]
    queue_age: float
    held_locks: tuple[uuid.UUID, ...]
    tick_lag: float | None
    states: Mapping[IntegrationState, int]
    waiting: Mapping[tuple[uuid.UUID, DeliveryState], int]
    last_success: Mapping[uuid.UUID, datetime]
    requests_left: Mapping[uuid.UUID, int]
    pending_notices: int


class InstallationMetrics:
    """Reads the figures of the whole installation."""

    def __init__(self, database: Database, locks: Locks, adapters: AdapterRegistry, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._adapters = adapters
        self._clock = clock

    async def read(self) -> Figures:
        """Return how everything is now."""
        now = self._clock.now()
        async with self._database.system() as system:
            integrations = await system.figures.integrations()
            saved = [row for row in integrations if row.state is not IntegrationState.DRAFT]
            unfinished = await system.unfinished_runs()
            last_tick = await system.last_beat(TICK)
            return Figures(
                version=version(PRODUCT),
                database="sqlite" if self._database.is_sqlite else "postgresql",
                ended=tuple(await system.figures.ended_runs()),
                under_way=_counted(unfinished),
                queue_age=_age(unfinished, now),
                held_locks=await self._held(unfinished),
                tick_lag=max(0.0, (now - last_tick).total_seconds()) if last_tick else None,
                states={state: sum(row.state is state for row in integrations) for state in IntegrationState},
                waiting=await _waiting(system, saved),
                last_success=await system.figures.last_success(),
                requests_left=await self._requests_left(system, saved, now),
                pending_notices=await system.figures.pending_notices(),
            )

    async def _held(self, unfinished: list[Run]) -> tuple[uuid.UUID, ...]:
        """Return whose lock somebody holds, among those with a run that has not ended: nobody else needs one."""
        ids = {run.integration_id for run in unfinished}
        return tuple([one for one in sorted(ids) if not await self._locks.is_free(one)])

    async def _requests_left(
        self, system: SystemUnit, integrations: list[Integration], now: datetime
    ) -> dict[uuid.UUID, int]:
        """Return how many requests each vendor's agreement leaves this month, where it counts them."""
        zones = {row.id: ZoneInfo(row.time_zone) for row in await system.organisations()}
        left = {}
        for row in integrations:
            known = requests_this_month(row, self._included(row), now, zones[row.organisation_id])
            if known is not None:
                left[row.id] = known.included - known.sent
        return left

    def _included(self, row: Integration) -> int | None:
        """Return how many requests a month are included; a type that is not known any more counts none."""
        try:
            return self._adapters.get(row.kind).capabilities_of(row.settings).requests_a_month
        except IntegrationAdminError:
            return None


async def _waiting(
    system: SystemUnit, integrations: list[Integration]
) -> dict[tuple[uuid.UUID, DeliveryState], int]:
    return {
        (row.id, state): count
        for row in integrations
        for state, count in (await system.figures.open_deliveries(row.id)).items()
    }


def _counted(unfinished: list[Run]) -> dict[RunState, int]:
    return {
        state: sum(run.state is state for run in unfinished) for state in (RunState.QUEUED, RunState.RUNNING)
    }


def _age(unfinished: list[Run], now: datetime) -> float:
    """Return how long the run that has waited longest has been in the queue; zero where none waits."""
    waited = [(now - run.requested_at).total_seconds() for run in unfinished if run.state is RunState.QUEUED]
    return max([0.0, *waited])
