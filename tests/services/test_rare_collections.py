"""The garbage collector looks rarely while exports run, and as often as ever afterwards."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role, RunState
from integration_admin.data.database import Database
from integration_admin.services.rare_collections import collecting_rarely
from tests.builders import save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

USUAL = (700, 10, 10)


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*USUAL)
    yield
    gc.set_threshold(*before)


def is_rare() -> bool:
    first, *others = gc.get_threshold()
    return first > 10 * USUAL[0] and tuple(others) == USUAL[1:]


def test_collections_are_rare_only_inside_the_block() -> None:
    with collecting_rarely():
        assert is_rare()
    assert gc.get_threshold() == USUAL


def test_the_last_of_several_blocks_puts_it_back_whichever_ends_first() -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(collecting_rarely())
    second.enter_context(collecting_rarely())
    first.close()
    assert is_rare()
    second.close()
    assert gc.get_threshold() == USUAL


def test_a_block_that_fails_puts_it_back_too() -> None:
    with pytest.raises(RuntimeError), collecting_rarely():
        raise RuntimeError
    assert gc.get_threshold() == USUAL


@pytest.mark.parametrize("chosen", [(0, 10, 10), (50_000, 5, 5)])
def test_who_wants_them_rarer_still_or_not_at_all_is_left_alone(chosen: tuple[int, int, int]) -> None:
    gc.set_threshold(*chosen)
    with collecting_rarely():
        assert gc.get_threshold() == chosen
    assert gc.get_threshold() == chosen


async def test_an_export_has_them_rare_and_they_are_as_usual_after_it(
    sqlite_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> None:
    seen: list[bool] = []

    def booking(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        seen.append(is_rare())
        return book_all(adapter, batch)

    organisation = await save_organisation(sqlite_database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(booking), actor)
    integration = await engine.set_up()
    await engine.receive(3)
    run = await engine.sync(integration)
    assert (run.state, seen) == (RunState.SUCCEEDED, [True])
    assert gc.get_threshold() == USUAL
