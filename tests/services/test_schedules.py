"""What may be set as a schedule, and what is said about it."""

import pytest

from integration_admin.core.errors import InvalidInput
from integration_admin.core.statuses import ScheduleKind
from integration_admin.services.timetable import Timetable, read_timetable
from tests.services.conftest import Engine


@pytest.mark.parametrize(
    ("kind", "at", "time_zone", "field"),
    [
        ("yearly", "02:00", "Europe/Oslo", "kind"),
        ("daily", "0000002:00", "Europe/Oslo", "at"),
        ("daily", "02:00", "Nowhere/Gone", "time_zone"),
    ],
)
async def test_a_schedule_that_could_never_run_is_refused_by_its_field(
    engine: Engine, kind: str, at: str, time_zone: str, field: str
) -> None:
    integration = await engine.configuration.begin(engine.actor, "xledger")
    with pytest.raises(InvalidInput) as refused:
        await engine.schedules.save(engine.actor, integration, 1, read_timetable(kind, at, time_zone))
    assert list(refused.value.fields) == [field]
    assert not (await engine.schedules.get(engine.actor, integration)).saved


async def test_a_manual_schedule_promises_nothing(engine: Engine) -> None:
    integration = await engine.set_up(kind="manual")
    assert (await engine.schedules.get(engine.actor, integration)).next_slots == ()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ({"kind": "weekly", "day": "3"}, "2026-11-25T02:00"),
        ({"kind": "monthly", "day": "0"}, "2026-11-30T02:00"),
        ({"kind": "cron", "cron_line": "30 6 * * 1-5"}, "2026-11-23T06:30"),
        ({"kind": "hourly", "at": "00:20"}, "2026-11-21T13:20+0100"),
    ],
)
async def test_what_is_saved_is_what_is_read_and_previewed(
    engine: Engine, typed: dict[str, str], first: str
) -> None:
    integration = await engine.set_up(**typed)
    view = await engine.schedules.get(engine.actor, integration)
    wanted = read_timetable(**({"at": "02:00", "time_zone": "Europe/Oslo"} | typed))
    assert (view.timetable, view.saved, view.zone_known, view.missed_since) == (wanted, True, True, None)
    assert len(view.next_slots) == 5
    assert view.next_slots[0].local_time == first
    assert engine.schedules.preview(wanted) == list(view.next_slots)


async def test_daily_at_two_in_the_organisations_zone_is_proposed(engine: Engine) -> None:
    integration = await engine.configuration.begin(engine.actor, "xledger")
    view = await engine.schedules.get(engine.actor, integration)
    assert view.timetable == read_timetable("daily", "02:00", "Europe/Oslo")
    assert (view.saved, len(view.next_slots)) == (False, 5)


async def test_a_timetable_made_in_code_is_checked_too(engine: Engine) -> None:
    integration = await engine.configuration.begin(engine.actor, "xledger")
    impossible = Timetable(ScheduleKind.WEEKLY, "02:00", "Europe/Oslo", day=9)
    with pytest.raises(InvalidInput):
        await engine.schedules.save(engine.actor, integration, 1, impossible)
    with pytest.raises(InvalidInput):
        engine.schedules.preview(impossible)
