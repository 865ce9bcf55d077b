"""The part that runs by itself: ticks the scheduler and carries out queued runs. Any number of processes may.

APScheduler only ticks here; what is due is decided in services/sync_scheduler.py.
"""

import asyncio
import gc
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import NamedTuple, Protocol

import structlog
from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from integration_admin.data.run_queue import CONCURRENCY, QueuedRun, WorkQueue
from integration_admin.services.recurring_failures import log_failure

_log = structlog.get_logger(__name__)

TICK_SECONDS = 20
"""A run whose process died is taken up again within twice this time, a quiet queue and all."""
FOLLOW_UP_SECONDS = 60
RETENTION_SECONDS = 3_600
PREFLIGHT_SECONDS = 60
RECONCILIATION_SECONDS = 10
FIRST_SECONDS = 60
"""After the start, what is looked at more seldom is looked at for the first time: who starts often would never get to it."""


class _Ticking(Protocol):
    async def tick(self) -> None: ...


class _Runner(Protocol):
    async def carry_out(self, organisation_id: uuid.UUID, run_id: uuid.UUID) -> None: ...


class Recurring(NamedTuple):
    """Work that is looked at every so many seconds apart from the schedules, such as following up."""

    name: str
    work: _Ticking
    seconds: float


class Worker:
    """Runs the scheduler and the runner inside a process until it is stopped."""

    def __init__(
        self,
        scheduler: _Ticking,
        runner: _Runner,
        queue: WorkQueue,
        tick_seconds: float = TICK_SECONDS,
        *,
        recurring: Sequence[Recurring] = (),
        first_seconds: float = FIRST_SECONDS,
    ) -> None:
        self._scheduler = scheduler
        self._runner = runner
        self._queue = queue
        self._tick_seconds = tick_seconds
        self._recurring = recurring
        self._first_seconds = first_seconds

    async def run(self, concurrency: int = CONCURRENCY) -> None:
        """Tick and carry out runs, `concurrency` of them at a time, until cancelled."""
        settle_memory()
        ticker = AsyncIOScheduler(timezone="UTC")
        _repeat(ticker, self.tick, self._tick_seconds)
        # Apart, because these wait for answers from outside and no schedule may wait for that.
        jobs = [(one, _repeat(ticker, partial(_tick, one), one.seconds)) for one in self._recurring]
        ticker.start()
        for one, job in jobs:
            if one.seconds > self._first_seconds:
                sooner = timedelta(seconds=one.seconds - self._first_seconds)
                job.modify(next_run_time=job.next_run_time - sooner)
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
        except Exception as error:  # noqa: BLE001, the next tick must come
            log_failure(_log, "tick_failed", error)

    async def _carry_out(self, run: QueuedRun) -> None:
        await self._runner.carry_out(run.organisation_id, run.run_id)


def _repeat(ticker: AsyncIOScheduler, job: Callable[[], Awaitable[None]], seconds: float) -> Job:
    async def until_stopped() -> None:
        # A job is cancelled only where the process stops, and APScheduler would take that for a fault.
        with suppress(asyncio.CancelledError):
            await job()

    return ticker.add_job(
        until_stopped, "interval", seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None
    )


async def _tick(one: Recurring) -> None:
    """Let it do what is due; a failure is logged."""
    try:
        await one.work.tick()
    except Exception as error:  # noqa: BLE001, the next one must come
        log_failure(_log, f"{one.name}_tick_failed", error)


def settle_memory() -> None:
    """Leave what is loaded by now out of every later garbage collection: it stays as long as the process.

    Each collection of an export would otherwise go through all of it, a tenth of the export's own time.
    """
    gc.collect()
    gc.freeze()
