"""One death at every named step: what is left, what is sent again, and that nothing is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.claims import claim
from faults.events import SENT, Event, EventReader
from faults.installation import Installation
from faults.ledger import Judgement, LedgerView, judge
from faults.processes import Workers
from faults.steps import KillAt
from faults.waiting import until
from faults.worker_process import WorkerPlan

_IN_FLIGHT = frozenset({"before_send", "during_send", "after_send", "before_outcome"})
"""Steps after which one more start must find nothing to do; for the others it would prove no more."""
_LAST_STEPS_SECONDS = 3.0
AFTER_A_CRASH = frozenset(
    {"before_doubt", "after_doubt", "before_lookup", "after_lookup", "before_verdict", "after_verdict"}
)
"""Steps only reached by a process that finds what another left in the middle of a send."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one death ended."""

    step: str
    died: bool
    judgement: Judgement
    sent_again: int
    in_flight: int
    """How many records the processes that died had sent without an outcome committed, at the most."""
    sent_by_a_further_start: int


class StepTrial:
    """Kills a worker at one step of a small export and lets another finish it."""

    def __init__(self, installation: Installation, ledger: LedgerView, pool: Workers) -> None:
        self._installation = installation
        self._ledger = ledger
        self._pool = pool
        self._plan = installation.plan
        self._reader = EventReader(installation.plan.events)
        self._events: list[Event] = []

    async def die_at(self, step: str, first_record: int, records: int) -> Outcome:
        """Export `records` claims with a death at `step`. Raises TimeoutError when it cannot be finished."""
        numbers = range(first_record, first_record + records)
        await self._installation.receive([claim(number, 2) for number in numbers])
        await self._installation.press_synchronise()
        fatal = [KillAt("after_send"), KillAt(step)] if step in AFTER_A_CRASH else [KillAt(step)]
        died = [
            await dies(self._installation, self._pool, replace(self._plan, kill_at=kill_at))
            for kill_at in fatal
        ]
        await self._finish(self._plan)
        sent_before = len(self._sends())
        if step in _IN_FLIGHT:
            await self._installation.press_synchronise()
            await self._finish(self._plan)
        kept = await self._installation.kept()
        return Outcome(
            step,
            all(died),
            judge(kept, self._ledger.entries(), shared=True),
            _sent_again(self._sends()[:sent_before]),
            self._in_flight * len(fatal),
            len(self._sends()) - sent_before,
        )

    @property
    def _in_flight(self) -> int:
        system = self._plan.system
        return system.batch_size * system.in_flight

    async def _finish(self, plan: WorkerPlan) -> None:
        """Run a worker until everything is delivered."""
        worker = self._pool.start(plan)
        await self._installation.until_at_rest()
        self._pool.kill(worker)

    def _sends(self) -> Sequence[Event]:
        self._events += self._reader.new()
        return [event for event in self._events if event.name == SENT]


async def dies(installation: Installation, pool: Workers, plan: WorkerPlan) -> bool:
    """Run a worker until it has died of itself; false when everything was done before that."""
    worker = pool.start(plan)

    async def over() -> bool:
        return not worker.alive or (await installation.progress()).at_rest

    await until(over)
    # The last steps come after the end of the run is committed.
    await asyncio.to_thread(worker.process.join, _LAST_STEPS_SECONDS)
    died = not worker.alive
    (pool.forget if died else pool.kill)(worker)
    return died


def _sent_again(sends: Sequence[Event]) -> int:
    """Return how many records were sent more than once under their one reference."""
    times = Counter(reference for event in sends for reference in event.references)
    return sum(count - 1 for count in times.values())
