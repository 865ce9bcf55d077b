"""Makes scheduled runs happen: which slots are due, who wins them, and what was missed.

The times themselves are computed in services/slots.py; something else calls `tick`.
"""

import uuid
from collections.abc import Awaitable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from integration_admin.core.actor import system_actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import IntegrationState, Trigger
from integration_admin.data.database import Database
from integration_admin.data.locks import Locks
from integration_admin.data.models import Run, Schedule
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.run_queue import QueuedRun, RunQueue
from integration_admin.services.runs import Runs
from integration_admin.services.slots import ONCE_A_DAY, Slot, due_slots

_log = structlog.get_logger(__name__)

SCHEDULER = "scheduler"
_ON_TIME_SECONDS = 120


class SyncScheduler:
    """Turns due slots, ended waits and dead runs into queued runs; any number of these may tick."""

    def __init__(self, database: Database, runs: Runs, queue: RunQueue, locks: Locks, clock: Clock) -> None:
        self._database = database
        self._runs = runs
        self._queue = queue
        self._locks = locks
        self._clock = clock

    async def tick(self) -> None:
        """Do all that is due now; safe to call at any time, from any number of processes.

        What fails for one integration is logged and keeps nobody else waiting.
        """
        now = self._clock.now()
        async with self._database.system() as system:
            schedules = await system.enabled_schedules()
            waiting = await system.integrations_with_due_deliveries(now)
            unfinished = await system.unfinished_runs()
        for schedule in schedules:
            await _apart(schedule.integration_id, self._fire(schedule, now))
        for integration in waiting:
            started = self._start(integration.organisation_id, integration.id, Trigger.RETRY)
            await _apart(integration.id, started)
        for run in unfinished:
            await _apart(run.integration_id, self._resume(run))

    async def _fire(self, schedule: Schedule, now: datetime) -> None:
        """Use up every slot since the last look; one run covers them all, for records carry the work."""
        if not _due(schedule, now):
            return
        async with self._database.write(schedule.organisation_id) as unit:
            await unit.runs.take_turns(schedule.integration_id)
            # Somebody may have moved the time, or fired it, since the tick read it.
            current = await unit.schedules.get(schedule.integration_id)
            due = _due(current, now) if current and current.enabled else []
            won = [slot for slot in due if await _win(unit, schedule, slot)]
            await unit.schedules.checked(schedule.id, now)
            run = await self._run_for(unit, schedule, won, now) if won else None
        if run is not None:
            await self._queue.put(QueuedRun(schedule.organisation_id, run.id))

    async def _run_for(self, unit: Unit, schedule: Schedule, won: list[Slot], now: datetime) -> Run | None:
        """Queue the run of the newest slot won; paused, stopped and busy integrations get none."""
        newest = won[-1]
        integration = await unit.integrations.get(schedule.integration_id)
        if integration.state is not IntegrationState.ACTIVE:
            return None
        if await unit.runs.active(integration.id) is not None:
            _log.info("slot_skipped_busy", integration=str(integration.id), slot=newest.local_time)
            return None
        late = (now - newest.due_at).total_seconds() > _ON_TIME_SECONDS
        trigger = Trigger.CATCH_UP if late or len(won) > 1 else Trigger.SCHEDULE
        actor = system_actor(schedule.organisation_id, SCHEDULER)
        run = await self._runs.enqueue(unit, actor, integration.id, trigger, None)
        await unit.schedules.attach_run(schedule.id, newest.local_time, run.id)
        return run

    async def _start(self, organisation_id: uuid.UUID, integration_id: uuid.UUID, trigger: Trigger) -> None:
        try:
            await self._runs.start(system_actor(organisation_id, SCHEDULER), integration_id, trigger=trigger)
        except Conflict:
            _log.debug("busy", integration=str(integration_id))

    async def _resume(self, run: Run) -> None:
        """Queue a run again whose process died: the free lock tells, not a timer."""
        if await self._locks.is_free(run.integration_id):
            await self._queue.put(QueuedRun(run.organisation_id, run.id))


async def _apart(integration_id: uuid.UUID, work: Awaitable[None]) -> None:
    """Do one item's work so that its failure stops no other's."""
    try:
        await work
    except Exception as error:  # noqa: BLE001, whatever is wrong with one, the others' turn must come
        _log.exception("tick_item_failed", integration=str(integration_id), error=type(error).__name__)


def _due(schedule: Schedule, now: datetime) -> list[Slot]:
    """Return the slots since the last look; raises ZoneInfoNotFoundError for a zone that is gone."""
    zone = ZoneInfo(schedule.time_zone)
    return due_slots(schedule.kind, schedule.at, zone, schedule.checked_until, now)


async def _win(unit: Unit, schedule: Schedule, slot: Slot) -> bool:
    """Take a slot; a date that has had its run gets no second one when somebody moves the time."""
    if schedule.kind in ONCE_A_DAY and await unit.schedules.has_slot_on(schedule.id, slot.local_date):
        return False
    return await unit.schedules.win_slot(schedule.id, slot.local_time, slot.due_at)
