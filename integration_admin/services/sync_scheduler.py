"""Makes scheduled runs happen: which slots are due, who wins them, and what was missed.

The times themselves are computed in services/slots.py; something else calls `tick`.
"""

import random
import uuid
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from integration_admin.core.actor import SCHEDULER, system_actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import IntegrationState, RunState, Trigger
from integration_admin.data.database import Database
from integration_admin.data.locks import Locks
from integration_admin.data.models import Integration, Run, Schedule
from integration_admin.data.repositories.runs import UNDER_WAY
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.run_queue import QueuedRun, RunQueue
from integration_admin.services.catch_up import ASK_AFTER, announcement, missed_of
from integration_admin.services.recurring_failures import log_failure
from integration_admin.services.runs import Runs
from integration_admin.services.slots import Slot, due_slots, is_due
from integration_admin.services.timetable import timetable_of

_log = structlog.get_logger(__name__)

_GROUP = 50
_QUEUED_BY = timedelta(seconds=10)
_SKEW = timedelta(minutes=5)
"""How far ahead of the clock a schedule may have been looked at before the clock is taken to have been wrong."""


class TimeSource(Protocol):
    """A clock that has to be put right from time to time."""

    async def sync(self) -> None:
        """Put the clock right."""
        ...


class SyncScheduler:
    """Turns due slots, ended waits and dead runs into queued runs; any number of these may tick.

    `time_source` is put right before each tick decides what is due. `chooser` makes several schedulers
    begin at different schedules.
    """

    def __init__(
        self,
        database: Database,
        runs: Runs,
        queue: RunQueue,
        locks: Locks,
        clock: Clock,
        *,
        time_source: TimeSource | None = None,
        chooser: random.Random | None = None,
    ) -> None:
        self._database = database
        self._runs = runs
        self._queue = queue
        self._locks = locks
        self._clock = clock
        self._time_source = time_source
        self._chooser = chooser or random.SystemRandom()
        self._reported: set[tuple[uuid.UUID, str]] = set()

    async def tick(self) -> None:
        """Do all that is due now; safe to call at any time, from any number of processes.

        What fails for one integration is logged and keeps nobody else waiting.
        """
        if self._time_source is not None:
            await self._time_source.sync()
        now = self._clock.now()
        async with self._database.system() as system:
            schedules = await system.enabled_schedules()
            unfinished = await system.unfinished_runs()
        await self._fire_due(schedules, now)
        async with self._database.system() as system:
            # Only now, because a person may just have been asked whether anything shall go out.
            waiting = await system.integrations_with_due_deliveries(now)
        for integration in waiting:
            started = self._start(integration.organisation_id, integration.id, Trigger.RETRY)
            await _apart(integration.id, started)
        for run in unfinished:
            # Whoever made a run queues it at once; only a dead one leaves that to others.
            if run.state is RunState.RUNNING or run.requested_at <= now - _QUEUED_BY:
                await _apart(run.integration_id, self._resume(run))

    async def _fire_due(self, schedules: Sequence[Schedule], now: datetime) -> None:
        """Fire what is due, in an order of this scheduler's own, leaving out what others have fired since."""
        due = [schedule for schedule in schedules if self._is_due(schedule, now)]
        self._chooser.shuffle(due)
        for start in range(0, len(due), _GROUP):
            group = due[start : start + _GROUP]
            async with self._database.system() as system:
                checked = await system.schedules_checked([schedule.id for schedule in group])
            for schedule in group:
                if checked.get(schedule.id) == schedule.checked_until:
                    await _apart(schedule.integration_id, self._fire(schedule, now))

    def _is_due(self, schedule: Schedule, now: datetime) -> bool:
        """Tell whether there is anything to do; a schedule that cannot be computed is reported once."""
        try:
            timetable = timetable_of(schedule)
            if timetable.zone is not None:
                ahead = schedule.checked_until > now + _SKEW
                return ahead or is_due(timetable, schedule.checked_until, now)
            self._report(schedule, "schedule_zone_unknown")
        except Exception:  # noqa: BLE001, one broken schedule must not keep the others waiting
            self._report(schedule, "schedule_broken")
        return False

    def _report(self, schedule: Schedule, trouble: str) -> None:
        if (schedule.id, trouble) not in self._reported:
            self._reported.add((schedule.id, trouble))
            _log.error(trouble, integration=str(schedule.integration_id), zone=schedule.time_zone)

    async def _fire(self, schedule: Schedule, now: datetime) -> None:
        """Use up every slot since the last look; one run covers them all, for records carry the work."""
        async with self._database.write(schedule.organisation_id) as unit:
            integration = await unit.schedules.take_turn(schedule.integration_id)
            # Another scheduler is at it, or somebody else, and then the next tick is soon; or it has been
            # fired or changed since the tick read it.
            if integration is None or not await unit.schedules.checked(
                schedule.id, schedule.checked_until, now
            ):
                return
            run = await self._use_up(unit, integration, schedule, now)
        if run is not None:
            await self._queue.put(QueuedRun(schedule.organisation_id, run.id))

    async def _use_up(
        self, unit: Unit, integration: Integration, schedule: Schedule, now: datetime
    ) -> Run | None:
        if schedule.checked_until > now + _SKEW:
            # The clock was ahead when it was looked at. Used slots stay used: nothing runs twice.
            _log.warning("clock_went_back", integration=str(integration.id))
            return None
        due = await _still_open(unit, schedule, now)
        if not due:
            return None
        newest = due[-1]
        is_active = integration.state is IntegrationState.ACTIVE
        is_old = now - newest.due_at > ASK_AFTER
        run = await self._run_for(unit, integration, schedule, due, now) if is_active and not is_old else None
        if is_active and is_old:
            await _ask(unit, schedule, due, now)
        run_id = run.id if run is not None else None
        if not await unit.schedules.win_slot(schedule.id, newest.local_time, newest.due_at, run_id):
            # Whoever uses a slot holds the integration's turn, so this cannot be; nothing of it is kept.
            raise Conflict(UNDER_WAY)
        return run

    async def _run_for(
        self, unit: Unit, integration: Integration, schedule: Schedule, due: Sequence[Slot], now: datetime
    ) -> Run | None:
        """Write the run that covers the due slots, unless one is under way."""
        target, newest = str(integration.id), due[-1].local_time
        missed = missed_of(due, now)
        trigger = Trigger.CATCH_UP if missed else Trigger.SCHEDULE
        actor = system_actor(schedule.organisation_id, SCHEDULER)
        try:
            run = await self._runs.enqueue(unit, actor, integration.id, trigger, None, locked=integration)
        except Conflict:
            _log.info("slot_skipped_busy", integration=target, slot=newest)
            await unit.audit.add(now, SCHEDULER, "schedule.skip", target, slot=newest)
            return None
        if schedule.missed_since is not None:
            # This run sends what the question was about.
            await unit.schedules.close_question(schedule.id)
        if missed:
            await unit.runs.progress(run.id, message=announcement(missed).to_json())
            since = missed[0].local_time
            await unit.audit.add(now, SCHEDULER, "schedule.catch_up", target, count=len(missed), since=since)
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
        log_failure(_log, "tick_item_failed", error, integration=str(integration_id))


async def _still_open(unit: Unit, schedule: Schedule, now: datetime) -> list[Slot]:
    """Return the slots since the last look that nobody has used.

    Of timetables that run once a day, dates that have had their run are left out too: moving the time gives
    no second one.
    """
    timetable = timetable_of(schedule)
    due = due_slots(timetable, schedule.checked_until, now)
    if not due:
        return []
    used = await unit.schedules.used_slots(schedule.id, due[0].local_date)
    done = (
        {name[:10] for name, run_id in used.items() if run_id is not None} if timetable.once_a_day else set()
    )
    return [slot for slot in due if slot.local_time not in used and slot.local_date not in done]


async def _ask(unit: Unit, schedule: Schedule, missed: Sequence[Slot], now: datetime) -> None:
    """Leave it to a person whether to make up for exports that were missed long ago."""
    await unit.schedules.ask(schedule.id, missed[0].due_at)
    target = str(schedule.integration_id)
    since = missed[0].local_time
    await unit.audit.add(now, SCHEDULER, "schedule.ask", target, count=len(missed), since=since)
