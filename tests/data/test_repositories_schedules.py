"""A slot is won once, and schedules remember how far they have come."""

import asyncio
from datetime import timedelta

from integration_admin.core.statuses import ScheduleKind
from integration_admin.data.database import Database
from integration_admin.data.models import Schedule
from tests.builders import save_integration, save_organisation, save_run
from tests.data.worlds import everything_of, make_schedule
from tests.fakes import START

SLOT = "2026-11-22T02:00"
TASKS = 20


async def planned(database: Database) -> Schedule:
    """Store an integration with a schedule."""
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    schedule = make_schedule(integration.id)
    async with database.write(organisation.id) as unit:
        await unit.schedules.put(schedule)
    return schedule


async def test_of_many_who_want_a_slot_exactly_one_wins(database: Database) -> None:
    schedule = await planned(database)

    async def try_to_win() -> bool:
        async with database.write(schedule.organisation_id) as unit:
            return await unit.schedules.win_slot(schedule.id, SLOT, START)

    answers = await asyncio.gather(*(try_to_win() for _ in range(TASKS)))
    assert sorted(answers) == [False] * (TASKS - 1) + [True]
    stored = await everything_of(database, schedule.organisation_id)
    assert len(stored["schedule_slots"]) == 1


async def test_every_slot_has_its_own_winner(database: Database) -> None:
    schedule = await planned(database)
    async with database.write(schedule.organisation_id) as unit:
        assert await unit.schedules.win_slot(schedule.id, SLOT, START)
        assert await unit.schedules.win_slot(schedule.id, "2026-11-22T03:00", START)
        assert not await unit.schedules.win_slot(schedule.id, SLOT, START)


async def test_a_slot_is_free_again_when_its_winner_failed(database: Database) -> None:
    schedule = await planned(database)

    async def win_and_fail() -> None:
        async with database.write(schedule.organisation_id) as unit:
            assert await unit.schedules.win_slot(schedule.id, SLOT, START)
            raise TimeoutError

    (error,) = await asyncio.gather(win_and_fail(), return_exceptions=True)
    assert isinstance(error, TimeoutError)
    async with database.write(schedule.organisation_id) as unit:
        assert await unit.schedules.win_slot(schedule.id, SLOT, START)


async def test_a_date_is_done_once_its_slot_became_a_run(database: Database) -> None:
    schedule = await planned(database)
    run = await save_run(database, schedule.organisation_id, schedule.integration_id)
    async with database.write(schedule.organisation_id) as unit:
        await unit.schedules.win_slot(schedule.id, SLOT, START)
        assert not await unit.schedules.has_slot_on(schedule.id, "2026-11-22")
        await unit.schedules.attach_run(schedule.id, SLOT, run.id)
        assert await unit.schedules.has_slot_on(schedule.id, "2026-11-22")
        assert not await unit.schedules.has_slot_on(schedule.id, "2026-11-23")
        assert not await unit.schedules.has_slot_on(schedule.id, "2026-11-2_")
        assert await unit.schedules.dates_done(schedule.id, "2026-11-22") == {"2026-11-22"}
        assert await unit.schedules.dates_done(schedule.id, "2026-11-23") == frozenset()


async def test_a_slot_remembers_its_run(database: Database) -> None:
    schedule = await planned(database)
    run = await save_run(database, schedule.organisation_id, schedule.integration_id)
    async with database.write(schedule.organisation_id) as unit:
        await unit.schedules.win_slot(schedule.id, SLOT, START)
        await unit.schedules.attach_run(schedule.id, SLOT, run.id)
    (slot,) = (await everything_of(database, schedule.organisation_id))["schedule_slots"]
    assert (slot.run_id, slot.local_time, slot.due_at) == (run.id, SLOT, START)


async def test_how_far_slots_are_computed_never_moves_back(database: Database) -> None:
    schedule = await planned(database)
    later = START + timedelta(hours=1)
    async with database.write(schedule.organisation_id) as unit:
        await unit.schedules.checked(schedule.id, later)
        await unit.schedules.checked(schedule.id, START)
        stored = await unit.schedules.get(schedule.integration_id)
    assert stored is not None
    assert (stored.checked_until, stored.kind, stored.enabled) == (later, ScheduleKind.DAILY, True)


async def test_a_removed_schedule_is_gone_with_its_slots(database: Database) -> None:
    schedule = await planned(database)
    async with database.write(schedule.organisation_id) as unit:
        await unit.schedules.win_slot(schedule.id, SLOT, START)
        await unit.schedules.remove(schedule.integration_id)
        assert await unit.schedules.get(schedule.integration_id) is None
    stored = await everything_of(database, schedule.organisation_id)
    assert (stored["schedules"], stored["schedule_slots"]) == ([], [])
