"""The bounds of what is due, and what somebody typed or stored as a timetable, field by field."""

from datetime import UTC, datetime, timedelta

import pytest

from integration_admin.core.errors import InvalidInput
from integration_admin.core.statuses import ScheduleKind
from integration_admin.data.models import Schedule
from integration_admin.services.slots import Slot, due_slots, first_slot, is_due, next_slots
from integration_admin.services.timetable import (
    Timetable,
    checked,
    find_zone,
    parse_time,
    read_timetable,
    timetable_of,
)

OSLO = "Europe/Oslo"
DAILY = Timetable(ScheduleKind.DAILY, "02:00", OSLO)
DUE = datetime(2026, 11, 21, 1, tzinfo=UTC)
"""Saturday at two in Oslo."""
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("after", "until", "due"),
    [
        (DUE - DAY, DUE - INSTANT, False),
        (DUE - DAY, DUE, True),
        (DUE - INSTANT, DUE, True),
        (DUE, DUE, False),
        (DUE, DUE + DAY - INSTANT, False),
        (DUE, DUE + DAY, True),
    ],
)
def test_what_is_due_is_later_than_the_one_instant_and_not_later_than_the_other(
    after: datetime, until: datetime, *, due: bool
) -> None:
    # Twice, as a ticker asks: the second answer comes from memory.
    assert [is_due(DAILY, after, until), is_due(DAILY, after, until)] == [due, due]
    assert bool(due_slots(DAILY, after, until)) is due


@pytest.mark.parametrize("at", ["02:00", "05:30"])
@pytest.mark.parametrize("after", [DUE - DAY, DUE - INSTANT, DUE])
def test_the_first_slot_is_the_next_one(at: str, after: datetime) -> None:
    timetable = Timetable(ScheduleKind.DAILY, at, OSLO)
    assert [first_slot(timetable, after)] == next_slots(timetable, after, 1)


def test_a_timetable_that_never_runs_has_no_first_slot() -> None:
    assert first_slot(Timetable(ScheduleKind.MANUAL, "02:00", OSLO), DUE) is None


def test_a_timetable_that_never_runs_is_never_due() -> None:
    assert not is_due(Timetable(ScheduleKind.MANUAL, "02:00", OSLO), DUE - DAY, DUE)


@pytest.mark.parametrize("kind", [ScheduleKind.DAILY, ScheduleKind.HOURLY])
def test_an_instant_is_told_in_utc(kind: ScheduleKind) -> None:
    (slot,) = next_slots(Timetable(kind, "02:00", OSLO), DUE - INSTANT, 1)
    assert slot.due_at == DUE
    assert slot.due_at.tzinfo is UTC
    assert slot.local_date == "2026-11-21"


@pytest.mark.parametrize(
    ("kind", "day", "first"),
    [
        ("daily", 0, "2026-11-21"),
        ("weekdays", 0, "2026-11-23"),
        ("weekly", 6, "2026-11-21"),
        ("monthly", 21, "2026-11-21"),
    ],
)
def test_a_timetable_that_runs_once_a_day_leaves_out_a_date_that_is_done(
    kind: str, day: int, first: str
) -> None:
    timetable = Timetable(ScheduleKind(kind), "02:00", OSLO, day)
    assert timetable.once_a_day
    assert next_slots(timetable, DUE - INSTANT, 1)[0].local_date == first
    assert next_slots(timetable, DUE - INSTANT, 1, {first})[0].local_date > first


@pytest.mark.parametrize("kind", ["hourly", "cron"])
def test_other_timetables_run_on_a_date_again(kind: str) -> None:
    timetable = Timetable(ScheduleKind(kind), "02:00", OSLO, cron_line="0 2,3 * * *")
    assert not timetable.once_a_day
    assert next_slots(timetable, DUE - INSTANT, 1, {"2026-11-21"})[0].due_at == DUE


@pytest.mark.parametrize(
    ("timetable", "line"),
    [
        (Timetable(ScheduleKind.HOURLY, "07:09", OSLO), "9 * * * *"),
        (Timetable(ScheduleKind.DAILY, "07:09", OSLO), "9 7 * * *"),
        (Timetable(ScheduleKind.WEEKDAYS, "23:59", OSLO), "59 23 * * 1-5"),
        (Timetable(ScheduleKind.WEEKLY, "00:00", OSLO, 7), "0 0 * * 7"),
        (Timetable(ScheduleKind.MONTHLY, "02:00", OSLO, 0), "0 2 L * *"),
        (Timetable(ScheduleKind.MONTHLY, "02:00", OSLO, 1), "0 2 1 * *"),
        (Timetable(ScheduleKind.MONTHLY, "02:00", OSLO, 28), "0 2 28 * *"),
        (Timetable(ScheduleKind.MONTHLY, "02:00", OSLO, 29), "0 2 28-29 * *"),
        (Timetable(ScheduleKind.CRON, "02:00", OSLO, 0, "5 4 * * *"), "5 4 * * *"),
    ],
)
def test_each_kind_has_its_cron_line(timetable: Timetable, line: str) -> None:
    assert timetable.line == line


def test_a_stored_schedule_is_read_as_it_was_saved() -> None:
    weekly = Schedule(kind=ScheduleKind.WEEKLY, at="03:30", time_zone=OSLO, day=5, cron_line=None)
    cron = Schedule(kind=ScheduleKind.CRON, at="02:00", time_zone="UTC", day=None, cron_line="5 4 * * *")
    assert timetable_of(weekly) == Timetable(ScheduleKind.WEEKLY, "03:30", OSLO, 5, "")
    assert timetable_of(cron) == Timetable(ScheduleKind.CRON, "02:00", "UTC", 0, "5 4 * * *")


def test_what_was_typed_is_read_without_the_spaces_round_it() -> None:
    weekly = Timetable(ScheduleKind.WEEKLY, "3:30", OSLO, 5)
    assert read_timetable("weekly", " 3:30 ", f" {OSLO} ", "5") == weekly
    assert read_timetable("monthly", "03:30", OSLO, "31").day == 31
    assert read_timetable("monthly", "03:30", OSLO, "0").day == 0
    assert read_timetable("manual", time_zone=OSLO) == Timetable(ScheduleKind.MANUAL, "02:00", OSLO)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"kind": "yearly"}, "kind", "Choose one of the options."),
        ({"kind": "weekly", "day": "9"}, "day", "Choose one of the options."),
        ({"kind": "monthly", "day": "031"}, "day", "Choose one of the options."),
        ({"kind": "daily", "at": "26:00"}, "at", "Write the time as 02:00."),
        (
            {"kind": "daily", "time_zone": "Oslo"},
            "time_zone",
            "This time zone is not known. Write it as Europe/Oslo.",
        ),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(typed: dict[str, str], field: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_timetable(**({"at": "02:00", "time_zone": OSLO} | typed))
    assert {name: str(message) for name, message in refused.value.fields.items()} == {field: sentence}
    assert str(refused.value.message) == "Some fields need another look."


def test_every_field_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(Timetable(ScheduleKind.WEEKLY, "2", "Oslo", 8))
    assert set(refused.value.fields) == {"at", "day", "time_zone"}


@pytest.mark.parametrize(
    ("text", "found"), [("0:00", (0, 0)), ("9:05", (9, 5)), ("23:59", (23, 59)), ("02:00", (2, 0))]
)
def test_a_time_is_read_up_to_the_last_minute_of_the_day(text: str, found: tuple[int, int]) -> None:
    assert parse_time(text) == found


@pytest.mark.parametrize("text", ["24:00", "23:60", "2:5"])
def test_a_time_past_the_last_minute_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_time(text)
    told = {name: str(message) for name, message in refused.value.fields.items()}
    assert told == {"at": "Write the time as 02:00."}


def test_a_zone_is_found_by_its_name_or_not_at_all() -> None:
    assert str(find_zone(OSLO)) == OSLO
    assert find_zone("Nowhere/Gone") is None


def test_in_the_doubled_hour_the_second_pass_comes_after_every_time_of_the_first() -> None:
    line = Timetable(ScheduleKind.CRON, "02:00", OSLO, cron_line="*/20 * * * *")
    first_pass = datetime(2026, 10, 25, 0, tzinfo=UTC)
    names = ["02:00+0200", "02:20+0200", "02:40+0200", "02:00+0100", "02:20+0100", "02:40+0100", "03:00+0100"]
    assert next_slots(line, first_pass - INSTANT, 7) == [
        Slot(f"2026-10-25T{name}", first_pass + number * timedelta(minutes=20))
        for number, name in enumerate(names)
    ]


def test_a_time_the_clocks_jump_over_into_the_next_day_still_runs_for_its_own_date() -> None:
    # In Nuuk they go from eleven at night to midnight, and the last Saturday of March has no last hour.
    daily = Timetable(ScheduleKind.DAILY, "23:30", "America/Nuuk")
    noon = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert next_slots(daily, noon, 2) == [
        Slot("2026-03-28T23:30", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        Slot("2026-03-29T23:30", datetime(2026, 3, 30, 0, 30, tzinfo=UTC)),
    ]
