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
        await unit.schedules.win_slot(schedule.id, "2026-11-23T02:00", START)
        assert await unit.schedules.dates_done(schedule.id, "2026-11-22") == frozenset()
        await unit.schedules.win_slot(schedule.id, SLOT, START, run.id)
        assert await unit.schedules.dates_done(schedule.id, "2026-11-22") == {"2026-11-22"}
        assert await unit.schedules.dates_done(schedule.id, "2026-11-23") == frozenset()


async def test_a_slot_remembers_its_run(database: Database) -> None:
    schedule = await planned(database)
    run = await save_run(database, schedule.organisation_id, schedule.integration_id)
    async with database.write(schedule.organisation_id) as unit:
        await unit.schedules.win_slot(schedule.id, SLOT, START, run.id)
        await unit.schedules.win_slot(schedule.id, "2026-11-21T02:00", START)
        assert await unit.schedules.used_slots(schedule.id, "2026-11-22") == {SLOT: run.id}
        assert len(await unit.schedules.used_slots(schedule.id, "2026-11-21")) == 2
    slot, _ = (await everything_of(database, schedule.organisation_id))["schedule_slots"]
    assert (slot.run_id, slot.local_time, slot.due_at) == (run.id, SLOT, START)


async def test_how_far_slots_are_computed_is_changed_only_by_whoever_saw_it_last(database: Database) -> None:
    schedule = await planned(database)
    later, before = START + timedelta(hours=1), START - timedelta(hours=1)
    async with database.write(schedule.organisation_id) as unit:
        assert await unit.schedules.checked(schedule.id, START, later)
        assert not await unit.schedules.checked(schedule.id, START, before)
        stored = await unit.schedules.get(schedule.integration_id)
        assert stored is not None
        assert (stored.checked_until, stored.kind, stored.enabled) == (later, ScheduleKind.DAILY, True)
        assert await unit.schedules.checked(schedule.id, later, before)
    async with database.system() as system:
        assert await system.schedules_checked([schedule.id]) == {schedule.id: before}
        assert await system.schedules_checked([]) == {}


async def test_a_question_is_asked_once_and_closed_once(database: Database) -> None:
    schedule = await planned(database)
    async with database.write(schedule.organisation_id) as unit:
        assert not await unit.schedules.close_question(schedule.id)
        await unit.schedules.ask(schedule.id, START)
        await unit.schedules.ask(schedule.id, START + timedelta(days=7))
        asked = await unit.schedules.get(schedule.integration_id)
        assert asked is not None
        assert asked.missed_since == START
        assert await unit.schedules.close_question(schedule.id)
        assert not await unit.schedules.close_question(schedule.id)


async def test_whoever_finds_the_turn_taken_does_not_wait(postgresql_database: Database) -> None:
    database = postgresql_database
    schedule = await planned(database)
    other = await save_integration(database, schedule.organisation_id)
    async with (
        database.write(schedule.organisation_id) as first,
        database.write(schedule.organisation_id) as second,
    ):
        taken = await first.schedules.take_turn(schedule.integration_id)
        assert taken is not None
        assert taken.id == schedule.integration_id
        # Who waited would do so until the first one ends, which is after this.
        async with asyncio.timeout(20):
            assert await second.schedules.take_turn(schedule.integration_id) is None
            assert await second.schedules.take_turn(other.id) is not None
    async with database.write(schedule.organisation_id) as third:
        assert await third.schedules.take_turn(schedule.integration_id) is not None


async def test_a_removed_schedule_is_gone_with_its_slots(database: Database) -> None:
    schedule = await planned(database)
    async with database.write(schedule.organisation_id) as unit:
        await unit.schedules.win_slot(schedule.id, SLOT, START)
        await unit.schedules.remove(schedule.integration_id)
        assert await unit.schedules.get(schedule.integration_id) is None
    stored = await everything_of(database, schedule.organisation_id)
    assert (stored["schedules"], stored["schedule_slots"]) == ([], [])
