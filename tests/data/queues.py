"""Runs that go on until a test lets them end, and workers that carry them out."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from integration_admin.data.run_queue import CarryOut, QueuedRun, WorkQueue


@dataclass
class Runner:
    """Carries runs out once it may go on, and remembers them in the order they began and ended."""

    begun: list[QueuedRun] = field(default_factory=list)
    ended: list[QueuedRun] = field(default_factory=list)
    at_a_time: int = 0
    most_at_a_time: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry_out(self, run: QueuedRun) -> None:
        """Run until told to go on."""
        self.begun.append(run)
        self.at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self.at_a_time)
        try:
            await self.go_on.wait()
            self.ended.append(run)
        finally:
            self.at_a_time -= 1

    async def has_begun(self, count: int, seconds: float = 20.0) -> None:
        await until(lambda: len(self.begun) >= count, seconds)

    async def has_ended(self, count: int, seconds: float = 20.0) -> None:
        await until(lambda: len(self.ended) >= count, seconds)

    async def has_had(self, run: QueuedRun, seconds: float = 20.0) -> None:
        await until(lambda: run in self.ended, seconds)


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until what nobody tells of is so; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110, other processes and the database set no event here
            await asyncio.sleep(0.005)


def a_run() -> QueuedRun:
    """Return a run nobody has heard of."""
    return QueuedRun(uuid.UUID(int=1), uuid.uuid4())


@asynccontextmanager
async def working(
    queue: WorkQueue, carry_out: CarryOut, concurrency: int = 4
) -> AsyncIterator["asyncio.Task[None]"]:
    """Empty a queue until the block ends, as a worker process does."""
    task = asyncio.create_task(queue.work(carry_out, concurrency))
    try:
        yield task
    finally:
        await stop(task)


async def stop(task: "asyncio.Task[None]") -> None:
    """Stop a worker as a termination signal does, and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
