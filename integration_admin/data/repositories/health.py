"""What an integration's page and its card on the dashboard are read from first. Counts are in backlog.py, failures in failures.py."""

import uuid
from typing import Any, Final, NamedTuple

from sqlalchemy import String, bindparam, exists, select
from sqlalchemy.orm import aliased

from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.data.models import Integration, Organisation, RecordRow, Run, Schedule
from integration_admin.data.models_mapping import FieldMappingRow
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository


class Head(NamedTuple):
    """An integration with its organisation and schedule.

    `maps` tells whether the target field that was asked about is mapped, `received` whether a record of the kind
    that was asked about has ever come in.
    """

    integration: Integration
    organisation: Organisation
    schedule: Schedule | None
    maps: bool
    received: bool


class LatestRuns(NamedTuple):
    """The run that has not ended, if any, and the newest one that has."""

    active: Run | None
    finished: Run | None


_OTHER = aliased(Run)
_OF_IT: Final = (_OTHER.organisation_id == ORGANISATION, _OTHER.integration_id == INTEGRATION)
_ACTIVE: Final = select(_OTHER.id).where(*_OF_IT, _OTHER.finished_at.is_(None)).limit(1)
_FINISHED: Final = (
    select(_OTHER.id)
    .where(*_OF_IT, _OTHER.finished_at.is_not(None))
    .order_by(_OTHER.requested_at.desc())
    .limit(1)
)
_RUNS: Final = select(Run).where(Run.id.in_((_ACTIVE.scalar_subquery(), _FINISHED.scalar_subquery())))
_HEADS: Final = (
    select(
        Integration,
        Organisation,
        Schedule,
        exists().where(
            FieldMappingRow.organisation_id == ORGANISATION,
            FieldMappingRow.integration_id == Integration.id,
            FieldMappingRow.target == bindparam("target", type_=String()),
        ),
        # In the index's order: else SQLite, once it has statistics, looks through every record for the first one.
        select(RecordRow.id)
        .where(RecordRow.organisation_id == ORGANISATION, RecordRow.kind == bindparam("kind", type_=String()))
        .order_by(RecordRow.status, RecordRow.id)
        .limit(1)
        .scalar_subquery(),
    )
    .join(Organisation, Organisation.id == Integration.organisation_id)
    .outerjoin(
        Schedule,
        (Schedule.organisation_id == Integration.organisation_id)
        & (Schedule.integration_id == Integration.id),
    )
    .where(Integration.organisation_id == ORGANISATION)
    .order_by(Integration.created_at, Integration.id)
)
_HEAD: Final = _HEADS.where(Integration.id == INTEGRATION)


class HealthRepository(Repository):
    """Reads what nearly every look at an integration needs, in few questions that are made once."""

    async def head(self, integration_id: uuid.UUID, target: str, kind: str) -> Head:
        """Return an integration with what belongs to it; raises NotFound."""
        rows = await self._asked(_HEAD, integration=integration_id, target=target, kind=kind)
        if not rows:
            raise NotFound(msg("There is no such integration."))
        return _head(rows[0])

    async def heads(self, target: str, kind: str) -> list[Head]:
        """Return every integration with what belongs to it, unfinished ones too, oldest first."""
        return [_head(row) for row in await self._asked(_HEADS, target=target, kind=kind)]

    async def runs(self, integration_id: uuid.UUID) -> LatestRuns:
        """Return the run under way and the last one that ended."""
        runs = [row[0] for row in await self._asked(_RUNS, integration=integration_id)]
        return LatestRuns(
            next((run for run in runs if run.finished_at is None), None),
            next((run for run in runs if run.finished_at is not None), None),
        )


def _head(row: Any) -> Head:
    integration, organisation, schedule, maps, record = row
    return Head(integration, organisation, schedule, maps=bool(maps), received=record is not None)
