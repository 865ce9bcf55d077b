"""What is asked about notices across all organisations: how integrations are, and which deliveries are due."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from integration_admin.core.statuses import (
    OPEN_ENDS,
    DeliveryState,
    FateState,
    IntegrationState,
    NoticeKind,
    RunState,
    Trigger,
)
from integration_admin.data.models import Delivery, Integration, Run
from integration_admin.data.models_notices import NoticeDelivery, OpenTrouble
from integration_admin.data.repositories.schedules import asks_about_missed


@dataclass(frozen=True, slots=True)
class Signs:
    """What of an integration can be trouble, as it is stored; `latest` is its newest run that was not cancelled."""

    integration: Integration
    latest: Run | None
    is_running: bool
    any_open: bool
    """Whether anything is neither delivered nor dismissed, and does not simply wait for the next export."""
    any_rejected: bool
    any_undecided: bool
    any_refused_later: bool
    asks_about_missed: bool
    open: frozenset[NoticeKind]


class NoticeOutbox:
    """Reads how every integration is, and hands out deliveries so that no two processes have the same one."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def signs(self) -> list[Signs]:
        """Return the signs of every integration that is set up."""
        latest = aliased(Run)
        statement = (
            select(
                Integration,
                latest,
                _running(),
                _any_delivery(Delivery.state.in_(OPEN_ENDS)),
                _any_delivery(Delivery.state == DeliveryState.REJECTED),
                _any_delivery(Delivery.state == DeliveryState.NEEDS_PERSON),
                _any_delivery(Delivery.fate == FateState.REJECTED),
                asks_about_missed(),
            )
            .outerjoin(latest, latest.id == _latest_run())
            .where(Integration.state != IntegrationState.DRAFT)
        )
        rows = (await self._session.execute(statement)).all()
        open_troubles = await self._open_troubles()
        return [Signs(*row, open=frozenset(open_troubles.get(row[0].id, ()))) for row in rows]

    async def queued_since_before(self, moment: datetime) -> set[uuid.UUID]:
        """Return the integrations with a planned run that was queued before `moment` and has not begun."""
        rows = await self._session.scalars(
            select(Run.integration_id).where(
                Run.finished_at.is_(None),
                Run.state == RunState.QUEUED,
                Run.trigger.in_([Trigger.SCHEDULE, Trigger.CATCH_UP]),
                Run.requested_at < moment,
            )
        )
        return set(rows)

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[uuid.UUID, int, datetime]]:
        """Return deliveries that are due as (organisation, id, since when), those tried least first."""
        rows = await self._session.execute(
            select(NoticeDelivery.organisation_id, NoticeDelivery.id, NoticeDelivery.due_at)
            .where(NoticeDelivery.due_at <= now)
            .order_by(NoticeDelivery.attempts, NoticeDelivery.due_at, NoticeDelivery.id)
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in rows if row[2] is not None]

    async def claim(self, delivery_id: int, due_at: datetime, until: datetime) -> bool:
        """Take one delivery that is due at `due_at`, and leave it to others only after `until`."""
        claimed = await self._session.scalars(
            update(NoticeDelivery)
            .where(NoticeDelivery.id == delivery_id, NoticeDelivery.due_at == due_at)
            .values(due_at=until)
            .returning(NoticeDelivery.id)
            .execution_options(synchronize_session=False)
        )
        return bool(claimed.all())

    async def _open_troubles(self) -> dict[uuid.UUID, set[NoticeKind]]:
        open_troubles: dict[uuid.UUID, set[NoticeKind]] = {}
        for trouble in await self._session.scalars(select(OpenTrouble)):
            open_troubles.setdefault(trouble.integration_id, set()).add(trouble.kind)
        return open_troubles


def _running() -> ColumnElement[bool]:
    return exists().where(Run.integration_id == Integration.id, Run.finished_at.is_(None))


def _any_delivery(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Delivery.integration_id == Integration.id, condition)


def _latest_run() -> ScalarSelect[uuid.UUID]:
    """Return the newest run that has ended by itself; a cancelled one says nothing."""
    return (
        select(Run.id)
        .where(
            Run.integration_id == Integration.id,
            Run.finished_at.is_not(None),
            Run.state != RunState.CANCELLED,
        )
        .order_by(Run.requested_at.desc())
        .limit(1)
        .correlate(Integration)
        .scalar_subquery()
    )
