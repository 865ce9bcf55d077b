"""However many claims wait, an export holds a few batches of them in memory and no more."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence

import pytest

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from tests.builders import save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter

FEW, MANY = 1_000, 2_000
"""Claims are taken up by 500, and the next 500 while the last of those before are under way."""


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def forget(_adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
    """Say that everything is booked, and keep none of it."""
    return [Outcome(voucher.reference, Result.DELIVERED, external_id="F-1") for voucher in batch]


async def peak_of_export(engine: Engine, integration: object, count: int, first: int) -> int:
    """Return how many bytes an export of `count` claims held at once at the most."""
    await engine.receive(count, first)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    run = await engine.sync(integration)
    assert run.delivered == count
    return tracemalloc.get_traced_memory()[1] - before


@pytest.mark.usefixtures("traced")
async def test_twice_the_claims_take_no_more_memory(
    sqlite_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> None:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(forget, batch_size=100), actor)
    engine.adapter.sent = _Nowhere()
    integration = await engine.set_up()
    await peak_of_export(engine, integration, 100, first=1)

    few = await peak_of_export(engine, integration, FEW, first=1_000)
    many = await peak_of_export(engine, integration, MANY, first=10_000)

    assert many < 1.25 * few


class _Nowhere(list[list[str]]):
    """A list that stays empty: what the fake notes down must not count as the engine's memory."""

    def append(self, _batch: list[str], /) -> None: ...
