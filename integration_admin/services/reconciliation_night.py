"""Which months are compared without being asked for, and the job that goes on with all comparisons."""

import asyncio
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from integration_admin.core.actor import SCHEDULER
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, DatabaseBusy, DatabaseUnreachable
from integration_admin.core.statuses import IntegrationState, ReconciliationState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.models_reconciliations import Reconciliation
from integration_admin.data.repositories.reconciliations import Span
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.reconciliation_periods import (
    before,
    days_begin,
    night_of,
    period_of,
    span_of,
)
from integration_admin.services.reconciliation_work import ReconciliationWork

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 4
"""How many comparisons one process goes on with at the same time."""


class ReconciliationNights:
    """Begins what is due each night, and goes on with whatever is not finished; any number of these may tick."""

    def __init__(self, database: Database, work: ReconciliationWork, clock: Clock) -> None:
        self._database = database
        self._work = work
        self._clock = clock
        self._done: dict[uuid.UUID, datetime] = {}
        """Organisation -> the night whose comparisons are all made, so that the database is not asked all day."""

    async def tick(self) -> None:
        """Begin what is due and go on with what is not finished; what fails for one keeps no other waiting."""
        now = self._clock.now()
        async with self._database.system() as system:
            zones = {one.id: ZoneInfo(one.time_zone) for one in await system.organisations()}
        for organisation_id, zone in zones.items():
            night = night_of(now, zone)
            if night is not None and self._done.get(organisation_id) != night:
                await self._begin_all(organisation_id, night, now, zone)
        async with self._database.system() as system:
            open_ones = await system.reconciliations.unheld(now)
        turns = asyncio.Semaphore(AT_ONCE)

        async def go_on(organisation_id: uuid.UUID, reconciliation_id: uuid.UUID) -> None:
            async with turns:
                await self._work.go_on(organisation_id, reconciliation_id)

        await asyncio.gather(*(go_on(row.organisation_id, row.id) for row in open_ones))

    async def _begin_all(
        self, organisation_id: uuid.UUID, night: datetime, now: datetime, zone: ZoneInfo
    ) -> None:
        async with self._database.read(organisation_id) as unit:
            integrations = await unit.integrations.everything()
        left = 0
        for integration in integrations:
            if integration.state is IntegrationState.ACTIVE:
                try:
                    left += await self._begin(integration, night, now, zone)
                except (DatabaseBusy, DatabaseUnreachable) as error:
                    left += 1
                    _log.warning(
                        "reconciliation_put_off", integration=str(integration.id), reason=error.internal
                    )
                except Exception as error:  # noqa: BLE001, the others' turn must come
                    target = str(integration.id)
                    _log.exception("reconciliation_not_begun", integration=target, error=type(error).__name__)
        if not left:
            self._done[organisation_id] = night

    async def _begin(self, integration: Integration, night: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Begin the next month that is due; tell whether there may be another, once this one is made."""
        async with self._database.read(integration.organisation_id) as unit:
            due = await _due(unit, integration.id, night, now, zone)
        if not due:
            return False
        try:
            async with self._database.write(integration.organisation_id) as unit:
                await unit.reconciliations.add(integration.id, due[0], SCHEDULER, now)
        except Conflict:
            _log.debug("reconciliation_under_way", integration=str(integration.id))
        return True


async def _due(
    unit: Unit, integration_id: uuid.UUID, night: datetime, now: datetime, zone: ZoneInfo
) -> list[str]:
    """Return the months to compare: the one yesterday was in, and the one before until it agrees or is signed.

    Only months in which something was delivered before today are; none that was compared since the night began.
    One that has agreed is compared again where something of it was found to be delivered since.
    """
    today = days_begin(now, zone)
    yesterday = period_of(today - timedelta(hours=1), zone)
    rows = await unit.reconciliations.of(integration_id)
    found = []
    for period in (yesterday, before(yesterday)):
        made = [row for row in rows if row.period == period]
        month = span_of(period, zone)
        if any(row.requested_at >= night or row.signed_at is not None for row in made):
            continue
        span = Span(month.since, min(month.until, today))
        if await unit.reconciliations.any_delivered(integration_id, span, _agreed_at(made, month)):
            found.append(period)
    return found


def _agreed_at(made: Iterable[Reconciliation], month: Span) -> datetime | None:
    """Return as of when a month has agreed that was over by then, if it has."""
    begun = (row.begun_at for row in made if row.state is ReconciliationState.AGREES)
    return max((at for at in begun if at is not None and at >= month.until), default=None)
