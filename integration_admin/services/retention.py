"""How long the history of exports is kept, and the one job that deletes what is older.

Deleted are finished records with their deliveries and failures, the runs that leaves empty, comparisons with the
accounting system, and notices. Nothing unfinished is, and no line of the audit log. docs/operations.md has the whole
list.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from integration_admin.core.actor import RETENTION, Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import (
    Conflict,
    DatabaseBusy,
    DatabaseUnreachable,
    IntegrationAdminError,
    InvalidInput,
)
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.locks import Locks
from integration_admin.data.repositories.audit import AuditFilter
from integration_admin.data.repositories.unit import Unit

FEWEST_YEARS: Final = 5
"""Norwegian bookkeeping rules ask for five years (bokføringsloven section 13)."""
MOST_YEARS: Final = 50
NOTICES_KEPT: Final = timedelta(days=365)
"""Notices name people, and nobody asks for last year's."""
_RUNS_AT_ONCE: Final = 50
_ROWS_AT_ONCE: Final = 500
_PAGES_AT_ONCE: Final = 100
_DELIVERIES_AT_ONCE: Final = 500
_MOST_CHANGES: Final = 1_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Thinned:
    """How much was deleted."""

    records: int = 0
    runs: int = 0
    reconciliations: int = 0
    notices: int = 0

    def __add__(self, other: "Thinned") -> "Thinned":
        mine, theirs = asdict(self), asdict(other)
        return Thinned(**{name: count + theirs[name] for name, count in mine.items()})


def years_before(now: datetime, years: int) -> datetime:
    """Return the same moment so many years earlier; 29 February becomes the 28th where there is none."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)


async def oldest_kept(unit: Unit, now: datetime) -> date:
    """Return the day before which history may have been deleted, also by a shorter time that was set once."""
    limits = [years_before(now, (await unit.organisations.get()).keep_years)]
    changes = await unit.audit.page(AuditFilter(actions=("organisation.keep_years",)), None, _MOST_CHANGES)
    limits += [years_before(change.at, int(change.detail["before"])) for change in changes]
    return max(limits).date()


class Retention:
    """Keeps the setting and deletes what is older."""

    def __init__(self, database: Database, locks: Locks, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._clock = clock

    async def years(self, actor: Actor) -> int:
        """Return for how many years the organisation keeps its history."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return (await unit.organisations.get()).keep_years

    async def set_years(self, actor: Actor, years: int) -> None:
        """Keep the history for `years` from now on; raises InvalidInput, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        if not FEWEST_YEARS <= years <= MOST_YEARS:
            sentence = msg(
                "Keep the history for {fewest} to {most} years. Bookkeeping rules ask for at least {fewest}.",
                fewest=FEWEST_YEARS,
                most=MOST_YEARS,
            )
            raise InvalidInput(sentence, fields={"years": sentence})
        async with self._database.write(actor.organisation_id) as unit:
            organisation = await unit.organisations.get()
            before, organisation.keep_years = organisation.keep_years, years
            await unit.audit.add(
                self._clock.now(), actor.name, "organisation.keep_years", "", before=before, after=years
            )

    async def tick(self) -> None:
        """Thin every organisation nobody else is thinning; one that fails is logged and does not stop the others."""
        async with self._database.system() as system:
            organisations = [row.id for row in await system.organisations()]
        for organisation_id in organisations:
            try:
                async with self._locks.hold(organisation_id):
                    await self.thin(organisation_id)
            except Conflict:
                continue
            except IntegrationAdminError as error:
                _log.warning("retention_failed", organisation=str(organisation_id), internal=error.internal)
            except Exception as error:  # noqa: BLE001, the others' turn must come
                _log.exception(
                    "retention_broke", organisation=str(organisation_id), error=type(error).__name__
                )

    async def thin(self, organisation_id: uuid.UUID) -> Thinned:
        """Delete what one organisation has kept for long enough, in many short transactions; return how much.

        What breaks stays, and is logged once for all of it; everything else goes all the same.
        """
        now = self._clock.now()
        async with self._database.read(organisation_id) as unit:
            limit = years_before(now, (await unit.organisations.get()).keep_years)
        thinning = _Thinning(self._database, organisation_id, limit)
        await thinning.runs()
        await thinning.reconciliations()
        await thinning.notices_and_slots(now - NOTICES_KEPT)
        if thinning.done != Thinned():
            counts = asdict(thinning.done)
            async with self._database.write(organisation_id) as unit:
                await unit.audit.add(now, RETENTION, "history.thin", "", **counts)
        thinning.tell_what_broke()
        return thinning.done


class _Thinning:
    """One organisation's turn: how much is gone, and what could not be deleted."""

    def __init__(self, database: Database, organisation_id: uuid.UUID, limit: datetime) -> None:
        self._database = database
        self._organisation_id = organisation_id
        self._limit = limit
        self._broken: list[tuple[str, Exception]] = []
        self.done = Thinned()

    async def runs(self) -> None:
        """Delete finished records and the runs that leaves empty."""
        last: datetime | None = None
        while True:
            async with self._database.read(self._organisation_id) as unit:
                runs = await unit.retention.old_runs(self._limit, last, _RUNS_AT_ONCE)
            for run in runs:
                with self._passing_over(f"run {run.id}"):
                    await self._run(run.id)
            if len(runs) < _RUNS_AT_ONCE:
                return
            last = runs[-1].requested_at

    async def reconciliations(self) -> None:
        """Delete comparisons with their files."""
        async with self._database.read(self._organisation_id) as unit:
            old = await unit.retention.old_reconciliations(self._limit)
        for one in old:
            with self._passing_over(f"comparison {one}"):
                await self._reconciliation(one)

    async def notices_and_slots(self, notices_before: datetime) -> None:
        """Delete notices, and the times schedules were due."""

        async def some_notices(unit: Unit) -> int:
            gone = await unit.retention.remove_notices(notices_before, _ROWS_AT_ONCE)
            self.done += Thinned(notices=gone)
            return gone

        async def some_slots(unit: Unit) -> int:
            return await unit.retention.remove_slots(self._limit, _ROWS_AT_ONCE)

        with self._passing_over("notices"):
            await self._in_batches(some_notices)
        with self._passing_over("slots"):
            await self._in_batches(some_slots)

    def tell_what_broke(self) -> None:
        """Log the first that broke with its traceback, and how many did: all may have broken alike."""
        if self._broken:
            what, error = self._broken[0]
            _log.error(
                "retention_broke",
                organisation=str(self._organisation_id),
                what=what,
                broken=len(self._broken),
                exc_info=error,
            )

    @contextmanager
    def _passing_over(self, what: str) -> Iterator[None]:
        """Note what breaks and go on: it would break every hour, and nothing behind it would ever be deleted."""
        try:
            yield
        except (DatabaseBusy, DatabaseUnreachable):
            raise
        except Exception as error:  # noqa: BLE001, everything else's turn must come
            self._broken.append((what, error))

    async def _run(self, run_id: uuid.UUID) -> None:
        after, more = 0, True
        while more:
            async with self._database.write(self._organisation_id) as unit:
                gone, after = await unit.retention.remove_finished(
                    run_id, self._limit, after, _DELIVERIES_AT_ONCE
                )
                more = bool(after)
                empty = not more and await unit.retention.remove_run(run_id)
            self.done += Thinned(gone, int(empty))

    async def _reconciliation(self, reconciliation_id: uuid.UUID) -> None:
        gone = False
        while not gone:
            async with self._database.write(self._organisation_id) as unit:
                gone = await unit.retention.remove_reconciliation(reconciliation_id, _PAGES_AT_ONCE)
        self.done += Thinned(reconciliations=1)

    async def _in_batches(self, some: Callable[[Unit], Awaitable[int]]) -> None:
        """Delete `_ROWS_AT_ONCE` rows at a time until there are no more."""
        few = _ROWS_AT_ONCE
        while few == _ROWS_AT_ONCE:
            async with self._database.write(self._organisation_id) as unit:
                few = await some(unit)
