"""The audit log of an organisation: lines are only ever added, each chained to the one before (../audit_chain.py)."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Unpack

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.core.audit_actions import AuditAction, AuditDetail
from integration_admin.data.audit_chain import BEGINNING, ChainLine, digest, storable
from integration_admin.data.models_access import AuditEvent, AuditHead
from integration_admin.data.repositories.base import Repository

_NOTED: Final = "noted_for_audit"
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are wanted; what is left empty does not matter."""

    actors: Collection[str] = ()
    actions: Collection[str] = ()
    integration_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    target: str = ""


class AuditRepository(Repository):
    """Appends to the audit log and reads it, newest first unless said otherwise."""

    async def add(
        self, at: datetime, actor: str, action: AuditAction, target: str = "", **detail: Unpack[AuditDetail]
    ) -> None:
        """Note who did what; `detail` never holds a secret.

        The line is chained when the unit commits, so that others wait for it as short as possible, and
        nobody who waits for it holds something this unit still needs.
        """
        line = (at, actor[:_LONGEST], action, target[:_LONGEST], storable(dict(detail)))
        self._session.info.setdefault(_NOTED, []).append((self._organisation_id, line))

    async def latest(self, limit: int = 100) -> list[AuditEvent]:
        """Return the newest lines."""
        return await self.page(AuditFilter(), None, limit)

    async def page(self, wanted: AuditFilter, before: int | None, limit: int) -> list[AuditEvent]:
        """Return the newest lines that are wanted and whose number is below `before`."""
        await append_noted(self._session)
        statement = self._select(AuditEvent).where(*_conditions(wanted))
        if before is not None:
            statement = statement.where(AuditEvent.number < before)
        return await self._all(statement.order_by(AuditEvent.number.desc()).limit(limit))

    async def after(self, number: int, limit: int) -> list[tuple[ChainLine, str]]:
        """Return the lines behind `number`, oldest first, each with the hash that is stored with it."""
        rows = await self._values(
            select(
                AuditEvent.number,
                AuditEvent.at,
                AuditEvent.actor,
                AuditEvent.action,
                AuditEvent.target,
                AuditEvent.detail,
                AuditEvent.previous_hash,
                AuditEvent.hash,
            )
            .where(self._owned(AuditEvent), AuditEvent.number > number)
            .order_by(AuditEvent.number)
            .limit(limit)
        )
        return [(ChainLine(self._organisation_id, *row[:-1]), row[-1]) for row in rows]

    async def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last line there should be; zero where nothing was ever noted."""
        rows = await self._values(select(AuditHead.number, AuditHead.hash).where(self._owned(AuditHead)))
        return (rows[0][0], rows[0][1]) if rows else (0, BEGINNING)

    async def actors(self, limit: int = 500) -> Sequence[str]:
        """Return everybody who did something, by name."""
        statement = select(AuditEvent.actor).where(self._owned(AuditEvent)).distinct()
        return [row[0] for row in await self._values(statement.order_by(AuditEvent.actor).limit(limit))]


async def append_noted(session: AsyncSession) -> None:
    """Chain and store what a session has noted; to be called last before it commits."""
    noted: list[tuple[uuid.UUID, Any]] = session.info.pop(_NOTED, [])
    # Who writes for several organisations takes their turns in one order, whatever it noted first.
    for organisation_id in sorted({owner for owner, _ in noted}):
        await _append(session, organisation_id, [line for owner, line in noted if owner == organisation_id])


async def _append(session: AsyncSession, organisation_id: uuid.UUID, lines: Sequence[Any]) -> None:
    """Add lines behind the head, which nobody else can move before this transaction ends."""
    number, previous = await _take_head(session, organisation_id)
    for at, actor, action, target, detail in lines:
        number += 1
        line = ChainLine(organisation_id, number, at, actor, action, target, detail, previous)
        previous = digest(line)
        session.add(AuditEvent(**line._asdict(), hash=previous))
    await session.flush()
    await session.execute(
        update(AuditHead)
        .where(AuditHead.organisation_id == organisation_id)
        .values(number=number, hash=previous)
        .execution_options(synchronize_session=False)
    )


async def _take_head(session: AsyncSession, organisation_id: uuid.UUID) -> tuple[int, str]:
    """Return the number and hash of the last line; others who append wait from here until the commit."""
    statement = (
        select(AuditHead.number, AuditHead.hash)
        .where(AuditHead.organisation_id == organisation_id)
        .with_for_update()
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
        first = {"organisation_id": organisation_id, "number": 0, "hash": BEGINNING}
        await session.execute(insert(AuditHead).values(first).on_conflict_do_nothing())
        found = (await session.execute(statement)).one()
    return found[0], found[1]


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.actors:
        conditions.append(AuditEvent.actor.in_(wanted.actors))
    if wanted.actions:
        conditions.append(AuditEvent.action.in_(wanted.actions))
    if wanted.integration_id is not None:
        name = str(wanted.integration_id)
        conditions.append(
            or_(AuditEvent.target == name, AuditEvent.detail["integration"].as_string() == name)
        )
    if wanted.since is not None:
        conditions.append(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEvent.at < wanted.until)
    if wanted.target:
        conditions.append(AuditEvent.target == wanted.target[:_LONGEST])
    return conditions
