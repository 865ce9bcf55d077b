"""The schedule of an integration: setting it, reading it, and saying when it runs next."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission, ScheduleKind
from integration_admin.data.database import Database
from integration_admin.data.models import Schedule
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.credentials import STEPS
from integration_admin.services.slots import Slot, next_slots, parse_time


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule as it stands; `next_slots` is empty for a manual or switched-off one."""

    kind: ScheduleKind
    at: str
    time_zone: str
    enabled: bool
    next_slots: tuple[Slot, ...]
    saved: bool
    version: int


class Schedules:
    """Reads and sets when integrations run by themselves."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, actor: Actor, integration_id: uuid.UUID) -> ScheduleView:
        """Return the schedule, or the proposed one (daily at 02:00) where none is saved."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            saved = await unit.schedules.get(integration_id)
            time_zone = (await unit.organisations.get()).time_zone
            done = await self._dates_done(unit, saved)
        schedule = saved or Schedule(kind=ScheduleKind.DAILY, at="02:00", time_zone=time_zone, enabled=True)
        return self._view(schedule, done, saved is not None, integration.version)

    def preview(self, kind: str, at: str, time_zone: str, count: int = 5) -> list[Slot]:
        """Return the next runs a schedule would have; raises InvalidInput."""
        zone = _check(kind, at, time_zone)
        return next_slots(ScheduleKind(kind), at, zone, self._clock.now(), count)

    async def save(
        self, actor: Actor, integration_id: uuid.UUID, version: int, kind: str, at: str, time_zone: str
    ) -> int:
        """Set the schedule and return the integration's new version.

        Slots before now are never fired by a change. Raises InvalidInput, Conflict.
        """
        actor.require(Permission.CONFIGURE)
        _check(kind, at, time_zone)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            step = max(integration.step, "review", key=STEPS.index)
            new_version = await unit.integrations.change(integration_id, version, now, step=step)
            await _store(unit, integration_id, ScheduleKind(kind), at, time_zone, now)
            await unit.audit.add(
                now,
                actor.name,
                "schedule.save",
                str(integration_id),
                kind=kind,
                local_time=at,
                zone=time_zone,
            )
        return new_version

    async def _dates_done(self, unit: Unit, schedule: Schedule | None) -> frozenset[str]:
        if schedule is None:
            return frozenset()
        today = self._clock.now().astimezone(ZoneInfo(schedule.time_zone)).date()
        return await unit.schedules.dates_done(schedule.id, today.isoformat())

    def _view(
        self,
        schedule: Schedule,
        done: frozenset[str],
        saved: bool,  # noqa: FBT001, drawn from a row
        version: int,
    ) -> ScheduleView:
        kind = schedule.kind
        zone = ZoneInfo(schedule.time_zone)
        slots = next_slots(kind, schedule.at, zone, self._clock.now(), 5, done) if schedule.enabled else []
        return ScheduleView(
            kind, schedule.at, schedule.time_zone, schedule.enabled, tuple(slots), saved, version
        )


async def _store(
    unit: Unit, integration_id: uuid.UUID, kind: ScheduleKind, at: str, time_zone: str, now: datetime
) -> None:
    """Write the schedule, keeping the row (and so its used slots) where there is one."""
    schedule = await unit.schedules.get(integration_id)
    if schedule is None:
        schedule = Schedule(integration_id=integration_id)
    schedule.kind, schedule.at, schedule.time_zone = kind, at, time_zone
    # The new times count from now on: what the old ones missed, or the new ones would have had, is past.
    schedule.checked_until = now
    await unit.schedules.put(schedule)


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of all time zones; finding them reads a whole folder tree."""
    return frozenset(available_timezones())


def _check(kind: str, at: str, time_zone: str) -> ZoneInfo:
    wrong: dict[str, Message] = {}
    if kind not in {known.value for known in ScheduleKind}:
        wrong["kind"] = msg("Choose one of the options.")
    if time_zone not in _time_zones():
        wrong["time_zone"] = msg("This time zone is not known. Write it as Europe/Oslo.")
    if wrong:
        raise InvalidInput(msg("Some fields need another look."), fields=wrong)
    parse_time(at)
    return ZoneInfo(time_zone)
