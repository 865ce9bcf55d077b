"""Which days and times each kind of timetable means, and which cron lines are taken. Odd zones are test_slots_zones.py's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_admin.core.errors import InvalidInput
from integration_admin.core.statuses import ScheduleKind
from integration_admin.services.slots import due_slots, next_slots, upcoming
from integration_admin.services.timetable import Timetable, checked, parse_time, read_timetable

START = datetime(2026, 1, 1, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_timetable(
    kind: ScheduleKind = ScheduleKind.DAILY,
    at: str = "02:00",
    time_zone: str = "Europe/Oslo",
    day: int = 0,
    cron_line: str = "",
) -> Timetable:
    return Timetable(kind, at, time_zone, day, cron_line)


def next_times(timetable: Timetable, count: int, after: datetime = START) -> list[str]:
    return [slot.local_time for slot in next_slots(timetable, after, count)]


def test_weekdays_leave_out_saturday_and_sunday() -> None:
    timetable = make_timetable(ScheduleKind.WEEKDAYS)
    assert next_times(timetable, 2, FRIDAY) == ["2026-11-23T02:00", "2026-11-24T02:00"]


@pytest.mark.parametrize(("day", "date"), [(1, "2026-11-23"), (5, "2026-11-27"), (7, "2026-11-22")])
def test_a_weekly_timetable_keeps_to_its_weekday(day: int, date: str) -> None:
    first, second = next_slots(make_timetable(ScheduleKind.WEEKLY, day=day), FRIDAY, 2)
    assert first.local_date == date
    assert second.due_at - first.due_at == timedelta(days=7)


@pytest.mark.parametrize(
    ("day", "dates"),
    [
        (1, ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
        (28, ["2026-01-28", "2026-02-28", "2026-03-28", "2026-04-28", "2026-05-28"]),
        (29, ["2026-01-29", "2026-02-28", "2026-03-29", "2026-04-29", "2026-05-29"]),
        (30, ["2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"]),
        (31, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        (0, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
    ],
)
def test_a_day_a_month_lacks_is_its_last_day(day: int, dates: list[str]) -> None:
    monthly = make_timetable(ScheduleKind.MONTHLY, day=day)
    assert [slot.local_date for slot in next_slots(monthly, START, 5)] == dates


def test_the_twenty_ninth_of_february_is_a_day_of_leap_years() -> None:
    monthly = make_timetable(ScheduleKind.MONTHLY, day=29)
    february = datetime(2028, 2, 1, tzinfo=UTC)
    assert next_times(monthly, 1, february) == ["2028-02-29T02:00"]


def test_an_hourly_timetable_runs_in_both_of_the_doubled_hours_and_not_in_the_one_left_out() -> None:
    hourly = make_timetable(ScheduleKind.HOURLY, "00:15")
    autumn = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    assert [slot.local_time for slot in due_slots(hourly, autumn, autumn + timedelta(hours=3))] == [
        "2026-10-25T02:15+0200",
        "2026-10-25T02:15+0100",
        "2026-10-25T03:15+0100",
    ]
    assert [slot.local_time for slot in due_slots(hourly, spring, spring + timedelta(hours=2))] == [
        "2026-03-29T01:15+0100",
        "2026-03-29T03:15+0200",
    ]


def test_a_look_from_within_the_doubled_hour_sees_only_what_is_still_to_come() -> None:
    hourly = make_timetable(ScheduleKind.HOURLY, "00:15")
    between = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    in_second_pass = datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    assert next_times(hourly, 1, between) == ["2026-10-25T02:15+0100"]
    assert next_times(hourly, 1, in_second_pass) == ["2026-10-25T03:15+0100"]
    assert next_times(make_timetable(at="02:45"), 1, in_second_pass) == ["2026-10-26T02:45"]


def test_a_cron_line_with_several_times_a_day_runs_once_at_each() -> None:
    line = make_timetable(ScheduleKind.CRON, cron_line="30 6,18 * * 1-5")
    assert next_times(line, 3, FRIDAY) == ["2026-11-20T18:30", "2026-11-23T06:30", "2026-11-23T18:30"]


def test_planned_times_that_fall_into_the_same_jump_are_one_slot() -> None:
    line = make_timetable(ScheduleKind.CRON, cron_line="0,30 1,2,3 * * *")
    evening = datetime(2026, 3, 28, 12, tzinfo=UTC)
    due = due_slots(line, evening, evening + timedelta(hours=20))
    assert [f"{slot.due_at:%H:%M}" for slot in due] == ["00:00", "00:30", "01:00", "01:30"]


def test_a_date_that_is_done_is_left_out_of_the_next_runs_except_of_hourly_ones() -> None:
    morning = datetime(2026, 11, 21, 6, tzinfo=UTC)
    daily = next_slots(make_timetable(at="15:00"), morning, 1, {"2026-11-21"})
    hourly = next_slots(make_timetable(ScheduleKind.HOURLY, "00:10"), morning, 1, {"2026-11-21"})
    assert [slot.local_time for slot in daily] == ["2026-11-22T15:00"]
    assert [slot.local_date for slot in hourly] == ["2026-11-21"]


def test_a_manual_timetable_is_never_due() -> None:
    assert next_slots(make_timetable(ScheduleKind.MANUAL), START, 5) == []


@pytest.mark.parametrize("zone", ["Nowhere/Gone", "", "../etc", "/etc/passwd", "Europe", "a" * 300, "x\0"])
def test_in_a_time_zone_nobody_knows_nothing_is_due(zone: str) -> None:
    assert next_slots(make_timetable(time_zone=zone), START, 5) == []


def test_what_is_due_is_later_than_the_last_look_and_not_later_than_now() -> None:
    second = datetime(2026, 1, 2, 1, tzinfo=UTC)
    assert [slot.due_at for slot in due_slots(make_timetable(), second - timedelta(days=1), second)] == [
        second
    ]
    assert due_slots(make_timetable(), second, second + timedelta(hours=23)) == []


@pytest.mark.parametrize(
    "text",
    ["", "24:00", "2", "02:60", "02:00:00", "aa:bb", "-1:00", "²:00", "٢:00", "0000002:00", "2:0", "02:00\n"],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_time(text)


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        ("30 6 * * 1-5", "30 6 * * 1-5"),
        ("  0   4  1,15 * *  ", "0 4 1,15 * *"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("0 6 * jan-jun mon#1", "0 6 * JAN-JUN MON#1"),
        ("15 5 L * *", "15 5 L * *"),
        ("59,4 3 * * *", "59,4 3 * * *"),
        ("58,2 3 * * *", "58,2 3 * * *"),
        ("0 2 * 3 sun#5", "0 2 * 3 SUN#5"),
    ],
)
def test_a_cron_line_is_stored_in_one_form(line: str, stored: str) -> None:
    assert read_timetable("cron", time_zone="Europe/Oslo", cron_line=line).cron_line == stored


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "Write five parts"),
        ("@daily", "Write five parts"),
        ("0 0 2 * * *", "Write five parts"),
        ("0 2 * *", "Write five parts"),
        ("0 2 * * 1" + ",1" * 60, "Write five parts"),
        ("61 2 * * *", "look at the minute"),
        ("0 24 * * *", "look at the hour"),
        ("0 2 32 * *", "look at the day of the month"),
        ("0 2 * 13 *", "look at the month"),
        ("0 2 * * 8", "look at the weekday"),
        ("0 2 * * ²L", "look at the weekday"),
        ("0 2 30 2 *", "look at the day of the month"),
        ("* * * * *", "at least 5 minutes"),
        ("*/4 * * * *", "at least 5 minutes"),
        ("0,4 3 * * *", "at least 5 minutes"),
        ("2,58 * * * *", "at least 5 minutes"),
        ("2,58 23,0 * * *", "at least 5 minutes"),
        ("0 2 */31 2 SUN#2", "never run"),
    ],
)
def test_a_cron_line_that_cannot_be_used_is_refused_with_its_reason(line: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_timetable("cron", time_zone="Europe/Oslo", cron_line=line)
    assert list(refused.value.fields) == ["cron_line"]
    assert reason in str(refused.value.fields["cron_line"])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="0123456789*/,-#LW JANMONFEB²", max_size=30) | st.text(max_size=40))
def test_whatever_is_typed_as_a_cron_line_is_refused_in_words_or_runs(typed: str) -> None:
    for line in (typed, f"{typed} * * * *", f"0 2 {typed} * *", f"0 2 * * {typed}"):
        try:
            timetable = read_timetable("cron", time_zone="Europe/Oslo", cron_line=line)
        except InvalidInput:
            continue
        first, second = next_slots(timetable, START, 2)
        assert second.due_at - first.due_at >= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "yearly"}, "kind"),
        ({"kind": "daily", "at": "2"}, "at"),
        ({"kind": "daily", "at": "02:00", "time_zone": "Nowhere/Gone"}, "time_zone"),
        ({"kind": "weekly", "at": "02:00", "day": "0"}, "day"),
        ({"kind": "weekly", "at": "02:00", "day": "8"}, "day"),
        ({"kind": "weekly", "at": "02:00", "day": ""}, "day"),
        ({"kind": "monthly", "at": "02:00", "day": "32"}, "day"),
        ({"kind": "monthly", "at": "02:00", "day": "²"}, "day"),
        ({"kind": "monthly", "at": "02:00", "day": "-1"}, "day"),
    ],
)
def test_what_cannot_be_a_timetable_is_refused_by_its_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_timetable(**({"time_zone": "Europe/Oslo"} | typed))
    assert list(refused.value.fields) == [field]


def test_what_a_kind_does_not_use_is_not_kept() -> None:
    given_too_much = make_timetable(ScheduleKind.DAILY, "03:00", day=7, cron_line="0 4 * * *")
    manual = make_timetable(ScheduleKind.MANUAL, "nonsense", day=7)
    assert checked(given_too_much) == make_timetable(ScheduleKind.DAILY, "03:00")
    assert checked(manual) == make_timetable(ScheduleKind.MANUAL, "02:00")


def test_a_timetable_goes_on_for_years() -> None:
    slots = upcoming(make_timetable(ScheduleKind.CRON, cron_line="0 2 29 2 *"), START)
    assert [next(slots).local_date for _ in range(3)] == ["2028-02-29", "2032-02-29", "2036-02-29"]
