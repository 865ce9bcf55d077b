"""Schedules and the slots they have used."""

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, String, Uuid, bindparam, delete, exists, select, update
from sqlalchemy.orm import aliased

from integration_admin.data.models import Integration, Run, Schedule, ScheduleSlot
from integration_admin.data.repositories.base import ORGANISATION, Repository

_USED = select(ScheduleSlot.local_time, ScheduleSlot.run_id).where(
    ScheduleSlot.organisation_id == ORGANISATION,
    ScheduleSlot.schedule_id == bindparam("schedule", type_=Uuid()),
    ScheduleSlot.local_time >= bindparam("since", type_=String()),
)


class ScheduleRepository(Repository):
    """Reads and changes when integrations run by themselves."""

    async def get(self, integration_id: uuid.UUID) -> Schedule | None:
        """Return an integration's schedule."""
        found = await self._all(self._select(Schedule).where(Schedule.integration_id == integration_id))
        return found[0] if found else None

    async def take_turn(self, integration_id: uuid.UUID) -> Integration | None:
        """Lock the integration for this transaction, or return none at once where another one has it.

        It is the lock `runs.take_turns` waits for; SQLite has one writer at a time anyway.
        """
        statement = self._select(Integration).where(Integration.id == integration_id)
        found = await self._all(statement.with_for_update(key_share=True, skip_locked=True))
        return found[0] if found else None

    async def put(self, schedule: Schedule) -> None:
        """Store a schedule, new or changed."""
        await self._add(schedule)

    async def remove(self, integration_id: uuid.UUID) -> None:
        """Remove a schedule."""
        await self._execute(
            delete(Schedule).where(self._owned(Schedule), Schedule.integration_id == integration_id)
        )

    async def win_slot(
        self, schedule_id: uuid.UUID, local_time: str, due_at: datetime, run_id: uuid.UUID | None = None
    ) -> bool:
        """Insert a slot, with the run it became; only one caller gets true for the same schedule and local time."""
        slot = {"schedule_id": schedule_id, "local_time": local_time, "due_at": due_at, "run_id": run_id}
        return await self._add_missing(ScheduleSlot, [slot]) == 1

    async def used_slots(self, schedule_id: uuid.UUID, since: str) -> dict[str, uuid.UUID | None]:
        """Return the slots used from the local date `since` (YYYY-MM-DD) on, each with the run it became, if any."""
        rows = await self._asked(_USED, schedule=schedule_id, since=since)
        return {row.local_time: row.run_id for row in rows}

    async def dates_done(self, schedule_id: uuid.UUID, since: str) -> frozenset[str]:
        """Return the local dates (YYYY-MM-DD), from `since` on, of which a slot became a run."""
        used = await self.used_slots(schedule_id, since)
        return frozenset(local_time[:10] for local_time, run_id in used.items() if run_id is not None)

    async def checked(self, schedule_id: uuid.UUID, seen: datetime, until: datetime) -> bool:
        """Remember how far slots are computed, unless it is not `seen` any more.

        False means that somebody changed the schedule, or looked at it, since it was read.
        """
        touched = await self._execute(
            update(Schedule)
            .where(self._owned(Schedule), Schedule.id == schedule_id, Schedule.checked_until == seen)
            .values(checked_until=until)
        )
        return touched == 1

    async def ask(self, schedule_id: uuid.UUID, since: datetime) -> None:
        """Remember that runs were missed since then and a person is asked; an open question stays as it is."""
        is_settled = Schedule.missed_since.is_(None) | _is_made_up_for()
        await self._execute(
            update(Schedule)
            .where(self._owned(Schedule), Schedule.id == schedule_id, is_settled)
            .values(missed_since=since)
        )

    async def close_question(self, schedule_id: uuid.UUID) -> bool:
        """Forget that runs were missed; return whether anybody was being asked."""
        touched = await self._execute(
            update(Schedule)
            .where(self._owned(Schedule), Schedule.id == schedule_id, Schedule.missed_since.is_not(None))
            .values(missed_since=None)
        )
        return touched == 1


def asks_about_missed() -> ColumnElement[bool]:
    """Return whether a person is asked about an integration's missed runs: nothing was exported since."""
    return exists().where(
        Schedule.integration_id == Integration.id, Schedule.missed_since.is_not(None), ~_is_made_up_for()
    )


def _is_made_up_for() -> ColumnElement[bool]:
    """Return whether a schedule's integration has exported since its runs were missed, or is about to.

    A run that failed or was cancelled before anything went out leaves the question as it was.
    """
    of_it = aliased(Integration)
    exported = exists().where(
        of_it.id == Schedule.integration_id, of_it.last_success_at > Schedule.missed_since
    )
    under_way = exists().where(
        Run.integration_id == Schedule.integration_id,
        Run.requested_at > Schedule.missed_since,
        Run.finished_at.is_(None),
    )
    return exported | under_way
