"""Runs and the failures they met."""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Update,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, defer

from integration_admin.core.errors import Conflict
from integration_admin.core.failure_causes import cause_of
from integration_admin.core.messages import msg
from integration_admin.core.statuses import FailureState, RunState, Trigger
from integration_admin.data.json_rows import listed
from integration_admin.data.models import Failure, Integration, RecordRow, Run
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository

ACTIVE = (RunState.QUEUED, RunState.RUNNING)
UNDER_WAY = msg("This integration is already being synchronised. Wait until that run has ended.")
"""Why a run is refused while another of the same integration has not ended."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are meant; what is None does not matter. `since` is the first moment, `until` the one after the last."""

    state: RunState | None = None
    trigger: Trigger | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a run must be."""
        asked: list[ColumnElement[bool]] = []
        if self.state is not None:
            asked.append(Run.state == self.state)
        if self.trigger is not None:
            asked.append(Run.trigger == self.trigger)
        if self.since is not None:
            asked.append(Run.requested_at >= self.since)
        if self.until is not None:
            asked.append(Run.requested_at < self.until)
        return asked


EVERY_RUN = RunFilter()


class RunRepository(Repository):
    """Reads and changes runs; history is paged by the time a run was asked for."""

    async def take_turns(self, integration_id: uuid.UUID) -> None:
        """Let one transaction of the integration at a time go on from here."""
        await self._take_turns(integration_id)

    async def add(self, run: Run) -> None:
        """Add a queued run; raises Conflict while another of its integration has not ended.

        Then the unit can go on. Raises NotFound for an integration of somebody else.
        """
        try:
            async with self._session.begin_nested():
                await self._add(run)
        except IntegrityError as error:
            if not _is_second(error):
                raise
            own = self._select(Integration).where(Integration.id == run.integration_id)
            await self._one(own, msg("There is no such integration."))
            raise Conflict(UNDER_WAY, internal=f"run {run.id} met another that has not ended") from None

    async def get(self, run_id: uuid.UUID) -> Run:
        """Return one; raises NotFound."""
        return await self._one(self._select(Run).where(Run.id == run_id), msg("There is no such run."))

    async def by_idempotency_key(self, integration_id: uuid.UUID, key: str) -> Run | None:
        """Return the run an earlier request with the same key made."""
        found = await self._all(
            self._select(Run).where(Run.integration_id == integration_id, Run.idempotency_key == key)
        )
        return found[0] if found else None

    async def active(self, integration_id: uuid.UUID) -> Run | None:
        """Return the run that is queued or running, if any."""
        found = await self._all(
            self._select(Run)
            .where(Run.integration_id == integration_id, Run.finished_at.is_(None), Run.state.in_(ACTIVE))
            .limit(1)
        )
        return found[0] if found else None

    async def latest_finished(self, integration_id: uuid.UUID) -> Run | None:
        """Return the newest run that has ended."""
        found = await self._all(
            self._select(Run)
            .where(Run.integration_id == integration_id, Run.finished_at.is_not(None))
            .order_by(Run.requested_at.desc())
            .limit(1)
        )
        return found[0] if found else None

    async def by_ids(self, run_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Run]:
        """Return those of the runs that are still kept."""
        rows = await self._all(self._select(Run).where(Run.id.in_(list(run_ids)))) if run_ids else []
        return {row.id: row for row in rows}

    async def history(
        self,
        integration_id: uuid.UUID,
        before: tuple[datetime, uuid.UUID] | None,
        limit: int,
        which: RunFilter = EVERY_RUN,
    ) -> list[Run]:
        """Return runs, newest first, older than `before`."""
        statement = self._select(Run).where(Run.integration_id == integration_id, *which.conditions())
        if before is not None:
            statement = statement.where(tuple_(Run.requested_at, Run.id) < before)
        return await self._all(statement.order_by(Run.requested_at.desc(), Run.id.desc()).limit(limit))

    async def start(self, run_id: uuid.UUID, at: datetime) -> bool:
        """Move a run to running; one that was running already has lost its process and is resumed.

        It keeps the time it first began.
        """
        touched = await self._execute(
            update(Run)
            .where(self._owned(Run), Run.id == run_id, Run.state.in_(ACTIVE))
            .values(
                state=RunState.RUNNING,
                started_at=func.coalesce(Run.started_at, at),
                resumed=Run.resumed + case((Run.state == RunState.RUNNING, 1), else_=0),
            )
        )
        return touched == 1

    async def finish(
        self,
        run_id: uuid.UUID,
        state: RunState,
        at: datetime,
        came_from: Collection[RunState] = ACTIVE,
        resumed: int | None = None,
        **values: Any,
    ) -> bool:
        """End a run that is in one of the states `came_from`; return false when it is in none of them.

        With `resumed` it is ended only by whoever took it up last.
        """
        statement = update(Run).where(self._owned(Run), Run.id == run_id, Run.state.in_(came_from))
        if resumed is not None:
            statement = statement.where(Run.resumed == resumed)
        return await self._execute(statement.values(state=state, finished_at=at, **values)) == 1

    async def progress(self, run_id: uuid.UUID, *, resumed: int | None = None, **values: Any) -> None:
        """Write the counts of a run that goes on; with `resumed` only for whoever took it up last."""
        connection = await self._session.connection()
        this: dict[str, Any] = {"organisation": self._organisation_id, "this": run_id}
        if resumed is not None:
            this["taken_up"] = resumed
        await connection.execute(_progress(taken_up=resumed is not None), this | values)

    async def ask_to_stop(self, run_id: uuid.UUID) -> bool:
        """Ask a run to stop that has not ended; return false when it has."""
        going_on = (self._owned(Run), Run.id == run_id, Run.finished_at.is_(None))
        return await self._execute(update(Run).where(*going_on).values(cancel_requested=True)) == 1

    async def cancel_requested(self, run_id: uuid.UUID) -> bool:
        """Tell whether somebody asked this run to stop."""
        rows = await self._values(select(Run.cancel_requested).where(self._owned(Run), Run.id == run_id))
        return bool(rows and rows[0][0])

    async def add_failures(self, failures: Sequence[Failure]) -> None:
        """Keep why records were not delivered, each with what it has in common with others of the same cause."""
        for failure in failures:
            failure.cause = failure.cause or cause_of(failure.fault, failure.field or "", failure.message)
            failure.since = failure.since or failure.created_at
        await self._add(*failures)

    async def failures(
        self, integration_id: uuid.UUID, *, run_id: uuid.UUID | None = None, limit: int = 200
    ) -> list[tuple[Failure, RecordRow]]:
        """Return failures with their record but its payload, newest first: of one run, or all that are still open.

        Of a record that failed more than once only the latest is returned.
        """
        asked = _told(of_run=run_id is not None)
        rows = await self._asked(asked, integration=integration_id, run=run_id, limit=limit)
        return [(row[0], row[1]) for row in rows]

    async def resolve_failures(
        self,
        integration_id: uuid.UUID,
        record_ids: Collection[int],
        at: datetime,
        state: FailureState = FailureState.REPLACED,
    ) -> dict[int, tuple[str, datetime]]:
        """Close the open failures of records that were delivered or failed anew, as `state`.

        Returns the cause of each, and since when there was one, by record.
        """
        if not record_ids:
            return {}
        dialect = self._session.get_bind().dialect.name
        found = await self._asked(_failed_before(dialect), records=json.dumps(list(record_ids)))
        still_open = [row for row in found if row[1] == integration_id and row[2] is None]
        if still_open:
            await self._execute(
                update(Failure)
                .where(
                    self._owned(Failure),
                    Failure.id.in_([row[0] for row in still_open]),
                    Failure.resolved_at.is_(None),
                )
                .values(resolved_at=at, state=state)
            )
        return {row[3]: (row[4], row[5]) for row in still_open}


@lru_cache
def _progress(*, taken_up: bool) -> Update:
    """Return the statement that writes whichever columns it is given; an export writes them at each commit."""
    runs = cast("Table", Run.__table__)
    statement = update(runs).where(
        runs.c.organisation_id == ORGANISATION, runs.c.id == bindparam("this", type_=Uuid())
    )
    return (
        statement.where(runs.c.resumed == bindparam("taken_up", type_=Integer())) if taken_up else statement
    )


@lru_cache
def _failed_before(dialect: str) -> Select[*tuple[Any, ...]]:
    """Return the question for the failures of `records`, a JSON list of ids.

    With the integration among the conditions SQLite would look at all of its open failures each time.
    """
    records = listed(dialect, bindparam("records", type_=Text))
    since = func.coalesce(Failure.since, Failure.created_at)
    return select(
        Failure.id, Failure.integration_id, Failure.resolved_at, Failure.record_id, Failure.cause, since
    ).where(Failure.organisation_id == ORGANISATION, Failure.record_id.in_(records))


@lru_cache
def _told(*, of_run: bool) -> Select[*tuple[Any, ...]]:
    newer = aliased(Failure)
    told, told_later = (
        each.run_id == bindparam("run", type_=Uuid()) if of_run else each.resolved_at.is_(None)
        for each in (Failure, newer)
    )
    same = (newer.record_id == Failure.record_id) & (newer.integration_id == Failure.integration_id)
    return (
        select(Failure, RecordRow)
        .join(RecordRow, RecordRow.id == Failure.record_id)
        .where(
            Failure.organisation_id == ORGANISATION,
            RecordRow.organisation_id == ORGANISATION,
            Failure.integration_id == INTEGRATION,
            told,
            ~exists().where(same, told_later, newer.id > Failure.id),
        )
        .order_by(Failure.id.desc())
        .limit(bindparam("limit", type_=Integer()))
        .options(defer(RecordRow.payload, raiseload=True))
    )


def _is_second(error: IntegrityError) -> bool:
    """Tell whether a run was refused because of one that has not ended: PostgreSQL names the index, SQLite its column."""
    said = str(error.orig)
    return "uq_runs_active" in said or said.endswith("failed: runs.integration_id")
