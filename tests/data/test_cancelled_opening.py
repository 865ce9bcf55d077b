"""Whoever is cancelled while a connection opens leaves none behind: its file and its lock would stay."""

import asyncio
import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_admin.data.database import Database
from integration_admin.data.migrations import upgrade

STEPS = range(0, 120, 7)


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'integration.db'}"
    upgrade(url)
    return url


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield


@pytest.mark.parametrize("times", [1, 2])
async def test_the_first_use_cancelled_at_any_step_leaves_no_connection(url: str, times: int) -> None:
    outcomes = set()
    for steps in STEPS:
        database = Database(url)
        outcomes.add(await _cancelled(database, steps, times))
        await database.close()
    del database
    gc.collect()
    assert False in outcomes, "nothing was cancelled"


@pytest.mark.parametrize("times", [1, 2])
async def test_one_more_connection_cancelled_at_any_step_leaves_none(url: str, times: int) -> None:
    outcomes = set()
    for steps in STEPS:
        database = Database(url)
        async with database.system() as system:
            await system.organisations()
            outcomes.add(await _cancelled(database, steps, times))
        await database.close()
    del database, system
    gc.collect()
    assert False in outcomes, "nothing was cancelled"


async def _cancelled(database: Database, steps: int, times: int) -> bool:
    """Cancel a question after so many steps, `times` times; return whether it got through before."""
    task = asyncio.create_task(_ask(database))
    for _ in range(steps):
        # The connection's thread goes its own way, so that each step is met with it here or there.
        await asyncio.sleep(0.0002 * (steps % 2))
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    return outcome is None


async def _ask(database: Database) -> None:
    async with database.system() as system:
        await system.organisations()
