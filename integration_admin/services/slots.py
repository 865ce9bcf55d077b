"""When a timetable is due: local dates and times turned into instants. Pure; no clock, no database.

`cronsim` yields what the clock on the wall should show; which instant that is, is decided here by Debian
cron's rules: a time that does not exist runs right after the jump, a time that comes twice runs once.
"""

from calendar import monthrange
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from integration_admin.core.statuses import ScheduleKind
from integration_admin.services.cron_lines import follows_the_clock
from integration_admin.services.timetable import Timetable

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """One time a schedule is due: the local date and time it stands for, and the instant.

    The local time is the one that was planned, also where the clocks jump over it. In timetables that
    follow the clock it ends with the offset, without which the doubled hour's two runs had one name.
    """

    local_time: str
    due_at: datetime

    @property
    def local_date(self) -> str:
        """The local date, YYYY-MM-DD."""
        return self.local_time[:10]


def upcoming(timetable: Timetable, after: datetime) -> Iterator[Slot]:
    """Yield the slots later than `after`, each later than the one before.

    A manual timetable has none, and neither has one in a time zone this machine does not know.
    """
    zone = timetable.zone
    if zone is None or timetable.kind is ScheduleKind.MANUAL:
        return
    planned = _planned(timetable, _start(after, zone))
    follows = follows_the_clock(timetable.line)
    for slot in _by_the_clock(planned, zone) if follows else _by_the_date(planned, zone):
        # Two planned times that the clocks jump over are one slot.
        if slot.due_at > after:
            after = slot.due_at
            yield slot


def next_slots(timetable: Timetable, after: datetime, count: int, done: Collection[str] = ()) -> list[Slot]:
    """Return the next `count` slots later than `after`.

    `done` holds the local dates (YYYY-MM-DD) that have had their run; only timetables that run several
    times a day run on them again.
    """
    slots = upcoming(timetable, after)
    if timetable.once_a_day:
        slots = (slot for slot in slots if slot.local_date not in done)
    return list(islice(slots, count))


def due_slots(timetable: Timetable, after: datetime, until: datetime) -> list[Slot]:
    """Return the slots later than `after` and not later than `until`."""
    return list(takewhile(lambda slot: slot.due_at <= until, upcoming(timetable, after)))


def is_due(timetable: Timetable, after: datetime, until: datetime) -> bool:
    """Tell whether there is a slot later than `after` and not later than `until`."""
    first = _first(timetable, after)
    return first is not None and first.due_at <= until


def first_slot(timetable: Timetable, after: datetime) -> Slot | None:
    """Return the first slot later than `after`; quick where the same was asked before."""
    return _first(timetable, after)


@lru_cache(maxsize=20_000)
def _first(timetable: Timetable, after: datetime) -> Slot | None:
    """Return the first slot later than `after`; between two slots every tick asks the same question."""
    return next(upcoming(timetable, after), None)


def _start(after: datetime, zone: ZoneInfo) -> datetime:
    """Return a local time before every one whose instant is later than `after`."""
    local = after.astimezone(zone)
    doubled = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    start = local.replace(tzinfo=None, fold=0)
    # In the doubled hour what the clock shows goes back, so what it showed a moment ago may come again.
    return start - _DAY if doubled else start


def _planned(timetable: Timetable, start: datetime) -> Iterator[datetime]:
    """Yield what the clock on the wall should show at each run, later than `start`, without a zone."""
    times = CronSim(timetable.line, start)
    if timetable.kind is not ScheduleKind.MONTHLY or timetable.day <= 28:
        return times
    return (time for time in times if time.day == min(timetable.day, monthrange(time.year, time.month)[1]))


def _by_the_date(planned: Iterator[datetime], zone: ZoneInfo) -> Iterator[Slot]:
    """Yield one slot a planned time: the first instant at or after it. A date that is left out has none."""
    for time in planned:
        existing = _first_existing(time, zone)
        if existing.date() == time.date() or _has_date(time, zone):
            yield Slot(f"{time:%Y-%m-%dT%H:%M}", existing.replace(tzinfo=zone).astimezone(UTC))


def _by_the_clock(planned: Iterator[datetime], zone: ZoneInfo) -> Iterator[Slot]:
    """Yield a slot each time the clock shows a planned time: never, once or twice."""
    second_passes: deque[Slot] = deque()
    for time in planned:
        first, second = _offsets(time, zone)
        if first < second:
            continue
        slot = _slot_with_offset(time, first)
        while second_passes and second_passes[0].due_at < slot.due_at:
            yield second_passes.popleft()
        yield slot
        if first > second:
            second_passes.append(_slot_with_offset(time, second))
    yield from second_passes


def _slot_with_offset(time: datetime, offset: timedelta) -> Slot:
    shown = time.replace(tzinfo=timezone(offset))
    return Slot(f"{shown:%Y-%m-%dT%H:%M%z}", shown.astimezone(UTC))


def _offsets(time: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """Return the offsets before and after a clock change this local time is touched by; equal where there is none.

    The first is the smaller one of a time the clocks jump over, the larger one of a time that comes twice
    (PEP 495).
    """
    local = time.replace(tzinfo=zone)
    first, second = local.utcoffset(), local.replace(fold=1).utcoffset()
    assert first is not None  # noqa: S101, a ZoneInfo always has an offset for a whole local time
    assert second is not None  # noqa: S101, the same
    return first, second


def _first_existing(time: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time itself, or the one the clocks jump to over it."""
    first, second = _offsets(time, zone)
    while first < second:
        time += _MINUTE
        first, second = _offsets(time, zone)
    return time


def _has_date(time: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the zone has this date; one that went over the date line has left a whole day out."""
    midnight = time.replace(hour=0, minute=0)
    return _first_existing(midnight, zone).date() == midnight.date()
