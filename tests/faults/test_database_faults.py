"""What befalls the SQLite file: no room, no right to write, somebody else who does not let go of it."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.claims import claim
from faults.campaign import calm, fresh
from faults.installation import Installation
from faults.ledger import LedgerView, judge
from faults.processes import Workers, workers
from faults.systems import rest
from faults.waiting import until
from integration_admin.core.statuses import DeliveryState

RECORDS = 60
LATENCY_SECONDS = 0.05
ANSWER_SECONDS = 5.0
"""So much later the answers come that somebody else has the file by then."""


@pytest.fixture
async def installation(found: dict[str, Any], tmp_path: Path) -> AsyncIterator[Installation]:
    system = rest(found["generic_rest"], batch_size=10)
    ledger = calm(system)
    async with fresh(system, tmp_path) as fresh_installation:
        await fresh_installation.receive([claim(number, 2) for number in range(1, RECORDS + 1)])
        ledger.set_latency(LATENCY_SECONDS)
        yield fresh_installation


@pytest.fixture
def file(installation: Installation) -> Path:
    return Path(installation.application.database.path)


def files_of(database: Path) -> list[Path]:
    """The database with its write-ahead log and index."""
    return [path for path in database.parent.iterdir() if path.name.startswith(database.name)]


async def finish(installation: Installation, pool: Workers) -> None:
    """Let a healthy worker finish, and compare."""
    pool.start(installation.plan)
    await installation.until_at_rest()
    judgement = judge(await installation.kept(), LedgerView(installation.plan.system).entries())
    assert judgement.clean, judgement
    assert judgement.records == RECORDS


async def until_sending(installation: Installation) -> None:
    async def sending() -> bool:
        return DeliveryState.SENDING in (await installation.progress()).states

    await until(sending)


async def until_logged(installation: Installation, words: str) -> None:
    async def logged() -> bool:
        return installation.plan.log.exists() and words in installation.plan.log.read_text()

    await until(logged, 60)


@pytest.mark.parametrize("room", [1, 2, 3])
async def test_a_full_disk_loses_nothing(installation: Installation, file: Path, room: int) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    await installation.press_synchronise()
    with workers() as pool:
        worker = pool.start(replace(installation.plan, most_pages=pages + room))
        await until_logged(installation, "database or disk is full")
        pool.kill(worker)
        await finish(installation, pool)


async def test_a_file_that_cannot_grow_loses_nothing(installation: Installation, file: Path) -> None:
    await installation.press_synchronise()
    # What is written goes into the log first, which is smaller than the database itself.
    most = file.with_name(f"{file.name}-wal").stat().st_size + 100_000
    with workers() as pool:
        worker = pool.start(replace(installation.plan, most_file_bytes=most))
        await until_logged(installation, "disk I/O error")
        pool.kill(worker)
        await finish(installation, pool)


async def test_a_file_somebody_else_is_writing_to_is_waited_for(
    installation: Installation, file: Path
) -> None:
    ledger = LedgerView(installation.plan.system)
    ledger.set_latency(ANSWER_SECONDS)
    with workers() as pool, contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        pool.start(installation.plan)
        await installation.press_synchronise()
        await until_sending(installation)
        other.execute("BEGIN IMMEDIATE")
        # The answers come, and the product waits ten seconds to write them down.
        await until_logged(installation, "database is locked")
        other.execute("ROLLBACK")
        ledger.set_latency(LATENCY_SECONDS)
        await finish(installation, pool)


async def test_a_read_only_file_sends_nothing(installation: Installation, file: Path) -> None:
    await installation.press_synchronise()
    for path in files_of(file):
        path.chmod(0o444)
    with workers() as pool:
        worker = pool.start(replace(installation.plan, obeys_modes=True))
        await until_logged(installation, "run_broke")
        (pool.kill if worker.alive else pool.forget)(worker)
        assert LedgerView(installation.plan.system).entries() == []
        for path in files_of(file):
            path.chmod(0o600)
        await finish(installation, pool)
