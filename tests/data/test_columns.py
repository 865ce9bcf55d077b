"""Column types give back what they were given, the same on both engines."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from faults.looking import looking
from integration_admin.core.statuses import IntegrationState, Role, RunState
from integration_admin.data.database import Database
from tests.builders import make_member, make_run, save_integration, save_organisation
from tests.data.worlds import make_schedule
from tests.fakes import START

OSLO = ZoneInfo("Europe/Oslo")


async def stored_at(database: Database, at: datetime) -> datetime:
    """Store an instant and return what is read back."""
    organisation = await save_organisation(database)
    async with database.write(organisation.id) as unit:
        await unit.audit.add(at, "Alice", "look")
    async with database.read(organisation.id) as unit:
        return (await unit.audit.latest())[0].at


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 7, 1, 14, 30, 15, 123456, tzinfo=OSLO),
        datetime(2026, 10, 25, 2, 30, tzinfo=OSLO, fold=0),
        datetime(2026, 10, 25, 2, 30, tzinfo=OSLO, fold=1),
        datetime(2026, 11, 21, tzinfo=UTC),
    ],
)
async def test_an_instant_comes_back_as_the_same_instant_in_utc(database: Database, at: datetime) -> None:
    back = await stored_at(database, at)
    assert back == at.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="must be aware"):
        await stored_at(database, START.replace(tzinfo=None))


async def test_a_time_without_a_zone_is_refused_in_a_question_too(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    with pytest.raises(StatementError, match="must be aware"):
        async with database.read(organisation.id) as unit:
            await unit.deliveries.unknown_due(integration.id, START.replace(tzinfo=None), 0, 1)


async def test_instants_compare_as_instants_whatever_zone_they_were_given_in(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    schedule = make_schedule(integration.id, checked_until=datetime(2026, 11, 21, 12, 30, tzinfo=OSLO))
    async with database.write(organisation.id) as unit:
        await unit.schedules.put(schedule)
        seen, until = (datetime(2026, 11, 21, *time, tzinfo=UTC) for time in ((11, 30), (12, 0)))
        assert await unit.schedules.checked(schedule.id, seen, until)
        read = await unit.schedules.get(integration.id)
    assert read is not None
    assert read.checked_until == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def test_words_come_back_as_members_of_their_enumeration(database: Database) -> None:
    organisation = await save_organisation(database, make_member("Bob"))
    integration = await save_integration(database, organisation.id, state="paused")
    async with database.read(organisation.id) as unit:
        assert (await unit.organisations.members())[0].role is Role.VIEWER
        assert (await unit.integrations.get(integration.id)).state is IntegrationState.PAUSED


async def test_a_word_the_enumeration_lacks_is_refused(database: Database) -> None:
    organisation = await save_organisation(database)
    integration = await save_integration(database, organisation.id)
    with pytest.raises(StatementError, match="lost"):
        async with database.write(organisation.id) as unit:
            await unit.runs.add(make_run(integration.id, state="lost"))
    async with database.write(organisation.id) as unit:
        await unit.runs.add(make_run(integration.id, state=RunState.QUEUED))


@pytest.mark.parametrize(
    "value", [{}, {"word": "Æ, ø og 北"}, {"amount": 41_200_000_000, "list": [1, None, {"deep": True}]}]
)
async def test_json_comes_back_as_it_was(database: Database, value: dict[str, Any]) -> None:
    organisation = await save_organisation(database)
    saved = await save_integration(database, organisation.id, settings=value)
    async with database.read(organisation.id) as unit:
        back = (await unit.integrations.get(saved.id)).settings
    # PostgreSQL's JSONB keeps no order of keys, and nothing may depend on one.
    assert json.dumps(back, sort_keys=True) == json.dumps(value, sort_keys=True)


async def test_no_message_is_null_to_the_database_not_a_json_null(database: Database) -> None:
    organisation = await save_organisation(database)
    saved = await save_integration(database, organisation.id, stop_message={"template": "Stopped."})
    async with database.write(organisation.id) as unit:
        await unit.integrations.note(saved.id, stop_message=None)
    await save_integration(database, organisation.id)
    await save_integration(database, organisation.id, stop_message=None)
    async with looking(database) as connection:
        count = text("SELECT count(*) FROM integrations WHERE stop_message IS NULL")
        assert await connection.scalar(count) == 3
