"""When a schedule is due: local dates and times turned into instants. Pure; no clock, no database.

Clock changes follow Debian cron as `cronsim` implements it: a time that does not exist runs right
after the jump, a time that comes twice runs once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import ScheduleKind


@dataclass(frozen=True, slots=True)
class Slot:
    """One time a schedule is due: the local date and time it stands for, and the instant."""

    local_time: str
    due_at: datetime


def cron_line(kind: ScheduleKind, at: str) -> str:
    """Return the cron expression of a schedule; `at` is local HH:MM."""
    hour, minute = parse_time(at)
    return {
        ScheduleKind.HOURLY: f"{minute} * * * *",
        ScheduleKind.DAILY: f"{minute} {hour} * * *",
        ScheduleKind.WEEKDAYS: f"{minute} {hour} * * 1-5",
    }[kind]


def parse_time(at: str) -> tuple[int, int]:
    """Read local HH:MM; raises InvalidInput."""
    hours, _, minutes = at.partition(":")
    if hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
        return int(hours), int(minutes)
    raise InvalidInput(msg("Some fields need another look."), fields={"at": msg("Write the time as 02:00.")})


def upcoming(kind: ScheduleKind, at: str, zone: ZoneInfo, after: datetime) -> Iterator[Slot]:
    """Yield slots later than `after`, without end; a manual schedule has none."""
    if kind is ScheduleKind.MANUAL:
        return
    for local in CronSim(cron_line(kind, at), after.astimezone(zone)):
        instant = local.astimezone(UTC)
        yield Slot(_name(kind, instant.astimezone(zone)), instant)


def next_slots(kind: ScheduleKind, at: str, zone: ZoneInfo, after: datetime, count: int) -> list[Slot]:
    """Return the next `count` slots later than `after`."""
    return list(islice(upcoming(kind, at, zone, after), count))


def due_slots(kind: ScheduleKind, at: str, zone: ZoneInfo, after: datetime, until: datetime) -> list[Slot]:
    """Return the slots later than `after` and not later than `until`."""
    due = []
    for slot in upcoming(kind, at, zone, after):
        if slot.due_at > until:
            break
        due.append(slot)
    return due


def _name(kind: ScheduleKind, local: datetime) -> str:
    """Name a slot by what the clock on the wall shows; hourly ones need the offset in the doubled hour."""
    form = "%Y-%m-%dT%H:%M%z" if kind is ScheduleKind.HOURLY else "%Y-%m-%dT%H:%M"
    return local.strftime(form)
