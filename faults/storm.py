"""The storm: workers are killed and paused at random while records flow, until everything is delivered."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from benchmarks.claims import claim
from faults.events import STARTED, EventReader
from faults.holder import LockHolder
from faults.installation import Installation, Progress
from faults.ledger import Judgement, LedgerView, judge
from faults.person import Person
from faults.processes import Ended, Worker, Workers
from faults.times import PROCESSING_SECONDS, QUIET_SECONDS, SEND_SECONDS

_BEAT_SECONDS = 0.05
_NOT_COUNTED = ("drop_before", "error503", "rate_limited", "rate_limited_bare")
"""Faults whose requests never reach the sandbox's own count."""
_LOOK_SECONDS = 0.25
_STUCK_SECONDS = 180.0
_ENDED = "ended by itself"
_NOT_STARTED = "not started"
_LOG_LINES = 80
_PORTIONS = 40
_AIMED = 0.7
"""The share of faults that hit whoever holds the lock."""
_GAP_SECONDS = (0.2, 1.0)
_LONGEST_PERIOD = SEND_SECONDS + PROCESSING_SECONDS + QUIET_SECONDS


@dataclass(frozen=True, slots=True)
class StormPlan:
    """How much of what happens to how many workers; `gap_seconds` is the shortest and longest rest between."""

    records: int
    kills: int
    stops: int
    seed: int
    workers: int = 3
    gap_seconds: tuple[float, float] = _GAP_SECONDS
    first_record: int = 1


@dataclass(slots=True)
class Toll:
    """What a storm did, and how the installation came through it."""

    judgement: Judgement
    kills: int
    stops: int
    recoveries: list[float]
    """Seconds from killing the process that held the lock until another had taken it."""
    ended: int
    """Workers that ended at work although nobody killed them."""
    not_started: int
    """Workers that ended before that, because there was no database when they started."""
    overlaps: int
    """How often a lock was taken while another living process had it."""
    decisions: Counter[str]
    extra: Counter[str]
    faults: dict[str, int]
    calls: int
    """Requests the sandbox had, bad ones included."""
    attempts: int
    """How often records were made ready to leave; one whose worker died before it left counts."""
    seconds: float


@dataclass(slots=True)
class Deed:
    """Something else that befalls the installation so many times, such as a restart of the database."""

    name: str
    times: int
    do: Callable[[], Awaitable[None]]


class Stuck(Exception):
    """Nothing went on for too long."""


class Storm:
    """Drives one installation through a plan."""

    def __init__(
        self,
        installation: Installation,
        ledger: LedgerView,
        pool: Workers,
        plan: StormPlan,
        deeds: tuple[Deed, ...] = (),
    ) -> None:
        self._installation = installation
        self._ledger = ledger
        self._pool = pool
        self._plan = plan
        self._draw = random.Random(plan.seed)  # noqa: S311, a storm must be repeatable
        self._deeds = {deed.name: deed for deed in deeds}
        self._actions = self._shuffled()
        self._done: Counter[str] = Counter()
        self._reader = EventReader(installation.plan.events)
        self._holder = LockHolder()
        self._started: set[int] = set()
        self._person = Person(installation, ledger)
        self._fed = 0
        self._progress = Progress(0)
        self._moved: tuple[Any, float] = ((), time.monotonic())

    async def rage(self) -> Toll:
        """Go through the whole plan, then wait until everything is delivered, and judge. Raises Stuck."""
        started = time.monotonic()
        for _ in range(self._plan.workers):
            self._pool.start(self._installation.plan)
        # A paused worker may hold what the driver waits for, so waking it waits for nothing.
        watching = asyncio.create_task(self._watch())
        try:
            await self._drive()
        except (Ended, Stuck) as error:
            error.add_note("\n".join(self._installation.plan.log.read_text().splitlines()[-_LOG_LINES:]))
            raise
        finally:
            watching.cancel()
        return await self._toll(time.monotonic() - started)

    async def _drive(self) -> None:
        act_at = 0.0
        while not self._at_rest:
            await self._look()
            self._revive()
            if self._actions and time.monotonic() >= act_at:
                await self._act()
                act_at = time.monotonic() + self._draw.uniform(*self._plan.gap_seconds)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _watch(self) -> None:
        while True:
            self._read_events()
            self._wake(time.monotonic())
            await asyncio.sleep(_BEAT_SECONDS)

    @property
    def _at_rest(self) -> bool:
        """Whether the plan is over and everything is delivered."""
        progress = self._progress
        over = not self._actions and self._fed == self._plan.records == progress.records
        return over and progress.at_rest

    def _shuffled(self) -> list[str]:
        """Return all that will happen, in the order of the seed."""
        actions = ["kill"] * self._plan.kills + ["stop"] * self._plan.stops
        actions += [name for name, deed in self._deeds.items() for _ in range(deed.times)]
        self._draw.shuffle(actions)
        return actions

    async def _look(self) -> None:
        """See how far everything is, and do what the people around the program would do."""
        asked_at = time.monotonic()
        try:
            self._progress = await self._installation.progress()
            if self._progress.unfinished is None:
                self._holder.nothing_to_recover(asked_at)
            await self._feed()
            await self._help()
        except (DBAPIError, OSError) as error:
            # People see the page's error and try again, and so does the driver.
            self._done[f"driver: {type(error).__name__}"] += 1
        self._check_moving()

    def _revive(self) -> None:
        """Start anew what ended by itself, as whatever supervises the workers does, and count it."""
        for worker in [worker for worker in self._pool.all if not worker.alive]:
            self._pool.forget(worker)
            self._holder.died(worker.pid, time.monotonic())
            self._read_events()
            self._done[_ENDED if worker.pid in self._started else _NOT_STARTED] += 1
            self._pool.start(self._installation.plan)

    def _check_moving(self) -> None:
        now = time.monotonic()
        seen = (self._progress.states, self._progress.records, len(self._actions))
        if seen != self._moved[0]:
            self._moved = (seen, now)
        elif now - self._moved[1] > _STUCK_SECONDS:
            detail = f"{self._progress}, {self._holder}"
            raise Stuck(detail)

    async def _feed(self) -> None:
        """Let the next claims come in, portion by portion, so that there is work until the last fault."""
        plan = self._plan
        total = plan.kills + plan.stops + sum(deed.times for deed in self._deeds.values())
        due = plan.records * (1 - len(self._actions) / (total + 1)) if self._actions else plan.records
        portion = min(max(1, plan.records // _PORTIONS), plan.records - self._fed)
        ahead = self._fed - due
        if portion and (ahead <= 0 or (self._progress.left == 0 and ahead < portion)):
            await self._installation.receive(self._claims(portion))
            self._fed += portion

    def _claims(self, count: int) -> Iterator[dict[str, Any]]:
        for number in range(self._fed, self._fed + count):
            yield claim(self._plan.first_record + number, 1 + number % 3)

    async def _help(self) -> None:
        """Press the button when something waits for a run; decide when nothing else is left to happen."""
        progress = self._progress
        if progress.unfinished is not None:
            return
        if progress.for_a_person and progress.for_a_person == progress.left:
            await self._person.decide()
        elif progress.sendable:
            await self._installation.press_synchronise()

    async def _act(self) -> None:
        action = self._actions.pop()
        self._done[action] += 1
        if action in self._deeds:
            await self._befall(self._deeds[action])
            return
        victim = self._victim(action)
        if action == "kill":
            killed_at = time.monotonic()
            self._pool.kill(victim)
            self._holder.died(victim.pid, killed_at)
            self._pool.start(self._installation.plan)
        else:
            rest = _LONGEST_PERIOD * self._draw.uniform(1.0, 1.3)
            self._pool.pause(victim, time.monotonic() + rest)

    async def _befall(self, deed: Deed) -> None:
        """Let a deed happen while nobody is paused, nor for a send's time after it.

        A worker that is cut from its lock and paused at the same moment is the one case nothing on our side
        can guard: docs/reliability.md names it.
        """
        for worker in self._pool.all:
            if worker.paused_until:
                self._pool.wake(worker)
        await deed.do()
        await asyncio.sleep(SEND_SECONDS)

    def _victim(self, action: str) -> Worker:
        """Choose a worker, more often than not the one at work; a paused one is not paused again."""
        choice = [worker for worker in self._pool.all if action == "kill" or not worker.paused_until]
        choice = choice or self._pool.all
        at_work = [worker for worker in choice if worker.pid == self._holder.pid]
        return at_work[0] if at_work and self._draw.random() < _AIMED else self._draw.choice(choice)

    def _wake(self, now: float) -> None:
        for worker in self._pool.all:
            if worker.paused_until and now >= worker.paused_until:
                self._pool.wake(worker)

    def _read_events(self) -> None:
        for event in self._reader.new():
            if event.name == STARTED:
                self._started.add(event.pid)
            self._holder.follow(event.at, event.pid, event.name)

    async def _toll(self, seconds: float) -> Toll:
        kept, stats = await self._installation.kept(), self._ledger.stats()
        extra = Counter({name: self._done[name] for name in self._deeds})
        return Toll(
            judge(kept, self._ledger.entries()),
            self._done["kill"],
            self._done["stop"],
            self._holder.recoveries,
            self._done[_ENDED],
            self._done[_NOT_STARTED],
            self._holder.overlaps,
            self._person.decisions,
            extra,
            stats["faults"],
            stats["requests"] + sum(stats["faults"].get(name, 0) for name in _NOT_COUNTED),
            sum(item.attempts for item in kept),
            seconds,
        )
