"""When a schedule is due: local dates and times turned into instants. Pure; no clock, no database.

Clock changes follow Debian cron as `cronsim` implements it: a time that does not exist runs right
after the jump, a time that comes twice runs once.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import ScheduleKind

ONCE_A_DAY = (ScheduleKind.DAILY, ScheduleKind.WEEKDAYS)
"""Kinds that run at most once a local date, even when somebody moves the time."""
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Slot:
    """One time a schedule is due: the local date and time it stands for, and the instant."""

    local_time: str
    due_at: datetime

    @property
    def local_date(self) -> str:
        """The local date, YYYY-MM-DD."""
        return self.local_time[:10]


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
    found = _TIME.fullmatch(at)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return int(found[1]), int(found[2])
    raise InvalidInput(msg("Some fields need another look."), fields={"at": msg("Write the time as 02:00.")})


def upcoming(kind: ScheduleKind, at: str, zone: ZoneInfo, after: datetime) -> Iterator[Slot]:
    """Yield slots later than `after`, without end; a manual schedule has none."""
    if kind is ScheduleKind.MANUAL:
        return
    for local in CronSim(cron_line(kind, at), after.astimezone(zone)):
        instant = local.astimezone(UTC)
        yield Slot(_name(kind, instant.astimezone(zone)), instant)


def next_slots(
    kind: ScheduleKind,
    at: str,
    zone: ZoneInfo,
    after: datetime,
    count: int,
    done: Collection[str] = (),
) -> list[Slot]:
    """Return the next `count` slots later than `after`.

    `done` holds the local dates (YYYY-MM-DD) that have had their run; only hourly schedules run on them again.
    """
    slots = upcoming(kind, at, zone, after)
    if kind in ONCE_A_DAY:
        slots = (slot for slot in slots if slot.local_date not in done)
    return list(islice(slots, count))


def due_slots(kind: ScheduleKind, at: str, zone: ZoneInfo, after: datetime, until: datetime) -> list[Slot]:
    """Return the slots later than `after` and not later than `until`."""
    first = _first(kind, at, zone, after)
    if first is None or first.due_at > until:
        return []
    due = []
    for slot in upcoming(kind, at, zone, after):
        if slot.due_at > until:
            break
        due.append(slot)
    return due


@lru_cache(maxsize=20_000)
def _first(kind: ScheduleKind, at: str, zone: ZoneInfo, after: datetime) -> Slot | None:
    """Return the first slot later than `after`; between two slots every tick asks the same question."""
    return next(upcoming(kind, at, zone, after), None)


def _name(kind: ScheduleKind, local: datetime) -> str:
    """Name a slot by what the clock on the wall shows; hourly ones need the offset in the doubled hour."""
    form = "%Y-%m-%dT%H:%M%z" if kind is ScheduleKind.HOURLY else "%Y-%m-%dT%H:%M"
    return local.strftime(form)
