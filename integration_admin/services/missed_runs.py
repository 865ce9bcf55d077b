"""Judges whether a planned export did not begin although it was due: the look of one process at the work of another.

It only reads what the scheduler has written down, so it can be asked wherever the database can be reached.
"""

import uuid
from datetime import datetime, timedelta

from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import RunState, Trigger
from integration_admin.data.models import Run, Schedule
from integration_admin.data.repositories.unit import SystemUnit
from integration_admin.services.slots import first_slot
from integration_admin.services.timetable import timetable_of

GRACE = timedelta(minutes=10)
"""How late an export may begin before it counts as not having happened."""
SETTLE_SECONDS = 90.0
"""How long it must look so, without a break: a machine that has just woken up gets its chance to catch up."""


class MissedRuns:
    """Finds due times nothing came of. Remembers in this process since when each has looked so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_so: dict[uuid.UUID, float] = {}

    async def find(self, system: SystemUnit, now: datetime) -> dict[uuid.UUID, Message]:
        """Return what to say of each integration whose planned export should have begun and has not."""
        until = now - GRACE
        schedules = await system.enabled_schedules()
        queued = await system.notices.queued_since_before(until)
        suspected = {
            schedule.integration_id: said
            for schedule in schedules
            if (said := _suspicion(schedule, until, is_queued=schedule.integration_id in queued)) is not None
        }
        seen_at = self._clock.monotonic()
        self._looked_so = {one: self._looked_so.get(one, seen_at) for one in suspected}
        return {
            one: said for one, said in suspected.items() if seen_at - self._looked_so[one] >= SETTLE_SECONDS
        }


def not_begun(schedule: Schedule | None, active: Run | None, now: datetime) -> Message | None:
    """Return what the notice says of one integration, for whoever looks at it: its planned export has not begun.

    `active` is its run that has not ended. Somebody who looks only now knows no more than the times.
    """
    if schedule is None or not schedule.enabled:
        return None
    until = now - GRACE - timedelta(seconds=SETTLE_SECONDS)
    is_queued = (
        active is not None
        and active.state is RunState.QUEUED
        and active.trigger in {Trigger.SCHEDULE, Trigger.CATCH_UP}
        and active.requested_at < until
    )
    return _suspicion(schedule, until, is_queued=is_queued)


def _suspicion(schedule: Schedule, until: datetime, *, is_queued: bool) -> Message | None:
    """Return what to say where a time was due and not looked at, or its run has been queued ever since."""
    timetable = timetable_of(schedule)
    zone = timetable.zone
    if zone is None:
        return None
    first = first_slot(timetable, schedule.checked_until)
    due = first if first is not None and first.due_at <= until else None
    if due is None and not is_queued:
        return None
    at = (due.due_at if due else schedule.checked_until).astimezone(zone)
    return msg(
        "The export planned for {day} at {time} has not begun. Check that the program that exports is running.",
        day=at.date(),
        time=at.strftime("%H:%M"),
    )
