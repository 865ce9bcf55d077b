"""A database an older release has worked with, in the middle of everything: nothing is lost, and the export goes on."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, inspect, text

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, Role
from integration_admin.data import migrations
from integration_admin.data.database import Database
from tests.builders import save_organisation
from tests.data.moving import move_to
from tests.data.worlds import fill
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]
Columns = dict[str, list[str]]
FATES = {
    "EC-1": Result.DELIVERED,
    "EC-2": Result.REJECTED,
    "EC-3": Result.NOT_SENT,
    "EC-4": Result.UNKNOWN,
    "EC-5": Result.UNKNOWN,
    "EC-6": Result.NEEDS_PERSON,
}
BOOKED = {"EC-1", "EC-4"}
"""What was booked of these; nobody was told of the second one."""


class Dies(BaseException):
    """Stands for the process's end: nothing in the runner handles it."""


def each_its_fate(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
    booked = {voucher.record_id: adapter.book(voucher) for voucher in batch if voucher.record_id in BOOKED}
    return [
        booked[voucher.record_id]
        if FATES[voucher.record_id] is Result.DELIVERED
        else Outcome(
            voucher.reference,
            FATES[voucher.record_id],
            fault=Fault.UPSTREAM,
            message=msg("Something is wrong."),
        )
        for voucher in batch
    ]


def book_one_and_die(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
    adapter.book(batch[0])
    raise Dies


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database that may be migrated down, once on each engine."""
    new: Callable[[], str] = request.getfixturevalue(f"new_{request.param}_url")
    return new()


@pytest.fixture
async def engine(url: str, new_engine: NewEngine) -> AsyncIterator[Engine]:
    database = Database(url)
    organisation = await save_organisation(database, features=["xledger"])
    yield new_engine(database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR))
    await database.close()


async def in_the_middle(engine: Engine) -> uuid.UUID:
    """Leave records in every state, one that was never looked at, and a run whose process died."""
    integration = await engine.set_up()
    await engine.receive(len(FATES))
    engine.adapter.behaviour = each_its_fate
    await engine.sync(integration)
    await engine.receive(2, first=7)
    engine.adapter.behaviour = book_one_and_die
    run = await engine.runs.start(engine.actor, integration)
    with pytest.raises(Dies):
        await engine.runner.carry_out(engine.actor.organisation_id, run.id)
    await engine.receive(1, first=9)
    engine.adapter.behaviour = book_all
    assert await counts(engine, integration) == {
        DeliveryState.DELIVERED: 1,
        DeliveryState.REJECTED: 1,
        DeliveryState.RETRY_WAIT: 1,
        DeliveryState.UNKNOWN: 2,
        DeliveryState.NEEDS_PERSON: 1,
        DeliveryState.SENDING: 2,
    }
    return integration


async def counts(engine: Engine, integration: uuid.UUID) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration)


async def fill_every_table(engine: Engine) -> None:
    """Put another organisation beside it that has a row everywhere and exports nothing."""
    world = await fill(engine.database, "Bea")
    async with engine.database.write(world.id) as unit:
        (await unit.integrations.get(world.integration.id)).state = IntegrationState.PAUSED


def columns_of(connection: Connection) -> Columns:
    """Return the tables and columns an older release knows, except what a migration changes on purpose."""
    found = inspect(connection)
    return {
        table: [column["name"] for column in found.get_columns(table) if column["name"] != "kinds"]
        for table in found.get_table_names()
        if not table.startswith(("alembic", "procrastinate"))
    }


def rows_of(connection: Connection, columns: Columns) -> dict[str, list[str]]:
    """Return what stands in these columns."""
    quote = connection.dialect.identifier_preparer.quote
    found = {}
    for table, names in columns.items():
        statement = text(f"SELECT {', '.join(map(quote, names))} FROM {table}")  # noqa: S608, names of our own
        found[table] = sorted(repr(tuple(row)) for row in connection.execute(statement))
    return found


@pytest.mark.parametrize("revision", ["0001", "0009", "0016"])
async def test_what_an_older_release_has_left_is_all_there_and_goes_out_once(
    engine: Engine, url: str, new_engine: NewEngine, revision: str
) -> None:
    integration = await in_the_middle(engine)
    await fill_every_table(engine)
    await engine.database.close()
    move_to(url, revision)
    with migrations.schema_connection(url) as connection:
        columns = columns_of(connection)
        before = rows_of(connection, columns)
    assert all(before[table] for table in ("members", "credentials", "runs", "schedules", "value_maps"))
    move_to(url, "head")
    with migrations.schema_connection(url) as connection:
        assert rows_of(connection, columns) == before

    successor = new_engine(engine.database, engine.adapter, engine.actor)
    assert (await successor.credentials.test(engine.actor, integration)).passed
    for _ in range(4):
        await successor.scheduler.tick()
        await successor.work_off()
        successor.clock.advance(timedelta(hours=1))
    await successor.sync(integration)
    booked = Counter(voucher.record_id for voucher in engine.adapter.ledger)
    assert booked == Counter(f"EC-{number}" for number in (1, 3, 4, 5, 7, 8, 9))
    assert await counts(successor, integration) == {
        DeliveryState.DELIVERED: 7,
        DeliveryState.REJECTED: 1,
        DeliveryState.NEEDS_PERSON: 1,
    }
