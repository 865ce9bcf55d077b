"""The run queue of a PostgreSQL installation: procrastinate, in a schema of its own, for any number of workers.

alembic/versions/0003_job_queue.py makes its tables. No run depends on what they hold: the run rows are
the truth, so the queue may lose or double a job, and a job a killed worker has left blocks nobody.
"""

import asyncio
import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from sqlalchemy.engine import make_url

from integration_admin.data.locks import DIRECT_CONNECTION, conninfo
from integration_admin.data.run_queue import CONCURRENCY, CarryOut, QueuedRun, attempt

_log = structlog.get_logger(__name__)

SCHEMA = "procrastinate"
"""The PostgreSQL schema of the queue's tables, types and functions."""
GRACE_SECONDS = 10.0
"""How long a worker that shall stop lets its runs go on; what is not finished then is handed on."""
SILENT_SECONDS = 30.0
"""A worker whose sign of life, due every ten seconds, is older than this counts as dead."""
LOOK_SECONDS = 0.5
"""The library misses a notification that comes while it looks for a job, so it looks this often anyway."""

_JOB = "carry_out"
_ANSWER_SECONDS = 5.0
_PAUSE_SECONDS = 1.0


class ProcrastinateRunQueue:
    """Queues runs as jobs; a job is deleted when it ends, however it ends, and is never retried as such."""

    def __init__(
        self, url: str, *, grace_seconds: float = GRACE_SECONDS, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._app = App(connector=_connector(url))
        self._app.task(name=_JOB, queue=_JOB)(self._carry_out_job)
        self._grace_seconds = grace_seconds
        self._look_seconds = look_seconds
        self._opening = asyncio.Lock()
        self._carry_out: CarryOut | None = None

    async def put(self, run: QueuedRun) -> None:
        """Queue a run unless it waits in the queue already.

        A database that does not answer is logged only: the run's row is there, and the next tick queues it.
        """
        job = self._app.configure_task(_JOB, queueing_lock=str(run.run_id))
        try:
            await self._open()
            await job.defer_async(organisation_id=str(run.organisation_id), run_id=str(run.run_id))
        except AlreadyEnqueued:
            return
        except ConnectorException as error:
            _log.warning("run_not_queued_yet", run=str(run.run_id), error=_cause(error))

    async def work(self, carry_out: CarryOut, concurrency: int = CONCURRENCY) -> None:
        """Carry out runs until cancelled, whatever happens to the database meanwhile.

        When cancelled it begins no run and gives those under way `grace_seconds` to end.
        """
        self._carry_out = carry_out
        while True:
            try:
                await self._work_while_reachable(concurrency)
            except ConnectorException as error:
                _log.warning("queue_unreachable", error=_cause(error))
                # A worker that cannot sign off because the database is away forgets that it was cancelled.
                if (task := asyncio.current_task()) and task.cancelling():
                    raise asyncio.CancelledError from error
            await asyncio.sleep(_PAUSE_SECONDS)

    async def tidy(self) -> None:
        """Delete the jobs of workers that died while they carried them out; where the database is away, the next tick does."""
        jobs = self._app.job_manager
        try:
            await self._open()
            stalled = await jobs.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS)
        except ConnectorException as error:
            _log.warning("queue_unreachable", error=_cause(error))
            return
        for job in stalled:
            # Somebody else may tidy at this very moment.
            with suppress(ConnectorException):
                await jobs.finish_job(job, Status.FAILED, delete_job=True)

    async def close(self) -> None:
        """Give back every connection; the queue may be used again afterwards."""
        await self._app.close_async()

    async def _work_while_reachable(self, concurrency: int) -> None:
        await self._open()
        await self._app.run_worker_async(
            concurrency=concurrency,
            fetch_job_polling_interval=self._look_seconds,
            delete_jobs="always",
            install_signal_handlers=False,
            shutdown_graceful_timeout=self._grace_seconds,
            stalled_worker_timeout=SILENT_SECONDS,
        )

    async def _open(self) -> None:
        async with self._opening:
            await self._app.open_async()

    async def _carry_out_job(self, organisation_id: str, run_id: str) -> None:
        if self._carry_out is None:
            detail = "A job was fetched by a process that does not work."
            raise RuntimeError(detail)
        run = QueuedRun(uuid.UUID(organisation_id), uuid.UUID(run_id))
        try:
            await attempt(self._carry_out, run)
        except asyncio.CancelledError:
            # This worker stops. Another one need not wait for its next tick to go on with the run.
            await self.put(run)
            raise


class _Connector(PsycopgConnector):
    """Listens again whenever the database is back; the library would go on without, and only poll."""

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Tell of every notification until cancelled."""
        while True:
            with suppress(ConnectorException):
                await super().listen_notify(on_notification, channels)
            await asyncio.sleep(_PAUSE_SECONDS)


def _connector(url: str) -> _Connector:
    address = make_url(url)
    own: Any = address.query.get("options", "")
    return _Connector(
        conninfo=conninfo(address),
        kwargs={**DIRECT_CONNECTION, "options": f"{own} -c search_path={SCHEMA}".strip()},
        # A web process needs a connection only while somebody starts a run.
        min_size=0,
        max_size=4,
        timeout=_ANSWER_SECONDS,
    )


def _cause(error: BaseException) -> str:
    """Return the name of what lies behind an error of the library, never its words: they may quote rows."""
    return type(error.__cause__ or error).__name__
