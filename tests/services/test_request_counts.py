"""Requests are counted by the calendar month and written down once for each piece of work."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.delivery_rules import FIRST_LOOK
from integration_admin.services.request_counts import RequestsThisMonth, RequestTally, counted, write_requests
from tests.builders import save_organisation
from tests.services.books_later import BooksLater
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


@pytest.fixture
async def engine(database: Database, new_engine: NewEngine) -> Engine:
    organisation = await save_organisation(database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    return new_engine(database, BooksLater(included=10), actor)


async def requests(engine: Engine, integration: uuid.UUID) -> RequestsThisMonth:
    found = (await engine.health.of(engine.actor, integration)).requests
    assert found is not None
    return found


async def add(engine: Engine, integration: uuid.UUID, count: int, at: datetime | None = None) -> None:
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await write_requests(unit, integration, RequestTally(count), at or engine.clock.now())


async def test_a_run_and_what_follows_it_are_counted(engine: Engine) -> None:
    integration = await engine.set_up()
    assert await requests(engine, integration) == RequestsThisMonth(0, 10)
    await engine.receive(12)
    await engine.sync(integration)
    assert await requests(engine, integration) == RequestsThisMonth(2, 10)
    engine.clock.advance(FIRST_LOOK)
    await engine.follow_up.tick()
    assert await requests(engine, integration) == RequestsThisMonth(6, 10)


async def test_a_new_month_begins_at_none_by_the_organisations_clocks(engine: Engine) -> None:
    integration = await engine.set_up()
    november = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    engine.clock.advance(november - engine.clock.now())
    await add(engine, integration, 4)
    assert (await requests(engine, integration)).sent == 4
    engine.clock.advance(timedelta(minutes=1))
    assert (await requests(engine, integration)).sent == 0
    await add(engine, integration, 3)
    assert (await requests(engine, integration)).sent == 3


async def test_what_comes_late_from_the_month_before_does_not_begin_it_again(engine: Engine) -> None:
    integration = await engine.set_up()
    await add(engine, integration, 5, datetime(2026, 12, 1, 12, tzinfo=UTC))
    await add(engine, integration, 2, datetime(2026, 11, 30, 12, tzinfo=UTC))
    engine.clock.advance(datetime(2026, 12, 2, tzinfo=UTC) - engine.clock.now())
    assert (await requests(engine, integration)).sent == 7


async def test_what_fails_half_way_is_counted_all_the_same(engine: Engine) -> None:
    integration = await engine.set_up()

    async def fail() -> None:
        async with counted(engine.database, engine.clock, engine.actor.organisation_id, integration) as meter:
            meter.count()
            raise AdapterError(msg("Down."), Fault.UPSTREAM)

    with pytest.raises(AdapterError):
        await fail()
    assert (await requests(engine, integration)).sent == 1


@pytest.mark.parametrize(
    ("sent", "said"), [(0, None), (79, None), (80, "Most of"), (100, "Most of"), (101, "More requests")]
)
def test_a_person_is_warned_before_the_months_requests_run_out(sent: int, said: str | None) -> None:
    warning = RequestsThisMonth(sent, 100).warning
    assert (warning is None) if said is None else str(warning).startswith(said)
