"""Schedules and the slots they have used."""

import uuid
from datetime import datetime

from sqlalchemy import delete, select, update

from integration_admin.data.models import Schedule, ScheduleSlot
from integration_admin.data.repositories.base import Repository


class ScheduleRepository(Repository):
    """Reads and changes when integrations run by themselves."""

    async def get(self, integration_id: uuid.UUID) -> Schedule | None:
        """Return an integration's schedule."""
        found = await self._all(self._select(Schedule).where(Schedule.integration_id == integration_id))
        return found[0] if found else None

    async def put(self, schedule: Schedule) -> None:
        """Store a schedule, new or changed."""
        await self._add(schedule)

    async def remove(self, integration_id: uuid.UUID) -> None:
        """Remove a schedule."""
        await self._execute(
            delete(Schedule).where(self._owned(Schedule), Schedule.integration_id == integration_id)
        )

    async def win_slot(self, schedule_id: uuid.UUID, local_time: str, due_at: datetime) -> bool:
        """Insert a slot; only one caller gets true for the same schedule and local date and time."""
        slot = {"schedule_id": schedule_id, "local_time": local_time, "due_at": due_at}
        return await self._add_missing(ScheduleSlot, [slot]) == 1

    async def has_slot_on(self, schedule_id: uuid.UUID, local_date: str) -> bool:
        """Tell whether a slot of that local date (YYYY-MM-DD) became a run; one passed while paused did not."""
        rows = await self._values(
            select(ScheduleSlot.id)
            .where(
                self._owned(ScheduleSlot),
                ScheduleSlot.schedule_id == schedule_id,
                ScheduleSlot.local_time.startswith(local_date, autoescape=True),
                ScheduleSlot.run_id.is_not(None),
            )
            .limit(1)
        )
        return bool(rows)

    async def dates_done(self, schedule_id: uuid.UUID, since: str) -> frozenset[str]:
        """Return the local dates (YYYY-MM-DD), from `since` on, of which a slot became a run."""
        rows = await self._values(
            select(ScheduleSlot.local_time).where(
                self._owned(ScheduleSlot),
                ScheduleSlot.schedule_id == schedule_id,
                ScheduleSlot.local_time >= since,
                ScheduleSlot.run_id.is_not(None),
            )
        )
        return frozenset(row[0][:10] for row in rows)

    async def attach_run(self, schedule_id: uuid.UUID, local_time: str, run_id: uuid.UUID) -> None:
        """Remember which run a slot became."""
        await self._execute(
            update(ScheduleSlot)
            .where(
                self._owned(ScheduleSlot),
                ScheduleSlot.schedule_id == schedule_id,
                ScheduleSlot.local_time == local_time,
            )
            .values(run_id=run_id)
        )

    async def checked(self, schedule_id: uuid.UUID, until: datetime) -> None:
        """Remember how far slots are computed; never moves backwards."""
        await self._execute(
            update(Schedule)
            .where(self._owned(Schedule), Schedule.id == schedule_id, Schedule.checked_until < until)
            .values(checked_until=until)
        )
