"""Due times on the nights the clocks change, and in zones that do what others do not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_admin.core.statuses import ScheduleKind
from integration_admin.services.slots import Slot, due_slots, next_slots
from integration_admin.services.timetable import Timetable

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 2020, 2040
ZONES = sorted(available_timezones() - {"localtime"})


def due_on(day: str, at: str, zone: str = "Europe/Oslo") -> list[Slot]:
    """Return the slots of a daily timetable in the 24 hours around a local date, as a ticker sees them."""
    place = ZoneInfo(zone)
    start = datetime.fromisoformat(day).replace(tzinfo=place).astimezone(UTC) - timedelta(hours=2)
    seen: list[Slot] = []
    for minute in range(0, 28 * 60, 10):
        look = start + timedelta(minutes=minute)
        seen += due_slots(Timetable(ScheduleKind.DAILY, at, zone), look, look + timedelta(minutes=10))
    return [slot for slot in seen if slot.local_date == day]


WINTER = {"01:59": "00:59", "02:00": "01:00", "02:30": "01:30", "03:00": "02:00"}
SUMMER = {"01:59": "23:59", "02:00": "00:00", "02:30": "00:30", "03:00": "01:00"}
# From two to three the clocks show nothing; right after the jump it is three, which is 01:00 UTC.
GAP = {"01:59": "00:59", "02:00": "01:00", "02:30": "01:00", "03:00": "01:00"}
REPEAT = {"01:59": "23:59", "02:00": "00:00", "02:30": "00:30", "03:00": "02:00"}


@pytest.mark.parametrize("at", ["01:59", "02:00", "02:30", "03:00"])
@pytest.mark.parametrize(
    ("day", "in_utc"),
    [
        ("2026-03-28", WINTER),
        ("2026-03-29", GAP),
        ("2026-03-30", SUMMER),
        ("2026-10-24", SUMMER),
        ("2026-10-25", REPEAT),
        ("2026-10-26", WINTER),
        ("2027-03-27", WINTER),
        ("2027-03-28", GAP),
        ("2027-03-29", SUMMER),
        ("2027-10-30", SUMMER),
        ("2027-10-31", REPEAT),
        ("2027-11-01", WINTER),
    ],
)
def test_a_night_in_oslo_has_one_slot(day: str, in_utc: dict[str, str], at: str) -> None:
    expected = datetime.fromisoformat(f"{day}T{in_utc[at]}").replace(tzinfo=UTC)
    if expected.hour == 23:
        expected -= DAY
    assert [(slot.due_at, slot.local_time) for slot in due_on(day, at)] == [(expected, f"{day}T{at}")]


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        # Half an hour forward at 02:00, half an hour back at 02:00.
        ("Australia/Lord_Howe", "2026-10-04", "02:00", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:30", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45"),
        ("Australia/Lord_Howe", "2026-04-05", "02:00", "2026-04-04T15:30"),
        # Midnight is left out: the day begins at one.
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00"),
        ("Africa/Cairo", "2026-04-24", "00:30", "2026-04-23T22:00"),
        ("Africa/Cairo", "2026-10-29", "23:30", "2026-10-29T20:30"),
        ("America/Santiago", "2026-09-06", "00:00", "2026-09-06T04:00"),
        ("America/Santiago", "2026-09-06", "00:59", "2026-09-06T04:00"),
        ("America/Santiago", "2026-04-04", "23:30", "2026-04-05T02:30"),
        # Samoa went over the date line: the 30th never was.
        ("Pacific/Apia", "2011-12-29", "02:00", "2011-12-29T12:00"),
        ("Pacific/Apia", "2011-12-30", "02:00", None),
        ("Pacific/Apia", "2011-12-30", "00:00", None),
        ("Pacific/Apia", "2011-12-31", "02:00", "2011-12-30T12:00"),
        ("Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00"),
        ("Pacific/Kiritimati", "2026-06-01", "02:00", "2026-05-31T12:00"),
        ("Asia/Kathmandu", "2026-06-01", "02:00", "2026-05-31T20:15"),
        # Two hours forward and back; three hours in a research station.
        ("Antarctica/Troll", "2026-03-29", "01:30", "2026-03-29T01:00"),
        ("Antarctica/Troll", "2026-10-25", "01:30", "2026-10-24T23:30"),
        ("UTC", "2026-03-29", "02:00", "2026-03-29T02:00"),
    ],
)
def test_zones_that_do_what_others_do_not(zone: str, day: str, at: str, expected: str | None) -> None:
    found = [f"{slot.due_at:%Y-%m-%dT%H:%M}" for slot in due_on(day, at, zone)]
    assert found == ([] if expected is None else [expected])


def test_an_hourly_timetable_misses_no_hour_where_half_an_hour_is_left_out() -> None:
    hourly = Timetable(ScheduleKind.HOURLY, "00:45", "Australia/Lord_Howe")
    evening = datetime(2026, 10, 3, 14, 0, tzinfo=UTC)
    assert [slot.local_time[11:16] for slot in next_slots(hourly, evening, 4)] == [
        "00:45",
        "01:45",
        "02:45",
        "03:45",
    ]


def test_an_export_at_the_same_time_in_another_zone_is_another_instant() -> None:
    after = datetime(2026, 6, 1, 12, tzinfo=UTC)
    instants = {
        next_slots(Timetable(ScheduleKind.DAILY, "02:00", zone), after, 1)[0].due_at
        for zone in ("Europe/Oslo", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Santiago")
    }
    assert len(instants) == 4


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 1)),
    minutes=st.integers(0, 24 * 60 - 1),
)
def test_any_zone_has_one_slot_for_each_date_and_rising_instants(zone: str, day: date, minutes: int) -> None:
    start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    at = f"{minutes // 60:02}:{minutes % 60:02}"
    check_dates(zone, at, start, start + 20 * DAY)


def test_every_clock_change_of_every_zone_keeps_one_slot_for_each_date() -> None:
    checked = 0
    for zone in distinct_zones():
        for change in clock_changes(zone):
            for at in times_around(zone, change):
                check_dates(zone, at, change - 2 * DAY, change + 2 * DAY)
                checked += 1
    assert checked > 5000


def test_every_zone_has_one_slot_for_each_date_of_a_whole_year() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for zone in distinct_zones():
        check_dates(zone, "02:30", start, start + 365 * DAY)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 1)),  # noqa: DTZ001, a zone follows
    line=st.sampled_from(
        ["*/5 * * * *", "7 * * * *", "*/30 */2 * * *", "15 1-3 * * *", "0 0,1,2,3,23 * * *"]
    ),
    steps=st.lists(st.integers(1, 7200), min_size=1, max_size=40),
)
def test_however_often_somebody_looks_every_slot_is_seen_once(
    zone: str, start: datetime, line: str, steps: list[int]
) -> None:
    timetable = Timetable(ScheduleKind.CRON, "02:00", zone, cron_line=line)
    look = start.replace(tzinfo=UTC)
    end = look + timedelta(seconds=sum(steps))
    seen: list[Slot] = []
    for step in steps:
        seen += due_slots(timetable, look, look + timedelta(seconds=step))
        look += timedelta(seconds=step)
    assert seen == due_slots(timetable, start.replace(tzinfo=UTC), end)
    assert all(earlier.due_at < later.due_at for earlier, later in pairwise(seen))
    assert len({slot.local_time for slot in seen}) == len(seen)


def check_dates(zone: str, at: str, start: datetime, end: datetime) -> None:
    """Expect one slot for each date the zone has between two instants, at the first instant not before `at`."""
    slots = due_slots(Timetable(ScheduleKind.DAILY, at, zone), start, end)
    assert all(earlier.due_at < later.due_at for earlier, later in pairwise(slots)), (zone, at)
    place = ZoneInfo(zone)
    dates = [slot.local_date for slot in slots]
    existing = existing_dates(place, start, end)
    assert len(set(dates)) == len(dates), (zone, at, dates)
    # Of the first and the last date the slot may lie outside the window.
    assert set(existing[1:-1]) <= set(dates) <= set(existing), (zone, at)
    for slot in slots:
        shown = slot.due_at.astimezone(place)
        before = (slot.due_at - timedelta(seconds=1)).astimezone(place)
        assert f"{shown:%Y-%m-%dT%H:%M}" >= slot.local_time, (zone, slot)
        assert f"{before:%Y-%m-%dT%H:%M}" < slot.local_time, (zone, slot)


def existing_dates(place: ZoneInfo, start: datetime, end: datetime) -> list[str]:
    """Return the dates clocks in a zone show between two instants."""
    hours = int((end - start).total_seconds()) // 3600
    shown = {(start + timedelta(hours=hour)).astimezone(place).date() for hour in range(hours + 1)}
    return [day.isoformat() for day in sorted(shown)]


def distinct_zones() -> Iterator[str]:
    """Yield one name of every set of rules; the rest are other names for the same."""
    seen: set[bytes] = set()
    for zone in ZONES:
        rules = rules_of(zone)
        if rules not in seen:
            seen.add(rules)
            yield zone


def rules_of(zone: str) -> bytes:
    """Return what decides the zone's offsets in the years that are looked at."""
    place = ZoneInfo(zone)
    changes = [(at, str(at.astimezone(place).utcoffset())) for at in clock_changes(zone)]
    first = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).astimezone(place).utcoffset()
    return repr((first, changes)).encode()


_changes: dict[str, list[datetime]] = {}


def clock_changes(zone: str) -> list[datetime]:
    """Return the instants at which the zone's offset changes, to the minute."""
    if zone not in _changes:
        _changes[zone] = list(find_changes(ZoneInfo(zone)))
    return _changes[zone]


def find_changes(place: ZoneInfo) -> Iterator[datetime]:
    step = 4 * DAY  # no zone changes its clocks twice within so few days
    look, last = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    offset = look.astimezone(place).utcoffset()
    while look < last:
        following = look + step
        offset_then = following.astimezone(place).utcoffset()
        if offset_then != offset:
            yield first_minute_of(place, offset_then, look, following)
        look, offset = following, offset_then


def first_minute_of(place: ZoneInfo, offset: timedelta | None, low: datetime, high: datetime) -> datetime:
    """Return the first minute in which an offset holds."""
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=((high - low) // timedelta(minutes=1)) // 2)
        low, high = (low, middle) if middle.astimezone(place).utcoffset() == offset else (middle, high)
    return high


def times_around(zone: str, change: datetime) -> Iterator[str]:
    """Yield local times from before the change, within what it leaves out or doubles, and after it."""
    place = ZoneInfo(zone)
    before = (change - timedelta(minutes=1)).astimezone(place).replace(tzinfo=None)
    after = change.astimezone(place).replace(tzinfo=None)
    first, last = min(before, after), max(before, after)
    for time in (
        first - timedelta(minutes=1),
        first,
        first + (last - first) / 2,
        last,
        last + timedelta(minutes=1),
    ):
        yield f"{time:%H:%M}"
