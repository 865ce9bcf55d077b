"""Notices of one organisation: what it wants to be told, what was told, and which troubles are still open."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from integration_admin.core.statuses import NoticeKind
from integration_admin.data.models_notices import Notice, NoticeDelivery, NoticeSettings, OpenTrouble
from integration_admin.data.repositories.base import Repository


class NoticeRepository(Repository):
    """Reads and writes notices, their deliveries and the settings for them."""

    async def settings(self) -> NoticeSettings | None:
        """Return what the organisation wants to be told; nothing where nobody has said so yet."""
        found = await self._all(self._select(NoticeSettings))
        return found[0] if found else None

    async def add_settings(self, settings: NoticeSettings) -> None:
        """Keep the first settings; raises Conflict when there are some already."""
        await self._add(settings)

    async def change_settings(self, version: int, **values: Any) -> bool:
        """Change the settings unless somebody else has since `version`; tell whether they were changed."""
        statement = (
            update(NoticeSettings)
            .where(self._owned(NoticeSettings), NoticeSettings.version == version)
            .values(version=version + 1, **values)
        )
        return await self._execute(statement) == 1

    async def open_troubles(self, integration_id: uuid.UUID) -> set[NoticeKind]:
        """Return the troubles that were told and are not over."""
        rows = await self._all(self._select(OpenTrouble).where(OpenTrouble.integration_id == integration_id))
        return {row.kind for row in rows}

    async def open_trouble(self, integration_id: uuid.UUID, kind: NoticeKind, at: datetime) -> None:
        """Note that a trouble was told; raises NotFound for an integration of somebody else."""
        await self._add(OpenTrouble(integration_id=integration_id, kind=kind, since=at))

    async def close_troubles(self, integration_id: uuid.UUID, kinds: Collection[NoticeKind]) -> int:
        """Note that troubles are over; return how many were open."""
        return await self._execute(
            delete(OpenTrouble).where(
                self._owned(OpenTrouble),
                OpenTrouble.integration_id == integration_id,
                OpenTrouble.kind.in_(list(kinds)),
            )
        )

    async def told_of(self, integration_id: uuid.UUID, cause: str) -> set[NoticeKind]:
        """Return which kinds of notice came of this cause."""
        rows = await self._values(
            select(Notice.kind).where(
                self._owned(Notice), Notice.integration_id == integration_id, Notice.cause == cause
            )
        )
        return {row.kind for row in rows}

    async def told_since(self, integration_id: uuid.UUID, kind: NoticeKind, since: datetime) -> int:
        """Return how many notices of a kind there have been since a moment."""
        rows = await self._values(
            select(func.count()).where(
                self._owned(Notice),
                Notice.integration_id == integration_id,
                Notice.kind == kind,
                Notice.created_at > since,
            )
        )
        return int(rows[0][0])

    async def add(self, notice: Notice, deliveries: Sequence[NoticeDelivery]) -> None:
        """Put a notice and its ways to its recipients into the outbox; raises Conflict when it is there already."""
        await self._add(notice)
        await self._add(*deliveries)

    async def log(self, limit: int) -> list[tuple[Notice, NoticeDelivery | None]]:
        """Return notices with the way of each to a recipient, or none where nobody was to have it, newest first."""
        rows = await self._values(
            select(Notice, NoticeDelivery)
            .outerjoin(NoticeDelivery, NoticeDelivery.notice_id == Notice.id)
            .where(self._owned(Notice))
            .order_by(Notice.created_at.desc(), NoticeDelivery.id.desc())
            .limit(limit)
        )
        return [(notice, delivery) for notice, delivery in rows]

    async def to_deliver(self, delivery_ids: Collection[int]) -> list[tuple[Notice, NoticeDelivery]]:
        """Return those of these deliveries that are the organisation's, with their notices."""
        rows = await self._values(
            select(Notice, NoticeDelivery)
            .join(NoticeDelivery, NoticeDelivery.notice_id == Notice.id)
            .where(self._owned(NoticeDelivery), NoticeDelivery.id.in_(list(delivery_ids)))
            .order_by(NoticeDelivery.id)
        )
        return [(notice, delivery) for notice, delivery in rows]

    async def note_delivery(self, delivery_id: int, **values: Any) -> int:
        """Write down how a try went; return how many rows that was."""
        return await self._execute(
            update(NoticeDelivery)
            .where(self._owned(NoticeDelivery), NoticeDelivery.id == delivery_id)
            .values(**values)
        )
