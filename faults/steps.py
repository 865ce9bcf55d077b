"""The steps of an export at which a process may be killed, found by wrapping the seams the product has.

Nothing here changes what the product does; a step only counts, writes itself down, and perhaps kills.
"""

import asyncio
import os
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from faults.events import LEFT, SENT, TAKEN, EventLog
from integration_admin.adapters.base import AccountingAdapter, Booked, Credentials, Outcome, Voucher
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.locks import FileLocks, HeldLock, PostgreSQLLocks
from integration_admin.data.repositories.moves import Settlement
from integration_admin.data.repositories.unit import Unit

COMMITS = ("start", "take_up", "intent", "outcome", "doubt", "verdict", "finish")
STEPS = (
    "lock_taken",
    *(f"{when}_{commit}" for commit in COMMITS for when in ("before", "after")),
    "before_send",
    "during_send",
    "after_send",
    "before_lookup",
    "after_lookup",
    "before_lock_left",
)
"""Every named step, in no order of time."""
_ON_THE_WIRE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class KillAt:
    """A step to die at, the `nth` time it is reached; or to be paused at, `by` another signal."""

    step: str
    nth: int = 1
    by: signal.Signals = signal.SIGKILL

    def is_at(self, step: str, reached: int) -> bool:
        """Tell whether this is the time."""
        return (self.step, self.nth) == (step, reached)


class Steps:
    """Counts the steps of this process and kills it at the chosen one."""

    def __init__(self, events: EventLog, kill_at: KillAt | None) -> None:
        self.events = events
        self._kill_at = kill_at
        self._reached: Counter[str] = Counter()

    def reached(self, step: str) -> None:
        """Note a step; a process that shall die here does so at once."""
        self._reached[step] += 1
        if self._kill_at and self._kill_at.is_at(step, self._reached[step]):
            self.events.note(f"{self._kill_at.by.name} {step}")
            os.kill(os.getpid(), self._kill_at.by)

    def dies_during(self, step: str) -> bool:
        """Tell whether the process is to die in the middle of this step, at this very time."""
        return self._kill_at is not None and self._kill_at.is_at(step, self._reached[step] + 1)


class WatchedAdapter:
    """An adapter that notes its sends and lookups; all else is the real one's."""

    def __init__(self, adapter: AccountingAdapter, steps: Steps) -> None:
        self._adapter = adapter
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send, and say so before and after."""
        self._steps.reached("before_send")
        self._steps.events.note(SENT, tuple(voucher.reference for voucher in batch))
        if self._steps.dies_during("during_send"):
            sending = asyncio.ensure_future(self._adapter.send(credentials, batch))
            await asyncio.wait([sending], timeout=_ON_THE_WIRE_SECONDS)
        self._steps.reached("during_send")
        try:
            return await self._adapter.send(credentials, batch)
        finally:
            # A send that took too long on a busy machine has left all the same.
            self._steps.reached("after_send")

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        """Look up, and say so before and after."""
        self._steps.reached("before_lookup")
        found = await self._adapter.lookup(credentials, references)
        self._steps.reached("after_lookup")
        return found


def watch_database(database: Database, steps: Steps) -> None:
    """Note every commit of this database by what it writes."""
    plain = database.write

    @asynccontextmanager
    async def write(organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        names: dict[str, None] = {}
        async with plain(organisation_id) as unit:
            _watch_unit(unit, names)
            yield unit
            for name in names:
                steps.reached(f"before_{name}")
        for name in names:
            steps.reached(f"after_{name}")

    # The instance's own attribute goes before the class's method.
    vars(database)["write"] = write


def watch_locks(steps: Steps) -> None:
    """Note when a lock is taken for work and left again."""
    for kind in (FileLocks, PostgreSQLLocks):
        _watch_lock(kind, steps)


def _watch_lock(kind: Any, steps: Steps) -> None:
    plain: Callable[[Any, uuid.UUID], AbstractAsyncContextManager[HeldLock]] = kind.hold

    @asynccontextmanager
    async def hold(self: Any, integration_id: uuid.UUID) -> AsyncIterator[HeldLock]:
        async with plain(self, integration_id) as lock:
            steps.events.note(TAKEN)
            steps.reached("lock_taken")
            try:
                yield lock
            finally:
                steps.reached("before_lock_left")
                steps.events.note(LEFT)

    kind.hold = hold


def _watch_unit(unit: Unit, names: dict[str, None]) -> None:
    """Let a unit's methods say what the commit at its end will be."""
    named: tuple[tuple[Any, str, Callable[..., str]], ...] = (
        (unit.deliveries, "add", lambda *_: "take_up"),
        (unit.deliveries, "begin_sending", lambda *_: "intent"),
        (unit.deliveries, "settle", _settles),
        (unit.runs, "start", lambda *_: "start"),
        (unit.runs, "finish", lambda *_: "finish"),
    )
    for owner, method, name in named:
        vars(owner)[method] = partial(_noting, getattr(owner, method), name, names)


async def _noting(
    method: Callable[..., Any], name: Callable[..., str], names: dict[str, None], *words: Any, **options: Any
) -> Any:
    if words[0]:
        names[name(*words)] = None
    return await method(*words, **options)


def _settles(settlements: Sequence[Settlement], *_: Any) -> str:
    """Say what these settlements settle: sends, lookups, or what a dead process left."""
    if any(item.recovered for item in settlements):
        return "doubt"
    return "verdict" if any(item.was is DeliveryState.UNKNOWN for item in settlements) else "outcome"
