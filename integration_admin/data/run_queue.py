"""Hands runs from whoever asks for one to whoever carries it out.

What every queue promises, and the queue inside one process, live here; data/job_queue.py has the one in
PostgreSQL. What a run does is services/sync_runner.py's business.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)

CONCURRENCY = 4
"""How many runs one process carries out at a time, each of another integration."""


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run somebody shall carry out."""

    organisation_id: uuid.UUID
    run_id: uuid.UUID


CarryOut = Callable[[QueuedRun], Awaitable[None]]


class RunQueue(Protocol):
    """Takes runs to carry out."""

    async def put(self, run: QueuedRun) -> None:
        """Queue a run whose row is committed; putting it twice is harmless."""
        ...


class WorkQueue(RunQueue, Protocol):
    """A run queue seen from the process that empties it.

    Whatever is lost with a queue is found again: the run rows are the truth, and the scheduler's tick
    queues every unfinished run that nobody holds.
    """

    async def work(self, carry_out: CarryOut, concurrency: int = CONCURRENCY) -> None:
        """Carry out runs, `concurrency` of them at a time, until cancelled."""
        ...

    async def tidy(self) -> None:
        """Remove what processes that died have left in the queue."""
        ...

    async def close(self) -> None:
        """Give back what the queue has opened."""
        ...


class LocalRunQueue:
    """Carries runs out in the process that queued them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[QueuedRun] = asyncio.Queue()
        self._pending: set[uuid.UUID] = set()

    async def put(self, run: QueuedRun) -> None:
        """Queue a run unless it is queued or being carried out here already."""
        if run.run_id in self._pending:
            return
        self._pending.add(run.run_id)
        self._queue.put_nowait(run)

    async def work(self, carry_out: CarryOut, concurrency: int = CONCURRENCY) -> None:
        """Carry out runs, `concurrency` of them at a time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(self._work_off(carry_out))

    async def tidy(self) -> None:
        """Do nothing: this queue dies with its process."""

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    async def _work_off(self, carry_out: CarryOut) -> None:
        while True:
            run = await self._queue.get()
            try:
                await attempt(carry_out, run)
            finally:
                self._pending.discard(run.run_id)


def first_line(error: Exception) -> str:
    """Return what an error says first; databases quote rows in the lines after it."""
    return str(error).split("\n", 1)[0][:300]


async def attempt(carry_out: CarryOut, run: QueuedRun) -> None:
    """Carry out a run; one that breaks is logged and must not end the others' worker."""
    try:
        await carry_out(run)
    except Exception as error:  # noqa: BLE001, whatever is wrong with this run, the next one's turn must come
        _log.error("run_broke", run=str(run.run_id), error=type(error).__name__, reason=first_line(error))
