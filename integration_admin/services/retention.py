"""How long the history of exports is kept, and the one job that deletes what is older.

Deleted are finished records with their deliveries and failures, the runs that leaves empty, comparisons with the
accounting system, and notices. Nothing unfinished is, and no line of the audit log. docs/operations.md has the whole
list.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from integration_admin.core.actor import RETENTION, Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, IntegrationAdminError, InvalidInput
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
        """Delete what one organisation has kept for long enough, in many short transactions; return how much."""
        now, done = self._clock.now(), Thinned()
        async with self._database.read(organisation_id) as unit:
            limit = years_before(now, (await unit.organisations.get()).keep_years)
        last: datetime | None = None
        while True:
            async with self._database.read(organisation_id) as unit:
                runs = await unit.retention.old_runs(limit, last, _RUNS_AT_ONCE)
            for run in runs:
                done += await self._thin_run(organisation_id, run.id, limit)
            if len(runs) < _RUNS_AT_ONCE:
                break
            last = runs[-1].requested_at
        done += await self._thin_the_rest(organisation_id, limit, now - NOTICES_KEPT)
        if done != Thinned():
            counts = asdict(done)
            async with self._database.write(organisation_id) as unit:
                await unit.audit.add(now, RETENTION, "history.thin", "", **counts)
        return done

    async def _thin_the_rest(
        self, organisation_id: uuid.UUID, limit: datetime, notices_before: datetime
    ) -> Thinned:
        async with self._database.read(organisation_id) as unit:
            old = await unit.retention.old_reconciliations(limit)
        for one in old:
            await self._remove_reconciliation(organisation_id, one)

        async def some_notices(unit: Unit) -> int:
            return await unit.retention.remove_notices(notices_before, _ROWS_AT_ONCE)

        async def some_slots(unit: Unit) -> int:
            return await unit.retention.remove_slots(limit, _ROWS_AT_ONCE)

        notices = await self._in_batches(organisation_id, some_notices)
        await self._in_batches(organisation_id, some_slots)
        return Thinned(reconciliations=len(old), notices=notices)

    async def _remove_reconciliation(self, organisation_id: uuid.UUID, reconciliation_id: uuid.UUID) -> None:
        gone = False
        while not gone:
            async with self._database.write(organisation_id) as unit:
                gone = await unit.retention.remove_reconciliation(reconciliation_id, _PAGES_AT_ONCE)

    async def _in_batches(self, organisation_id: uuid.UUID, some: Callable[[Unit], Awaitable[int]]) -> int:
        """Delete `_ROWS_AT_ONCE` rows at a time until there are no more; return how many that was."""
        removed = 0
        while True:
            async with self._database.write(organisation_id) as unit:
                removed += (few := await some(unit))
            if few < _ROWS_AT_ONCE:
                return removed

    async def _thin_run(self, organisation_id: uuid.UUID, run_id: uuid.UUID, limit: datetime) -> Thinned:
        records, after = 0, 0
        while True:
            async with self._database.write(organisation_id) as unit:
                gone, after = await unit.retention.remove_finished(run_id, limit, after, _DELIVERIES_AT_ONCE)
                records += gone
                if not after:
                    return Thinned(records, int(await unit.retention.remove_run(run_id)))
