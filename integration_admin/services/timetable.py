"""A timetable: how often an integration runs by itself and when, as somebody set it. Due times are computed in slots.py."""

from dataclasses import dataclass
from functools import cache, lru_cache
from re import compile as pattern
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import ScheduleKind
from integration_admin.data.models import Schedule
from integration_admin.services import cron_lines

_TIME = pattern(r"([0-9]{1,2}):([0-9]{2})")
_DEFAULT_TIME = "02:00"
_ONCE_A_DAY = (ScheduleKind.DAILY, ScheduleKind.WEEKDAYS, ScheduleKind.WEEKLY, ScheduleKind.MONTHLY)
_DAYS = {ScheduleKind.WEEKLY: range(1, 8), ScheduleKind.MONTHLY: range(32)}
WITHOUT_TIME = (ScheduleKind.MANUAL, ScheduleKind.CRON)
"""Kinds whose `at` says nothing."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """How often and when, in local time.

    `at` is HH:MM, of which hourly ones use the minutes; `day` is 1 (Monday) to 7 for weekly ones, 1 to 31
    or 0 (the last) for monthly ones, where a day the month lacks means its last; `cron_line` has five fields.
    """

    kind: ScheduleKind
    at: str
    time_zone: str
    day: int = 0
    cron_line: str = ""

    @property
    def once_a_day(self) -> bool:
        """Whether it runs at most once a local date, even when somebody moves the time."""
        return self.kind in _ONCE_A_DAY

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone, or none where this machine does not know it (any more)."""
        return find_zone(self.time_zone)

    @property
    def line(self) -> str:
        """The cron line that yields its times; of monthly ones slots.py leaves out those of other days."""
        if self.kind is ScheduleKind.CRON:
            return self.cron_line
        hour, minute = parse_time(self.at)
        return {
            ScheduleKind.HOURLY: f"{minute} * * * *",
            ScheduleKind.DAILY: f"{minute} {hour} * * *",
            ScheduleKind.WEEKDAYS: f"{minute} {hour} * * 1-5",
            ScheduleKind.WEEKLY: f"{minute} {hour} * * {self.day}",
            ScheduleKind.MONTHLY: f"{minute} {hour} {self._days_of_month} * *",
        }[self.kind]

    @property
    def _days_of_month(self) -> str:
        if self.day == 0:
            return "L"
        # Which of these is right depends on the month: the chosen day, or the last where it has none.
        return f"28-{self.day}" if self.day > 28 else str(self.day)


def timetable_of(schedule: Schedule) -> Timetable:
    """Return the timetable of a stored schedule."""
    return Timetable(
        schedule.kind, schedule.at, schedule.time_zone, schedule.day or 0, schedule.cron_line or ""
    )


def read_timetable(
    kind: str, at: str = "", time_zone: str = "", day: str = "", cron_line: str = ""
) -> Timetable:
    """Read what was typed; raises InvalidInput by field."""
    if kind not in {known.value for known in ScheduleKind}:
        raise _wrong(kind=msg("Choose one of the options."))
    number = int(day) if len(day) < 3 and day.isascii() and day.isdigit() else -1
    return checked(Timetable(ScheduleKind(kind), at.strip(), time_zone.strip(), number, cron_line))


def checked(timetable: Timetable) -> Timetable:
    """Return the timetable without what its kind does not use; raises InvalidInput by field."""
    kind = timetable.kind
    wrong: dict[str, Message] = {}
    at = _DEFAULT_TIME if kind in WITHOUT_TIME else timetable.at
    day = timetable.day if kind in _DAYS else 0
    line = cron_lines.tidy(timetable.cron_line) if kind is ScheduleKind.CRON else ""
    if _minutes_of(at) is None:
        wrong["at"] = msg("Write the time as 02:00.")
    if kind in _DAYS and day not in _DAYS[kind]:
        wrong["day"] = msg("Choose one of the options.")
    if timetable.time_zone not in _time_zones():
        wrong["time_zone"] = msg("This time zone is not known. Write it as Europe/Oslo.")
    if kind is ScheduleKind.CRON and (reason := cron_lines.what_is_wrong(line)):
        wrong["cron_line"] = reason
    if wrong:
        raise _wrong(**wrong)
    return Timetable(kind, at, timetable.time_zone, day, line)


def parse_time(at: str) -> tuple[int, int]:
    """Read local HH:MM; raises InvalidInput."""
    found = _minutes_of(at)
    if found is None:
        raise _wrong(at=msg("Write the time as 02:00."))
    return found


@lru_cache(maxsize=1000)
def find_zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its name, or none where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _minutes_of(at: str) -> tuple[int, int] | None:
    found = _TIME.fullmatch(at)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return int(found[1]), int(found[2])
    return None


@cache
def _time_zones() -> frozenset[str]:
    """Return the names of all time zones; finding them reads a whole folder tree."""
    return frozenset(available_timezones())


def _wrong(**fields: Message) -> InvalidInput:
    return InvalidInput(msg("Some fields need another look."), fields=fields)
