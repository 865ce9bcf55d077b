"""The schedule of an integration: setting it, reading it, saying when it runs next, and what was missed."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission, ScheduleKind, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import Integration, Run, Schedule
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.credentials import STEPS
from integration_admin.services.runs import Runs
from integration_admin.services.slots import Slot, next_slots
from integration_admin.services.timetable import Timetable, checked, timetable_of
from integration_admin.services.views import RunView

_ANSWERED: Final = msg("This has been answered already.")


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule as it stands; `next_slots` is empty for a manual or switched-off one.

    It is also empty while `zone_known` is false: this machine does not know the time zone any more, so
    nothing runs by itself until somebody chooses another. `missed_since` is set while a person is asked
    whether to make up for exports that were missed from then on.
    """

    timetable: Timetable
    enabled: bool
    next_slots: tuple[Slot, ...]
    saved: bool
    version: int
    zone_known: bool = True
    missed_since: datetime | None = None


class Schedules:
    """Reads and sets when integrations run by themselves."""

    def __init__(self, database: Database, runs: Runs, clock: Clock) -> None:
        self._database = database
        self._runs = runs
        self._clock = clock

    async def get(self, actor: Actor, integration_id: uuid.UUID, count: int = 5) -> ScheduleView:
        """Return the schedule with its next `count` runs, or the proposed one (daily at 02:00) where none is saved."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            saved = await unit.schedules.get(integration_id)
            if saved is None:
                zone = (await unit.organisations.get()).time_zone
                proposed = Timetable(ScheduleKind.DAILY, "02:00", zone)
                return self._proposal(proposed, integration.version, count)
            slots = await slots_to_come(unit, saved, self._clock.now(), count)
            missed_since = open_question(saved, integration, await unit.runs.active(integration_id))
        timetable = timetable_of(saved)
        return ScheduleView(
            timetable,
            saved.enabled,
            tuple(slots),
            saved=True,
            version=integration.version,
            zone_known=timetable.zone is not None,
            missed_since=missed_since,
        )

    def preview(self, timetable: Timetable, count: int = 5) -> list[Slot]:
        """Return the next runs a schedule would have; raises InvalidInput."""
        return next_slots(checked(timetable), self._clock.now(), count)

    async def save(self, actor: Actor, integration_id: uuid.UUID, version: int, timetable: Timetable) -> int:
        """Set the schedule and return the integration's new version.

        Slots before now are never fired by a change. Raises InvalidInput, Conflict.
        """
        actor.require(Permission.CONFIGURE)
        timetable = checked(timetable)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            step = max(integration.step, "review", key=STEPS.index)
            new_version = await unit.integrations.change(integration_id, version, now, step=step)
            stored = await unit.schedules.get(integration_id)
            old = asdict(timetable_of(stored)) if stored else {}
            await _store(unit, integration_id, timetable, now)
            new = asdict(timetable)
            await unit.audit.add(now, actor.name, "schedule.save", str(integration_id), old=old, new=new)
        return new_version

    async def answer_missed(self, actor: Actor, integration_id: uuid.UUID, *, export: bool) -> RunView | None:
        """Make up for missed exports with one run, or leave their records to the next planned one.

        Raises Conflict when nobody is being asked any more, or when the integration may not run; then the
        question stays.
        """
        actor.require(Permission.RUN)
        async with self._database.read(actor.organisation_id) as unit:
            schedule = await unit.schedules.get(integration_id)
            integration = await unit.integrations.get(integration_id)
            active = await unit.runs.active(integration_id)
            if schedule is None or open_question(schedule, integration, active) is None:
                raise Conflict(_ANSWERED)
        run = None
        if export:
            run = await self._runs.start(actor, integration_id, trigger=Trigger.CATCH_UP)
        async with self._database.write(actor.organisation_id) as unit:
            if not await unit.schedules.close_question(schedule.id) and run is None:
                raise Conflict(_ANSWERED)
            await unit.audit.add(
                self._clock.now(), actor.name, "schedule.answer", str(integration_id), export=export
            )
        return run

    def _proposal(self, timetable: Timetable, version: int, count: int) -> ScheduleView:
        slots = next_slots(timetable, self._clock.now(), count)
        return ScheduleView(
            timetable,
            enabled=True,
            next_slots=tuple(slots),
            saved=False,
            version=version,
            zone_known=timetable.zone is not None,
        )


async def slots_to_come(unit: Unit, schedule: Schedule, now: datetime, count: int) -> list[Slot]:
    """Return the next `count` runs of a schedule; a date that has had its run has no second one."""
    timetable = timetable_of(schedule)
    if not schedule.enabled or timetable.zone is None:
        return []
    today = now.astimezone(timetable.zone).date()
    done = await unit.schedules.dates_done(schedule.id, today.isoformat())
    return next_slots(timetable, now, count, done)


def open_question(schedule: Schedule, integration: Integration, active: Run | None) -> datetime | None:
    """Return since when exports were missed, unless something was exported since or `active` is about to."""
    since, exported_at = schedule.missed_since, integration.last_success_at
    if since is None or (exported_at is not None and exported_at > since):
        return None
    return None if active is not None and active.requested_at > since else since


async def _store(unit: Unit, integration_id: uuid.UUID, timetable: Timetable, now: datetime) -> None:
    """Write the schedule, keeping the row (and so its used slots) where there is one."""
    schedule = await unit.schedules.get(integration_id)
    if schedule is None:
        schedule = Schedule(integration_id=integration_id)
    schedule.kind, schedule.at, schedule.time_zone = timetable.kind, timetable.at, timetable.time_zone
    schedule.day, schedule.cron_line = timetable.day, timetable.cron_line
    # The new times count from now on: what the old ones missed, or the new ones would have had, is past.
    schedule.checked_until = now
    await unit.schedules.put(schedule)
