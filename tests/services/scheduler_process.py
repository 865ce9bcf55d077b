"""A scheduler in a process of its own: ticks once at a given instant and prints the runs it queued.

Arguments: the database's address and the instant, in ISO form. It waits for a line on stdin before it ticks.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from integration_admin.data.database import Database
from integration_admin.data.locks import FileLocks
from integration_admin.data.run_queue import QueuedRun
from integration_admin.services.runs import Runs
from integration_admin.services.sync_scheduler import SyncScheduler
from tests.fakes import FakeClock


@dataclass
class NotingQueue:
    """Remembers what was put on it."""

    queued: list[QueuedRun] = field(default_factory=list)

    async def put(self, run: QueuedRun) -> None:
        self.queued.append(run)


def make_scheduler(database: Database, clock: FakeClock, queue: NotingQueue, locks: Path) -> SyncScheduler:
    """Put a scheduler together that shares nothing with others but the database."""
    return SyncScheduler(database, Runs(database, queue, clock), queue, FileLocks(locks), clock)


async def tick(url: str, instant: datetime) -> list[QueuedRun]:
    """Tick once and return the runs this process queued."""
    database, queue = Database(url), NotingQueue()
    with tempfile.TemporaryDirectory() as folder:
        scheduler = make_scheduler(database, FakeClock(instant), queue, Path(folder))
        async with database.system() as system:
            await system.reachable()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        await scheduler.tick()
        await database.close()
    return queue.queued


if __name__ == "__main__":
    for run in asyncio.run(tick(sys.argv[1], datetime.fromisoformat(sys.argv[2]))):
        sys.stdout.write(f"{run.run_id}\n")
