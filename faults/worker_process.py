"""One worker as a process of its own: the product, assembled as in earnest, until it is killed."""

import asyncio
import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from sqlalchemy import event

from faults.events import STARTED, EventLog
from faults.steps import KillAt, Steps, WatchedAdapter, watch_database, watch_locks
from faults.systems import System
from faults.times import FastClock
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.bootstrap import Application, assemble
from integration_admin.core import logs
from integration_admin.core.settings import PREFIX, Settings, load_settings

_CAPABILITY_VERSION = 0x20080522
_DAC_OVERRIDE = 1 << 1
LOOPBACK = ("127.0.0.1/32",)


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker works on, and what befalls it.

    `tick_seconds` is how often it looks for work besides the product's own tick; None leaves it at that.
    `most_pages` makes SQLite's disk full at that size of the database, `most_file_bytes` at that of any file.
    With `obeys_modes` a read-only file is one for root too.
    """

    folder: Path
    database_url: str
    system: System
    tick_seconds: float | None = 0.5
    kill_at: KillAt | None = None
    most_pages: int | None = None
    most_file_bytes: int | None = None
    obeys_modes: bool = False

    @property
    def settings(self) -> Settings:
        """The installation's settings."""
        return load_settings(
            {
                PREFIX + "INSTANCE_DIR": str(self.folder),
                PREFIX + "DATABASE_URL": self.database_url,
                PREFIX + "OUTBOUND_ALLOW": ",".join(LOOPBACK),
            }
        )

    @property
    def events(self) -> Path:
        """Where the workers write what they did."""
        return self.folder / "events.jsonl"

    @property
    def log(self) -> Path:
        """Where the workers' log goes."""
        return self.folder / "workers.log"


def work(plan: WorkerPlan) -> None:
    """Work until killed; what a process is started with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with plan.log.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logs.configure(plan.settings)
    if plan.most_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (plan.most_file_bytes, plan.most_file_bytes))
    if plan.obeys_modes:
        _obey_modes()
    asyncio.run(_work(plan))


async def _work(plan: WorkerPlan) -> None:
    asyncio.get_running_loop().add_reader(_parent().sentinel, os._exit, 1)
    steps = Steps(EventLog(plan.events), plan.kill_at)
    client = OutboundClient(allow=LOOPBACK)
    adapter: Any = WatchedAdapter(plan.system.adapter(client), steps)
    application = assemble(plan.settings, clock=FastClock(), adapters={adapter.kind: adapter})
    watch_database(application.database, steps)
    watch_locks(steps)
    if plan.most_pages is not None:
        _limit_pages(application, plan.most_pages)
    async with application.working():
        steps.events.note(STARTED)
        await _tick(application, plan.tick_seconds)


async def _tick(application: Application, seconds: float | None) -> None:
    """Look for work more often than the product does, so that many faults fit into little time."""
    while seconds is not None:
        await asyncio.sleep(seconds)
        await application.services.worker.tick()
    await asyncio.Event().wait()


def _parent() -> Any:
    """Return the process that started this one; a worker never outlives it."""
    parent = parent_process()
    if parent is None:
        detail = "A worker is started by faults/processes.py."
        raise RuntimeError(detail)
    return parent


def _obey_modes() -> None:
    """Give up root's right to write where the file's mode forbids it (capset(2), Linux); harmless for others."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    rights = (ctypes.c_uint32 * 6)()
    if libc.capget(header, rights) == 0:
        rights[0] &= ~_DAC_OVERRIDE
        libc.capset(header, rights)


def _limit_pages(application: Application, pages: int) -> None:
    def limit(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    event.listen(application.database.engine.sync_engine, "connect", limit)
