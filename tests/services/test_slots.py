"""Due times, above all on the two nights the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_admin.core.errors import InvalidInput
from integration_admin.core.statuses import ScheduleKind
from integration_admin.services.slots import due_slots, next_slots, parse_time

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-28", "01:00"),
        ("2026-03-29", "01:00"),
        ("2026-03-30", "00:00"),
        ("2026-10-24", "00:00"),
        ("2026-10-25", "00:00"),
        ("2026-10-26", "01:00"),
        ("2027-03-28", "01:00"),
        ("2027-10-31", "00:00"),
    ],
)
def test_two_in_the_night_in_oslo_comes_once_on_every_night(day: str, expected: str) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=OSLO)
    due = due_slots(ScheduleKind.DAILY, "02:00", OSLO, start, start + timedelta(hours=20))
    assert [slot.due_at for slot in due] == [datetime.fromisoformat(f"{day}T{expected}").replace(tzinfo=UTC)]


def test_an_hourly_schedule_runs_in_both_of_the_doubled_hours() -> None:
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    due = due_slots(ScheduleKind.HOURLY, "00:15", OSLO, start, start + timedelta(hours=3))
    assert len(due) == 3
    assert len({slot.local_time for slot in due}) == 3


def test_weekdays_leave_out_saturday_and_sunday() -> None:
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    due = next_slots(ScheduleKind.WEEKDAYS, "02:00", OSLO, friday, 2)
    assert [slot.local_time for slot in due] == ["2026-11-23T02:00", "2026-11-24T02:00"]


def test_a_date_that_is_done_is_left_out_of_the_next_runs_except_of_hourly_ones() -> None:
    morning = datetime(2026, 11, 21, 6, tzinfo=UTC)
    daily = next_slots(ScheduleKind.DAILY, "15:00", OSLO, morning, 1, {"2026-11-21"})
    hourly = next_slots(ScheduleKind.HOURLY, "00:10", OSLO, morning, 1, {"2026-11-21"})
    assert [slot.local_time for slot in daily] == ["2026-11-22T15:00"]
    assert [slot.local_date for slot in hourly] == ["2026-11-21"]


def test_a_manual_schedule_is_never_due() -> None:
    assert next_slots(ScheduleKind.MANUAL, "02:00", OSLO, datetime(2026, 1, 1, tzinfo=UTC), 5) == []


@pytest.mark.parametrize(
    "text",
    ["", "24:00", "2", "02:60", "02:00:00", "aa:bb", "-1:00", "²:00", "٢:00", "0000002:00", "2:0", "02:00\n"],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_time(text)


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(sorted(available_timezones() - {"localtime"})),
    day=st.dates(date(2020, 1, 1), date(2039, 12, 1)),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
)
def test_every_zone_has_at_most_one_slot_a_local_date_and_rising_instants(
    zone: str, day: date, hour: int, minute: int
) -> None:
    place = ZoneInfo(zone)
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=UTC)
    due = due_slots(ScheduleKind.DAILY, f"{hour:02}:{minute:02}", place, start, start + timedelta(days=20))
    instants = [slot.due_at for slot in due]
    dates = [slot.local_time[:10] for slot in due]
    assert instants == sorted(set(instants))
    assert len(dates) == len(set(dates))
    assert len(dates) >= 19
