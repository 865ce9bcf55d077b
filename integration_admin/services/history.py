"""Export history: every run of an integration, newest first, how far one has come, and what each left undone."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Failure, RecordRow
from integration_admin.data.repositories.runs import EVERY_RUN, RunFilter
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.progress import Progress, ProgressReader
from integration_admin.services.views import FailureView, RunView, failure_view, run_view

__all__ = ["EVERY_RUN", "History", "HistoryPage", "RunFilter", "failure_views"]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some runs, and the cursor that continues after them; empty when there are no more."""

    runs: tuple[RunView, ...]
    next_cursor: str


class History:
    """Reads what runs did, and how far those under way have come."""

    def __init__(self, database: Database, progress: ProgressReader) -> None:
        self._database = database
        self._progress = progress

    async def page(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        cursor: str = "",
        limit: int = 25,
        which: RunFilter = EVERY_RUN,
    ) -> HistoryPage:
        """Return up to `limit` runs, newest first, after `cursor`."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            runs = await unit.runs.history(integration_id, _read_cursor(cursor), limit + 1, which)
        views = tuple(run_view(run) for run in runs[:limit])
        more = len(runs) > limit
        return HistoryPage(views, _write_cursor(views[-1]) if more else "")

    async def progress(self, actor: Actor, run_id: uuid.UUID) -> tuple[RunView, Progress | None]:
        """Return a run and how far it has come, which is None once it has ended. Raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            run = await unit.runs.get(run_id)
            return run_view(run), await self._progress.of(unit, run)

    async def failures_of(self, actor: Actor, run_id: uuid.UUID, limit: int = 200) -> list[FailureView]:
        """Return the records a run did not deliver, newest first."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            run = await unit.runs.get(run_id)
            rows = await unit.runs.failures(run.integration_id, run_id=run_id, limit=limit)
            return await failure_views(unit, run.integration_id, rows)


async def failure_views(
    unit: Unit, integration_id: uuid.UUID, rows: Sequence[tuple[Failure, RecordRow]]
) -> list[FailureView]:
    """Turn stored failures into what is shown, each with where its record is by now."""
    ids = [record.id for _, record in rows]
    states = await unit.decisions.states_of(integration_id, ids)
    fates = await unit.fates.of_records(integration_id, ids)
    refused = [one for one, record in rows if one.field and states[record.id] is DeliveryState.REJECTED]
    mapping = await unit.mappings.get(integration_id) if refused else {}
    return [
        failure_view(failure, record, states[record.id], fates.get(record.id), mapping.get(failure.field))
        for failure, record in rows
    ]


def _write_cursor(run: RunView) -> str:
    return f"{run.requested_at.isoformat()}|{run.id}"


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID] | None:
    if not cursor:
        return None
    at, _, run_id = cursor.partition("|")
    try:
        return datetime.fromisoformat(at), uuid.UUID(run_id)
    except ValueError:
        raise InvalidInput(msg("This page link is damaged. Start from the newest runs.")) from None
