"""What may be set as a schedule, and what is said about it."""

import pytest

from integration_admin.core.errors import InvalidInput
from integration_admin.services.timetable import read_timetable
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
