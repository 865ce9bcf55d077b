"""The part that runs by itself: ticks the scheduler and carries out queued runs. Any number of processes may.

APScheduler only ticks here; what is due is decided in services/sync_scheduler.py.
"""

import asyncio
import gc
import uuid
from contextlib import suppress
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from integration_admin.data.run_queue import CONCURRENCY, QueuedRun, WorkQueue

_log = structlog.get_logger(__name__)

TICK_SECONDS = 20
"""A run whose process died is taken up again within twice this time, a quiet queue and all."""
FOLLOW_UP_SECONDS = 60


class _Scheduler(Protocol):
    async def tick(self) -> None: ...


class _FollowUp(Protocol):
    async def tick(self) -> None: ...


class _Runner(Protocol):
    async def carry_out(self, organisation_id: uuid.UUID, run_id: uuid.UUID) -> None: ...


class Worker:
    """Runs the scheduler and the runner inside a process until it is stopped."""

    def __init__(
        self,
        scheduler: _Scheduler,
        runner: _Runner,
        queue: WorkQueue,
        tick_seconds: float = TICK_SECONDS,
        *,
        follow_up: _FollowUp | None = None,
        follow_up_seconds: float = FOLLOW_UP_SECONDS,
    ) -> None:
        self._scheduler = scheduler
        self._runner = runner
        self._queue = queue
        self._tick_seconds = tick_seconds
        self._follow_up = follow_up
        self._follow_up_seconds = follow_up_seconds

    async def run(self, concurrency: int = CONCURRENCY) -> None:
        """Tick and carry out runs, `concurrency` of them at a time, until cancelled."""
        settle_memory()
        ticker = AsyncIOScheduler(timezone="UTC")
        # Apart, because following up waits for answers from outside and no schedule may wait for that.
        for job, seconds in ((self.tick, self._tick_seconds), (self.follow_up, self._follow_up_seconds)):
            ticker.add_job(
                job, "interval", seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None
            )
        ticker.start()
        try:
            await self.tick()
            _log.info("worker_ready", concurrency=concurrency)
            await self._queue.work(self._carry_out, concurrency)
        finally:
            with suppress(asyncio.CancelledError):
                ticker.shutdown(wait=False)

    async def tick(self) -> None:
        """Tick once; a failing tick is logged and the next one tries again."""
        try:
            await self._scheduler.tick()
            await self._queue.tidy()
        except Exception:  # noqa: BLE001, the next tick must come
            _log.exception("tick_failed")

    async def follow_up(self) -> None:
        """Look what became of what was delivered, where it is time to; a failure is logged."""
        if self._follow_up is None:
            return
        try:
            await self._follow_up.tick()
        except Exception:  # noqa: BLE001, the next one must come
            _log.exception("follow_up_tick_failed")

    async def _carry_out(self, run: QueuedRun) -> None:
        await self._runner.carry_out(run.organisation_id, run.run_id)


def settle_memory() -> None:
    """Leave what is loaded by now out of every later garbage collection: it stays as long as the process.

    Each collection of an export would otherwise go through all of it, a tenth of the export's own time.
    """
    gc.collect()
    gc.freeze()
