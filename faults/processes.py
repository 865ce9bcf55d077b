"""Worker processes: started by a fork server, killed, paused, and all gone at the end.

Only processes started here are ever signalled.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from faults import worker_process
from faults.worker_process import WorkerPlan

_REAP_SECONDS = 30


class Ended(Exception):
    """A worker has ended although nobody killed it."""


@dataclass(eq=False, slots=True)
class Worker:
    """One process; `paused_until` is in monotonic seconds, 0.0 for one that runs."""

    process: Any
    pid: int
    paused_until: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return bool(self.process.is_alive())


class Workers:
    """The workers of one installation."""

    def __init__(self) -> None:
        # Everything is imported once: a new worker then starts in a tenth of a second.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([worker_process.__name__])
        self.all: list[Worker] = []

    def start(self, plan: WorkerPlan) -> Worker:
        """Start a worker."""
        process = self._context.Process(target=worker_process.work, args=(plan,))
        process.start()
        worker = Worker(process, process.pid or 0)
        self.all.append(worker)
        return worker

    def kill(self, worker: Worker) -> None:
        """Kill a worker with SIGKILL, paused or not, and reap it. Raises Ended for one that has ended by itself."""
        self._check(worker)
        os.kill(worker.pid, signal.SIGKILL)
        self._reap(worker)

    def close(self) -> None:
        """Kill and reap every worker."""
        for worker in list(self.all):
            if worker.alive:
                os.kill(worker.pid, signal.SIGKILL)
            self._reap(worker)

    def _check(self, worker: Worker) -> None:
        if not worker.alive:
            detail = f"Worker {worker.pid} ended by itself with {worker.process.exitcode}."
            raise Ended(detail)

    def _reap(self, worker: Worker) -> None:
        worker.process.join(_REAP_SECONDS)
        worker.process.close()
        self.all.remove(worker)

    def forget(self, worker: Worker) -> None:
        """Reap a worker that has ended by itself."""
        self._reap(worker)

    def pause(self, worker: Worker, until: float) -> None:
        """Stop a worker with SIGSTOP. Raises Ended for one that has ended by itself."""
        self._check(worker)
        os.kill(worker.pid, signal.SIGSTOP)
        worker.paused_until = until

    def wake(self, worker: Worker) -> None:
        """Let a stopped worker go on."""
        os.kill(worker.pid, signal.SIGCONT)
        worker.paused_until = 0.0


@contextmanager
def workers() -> Iterator[Workers]:
    """Yield workers, and kill and reap every one at the end, whatever happened."""
    pool = Workers()
    try:
        yield pool
    finally:
        pool.close()
