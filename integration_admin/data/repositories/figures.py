"""What is counted across all organisations for whoever watches the installation. Quick with a million records."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.core.statuses import DeliveryState, RunState, Trigger
from integration_admin.data.models import Delivery, Integration, Run
from integration_admin.data.models_notices import NoticeDelivery

_DONE = (RunState.SUCCEEDED, RunState.PARTLY_FAILED, RunState.FAILED, RunState.CANCELLED)


class RunSums(NamedTuple):
    """Runs of one trigger that ended in one way, and what became of the records in them."""

    trigger: Trigger
    outcome: RunState
    runs: int
    delivered: int
    rejected: int
    waiting: int
    unknown: int


class InstallationFigures:
    """Counts and ages; reads no row of a record, and no name."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ended_runs(self) -> list[RunSums]:
        """Return what all ended runs came to, by trigger and outcome."""
        sums = (func.sum(column) for column in (Run.delivered, Run.rejected, Run.waiting, Run.unknown))
        rows = await self._rows(
            select(Run.trigger, Run.state, func.count(), *sums)
            .where(Run.state.in_(_DONE))
            .group_by(Run.trigger, Run.state)
        )
        return [RunSums(row[0], row[1], *(int(value) for value in row[2:])) for row in rows]

    async def last_success(self) -> dict[uuid.UUID, datetime]:
        """Return for each integration when a run last delivered everything."""
        rows = await self._rows(
            select(Run.integration_id, func.max(Run.finished_at))
            .where(Run.state == RunState.SUCCEEDED)
            .group_by(Run.integration_id)
        )
        return {row[0]: row[1] for row in rows}

    async def integrations(self) -> list[Integration]:
        """Return every integration."""
        return list((await self._session.scalars(select(Integration))).all())

    async def open_deliveries(self, integration_id: uuid.UUID) -> dict[DeliveryState, int]:
        """Return how many records are on their way to one integration, by where they are; delivered ones left out."""
        states = [state for state in DeliveryState if state is not DeliveryState.DELIVERED]
        rows = await self._rows(
            select(Delivery.state, func.count())
            .where(Delivery.integration_id == integration_id, Delivery.state.in_(states))
            .group_by(Delivery.state)
        )
        return {row[0]: row[1] for row in rows}

    async def pending_notices(self) -> int:
        """Return how many notices are still on their way."""
        statement = select(func.count()).where(NoticeDelivery.due_at.is_not(None))
        return int(await self._session.scalar(statement) or 0)

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        return (await self._session.execute(statement)).all()
