"""How long a dead run waits for another worker, at the product's own pace: its tick, and no new process."""

import time
from dataclasses import replace

from benchmarks.claims import claim
from faults.events import LEFT, TAKEN, EventReader
from faults.installation import Installation
from faults.ledger import LedgerView
from faults.processes import Workers
from faults.waiting import until

_RECORDS = 1_000
_LATENCY_SECONDS = 2.0
"""So slow that the run outlasts every death."""
_PATIENCE_SECONDS = 120.0


class RecoveryTrial:
    """Kills whoever works, several times over, and lets the workers that are left find out by themselves."""

    def __init__(self, installation: Installation, ledger: LedgerView, pool: Workers) -> None:
        self._installation = installation
        self._ledger = ledger
        self._pool = pool
        self._reader = EventReader(installation.plan.events)
        self._holder = 0
        self._taken_at = 0.0

    async def seconds(self, deaths: int) -> list[float]:
        """Return how long it took each time until another worker had the lock. Raises TimeoutError."""
        await self._installation.receive(claim(number, 2) for number in range(1, _RECORDS + 1))
        self._ledger.set_latency(_LATENCY_SECONDS)
        await self._installation.press_synchronise()
        for _ in range(deaths + 1):
            self._pool.start(replace(self._installation.plan, tick_seconds=None))
        await until(self._held, _PATIENCE_SECONDS)
        return [await self._kill_and_wait() for _ in range(deaths)]

    async def _kill_and_wait(self) -> float:
        victim = next(worker for worker in self._pool.all if worker.pid == self._holder)
        self._pool.kill(victim)
        killed_at, self._holder = time.monotonic(), 0
        await until(self._held, _PATIENCE_SECONDS)
        return self._taken_at - killed_at

    async def _held(self) -> bool:
        """Read on, and tell whether a worker holds the lock."""
        for event in self._reader.new():
            if event.name == TAKEN:
                self._holder, self._taken_at = event.pid, event.at
            elif event.name == LEFT and event.pid == self._holder:
                self._holder = 0
        return self._holder != 0
