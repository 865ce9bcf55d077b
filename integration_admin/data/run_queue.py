"""Hands runs from whoever asks for one to whoever carries it out.

Only the queue inside one process lives here; what a run does is services/sync_runner.py's business.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run somebody shall carry out."""

    organisation_id: uuid.UUID
    run_id: uuid.UUID


class RunQueue(Protocol):
    """Takes runs to carry out."""

    async def put(self, run: QueuedRun) -> None:
        """Queue a run whose row is committed; putting it twice is harmless."""
        ...


class LocalRunQueue:
    """Carries runs out in this process, several integrations at a time.

    Nothing is lost with the process: queued rows are found again by the scheduler's tick.
    """

    def __init__(self, workers: int = 4) -> None:
        self._workers = workers
        self._queue: asyncio.Queue[QueuedRun] = asyncio.Queue()
        self._pending: set[uuid.UUID] = set()

    async def put(self, run: QueuedRun) -> None:
        """Queue a run unless it is queued or being carried out here already."""
        if run.run_id in self._pending:
            return
        self._pending.add(run.run_id)
        self._queue.put_nowait(run)

    async def work(self, carry_out: Callable[[QueuedRun], Awaitable[None]]) -> None:
        """Carry out runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._worker(carry_out))

    async def idle(self) -> None:
        """Wait until everything queued has been carried out."""
        await self._queue.join()

    async def _worker(self, carry_out: Callable[[QueuedRun], Awaitable[None]]) -> None:
        while True:
            run = await self._queue.get()
            try:
                await carry_out(run)
            except Exception as error:  # noqa: BLE001, one broken run must not end the others' worker
                _log.error("run_broke", run=str(run.run_id), error=type(error).__name__)
            finally:
                self._pending.discard(run.run_id)
                self._queue.task_done()
