"""The vault's keys as the database knows them, and which of them each stored secret is sealed with.

Nothing here opens a secret; what columns there are is in ../sealed_columns.py.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import CursorResult, Select, bindparam, case, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg
from integration_admin.data.models import Integration
from integration_admin.data.models_access import AuditEvent, AuditHead, VaultKey
from integration_admin.data.repositories.base import LEAVES_COPIES, Repository
from integration_admin.data.sealed_columns import SEALED_COLUMNS, SealedColumn
from integration_admin.data.vault import MAX_SEALS_A_LINE

REENCRYPTED: Final = "keys.reencrypt"
"""The audit log's word for secrets that were sealed again with another key."""
_ID_WITHIN: Final = 36
"""The version, a key id and two dots are at most this long."""


class SealedRow(NamedTuple):
    """A row with an envelope, and the integration it is bound to where there is one."""

    row: Any
    integration: Integration | None


class SealingRepository(Repository):
    """What storing a secret of one organisation has to know of the keys."""

    async def active_key(self) -> VaultKey | None:
        """Return the key to seal with until this transaction ends; None where no key is registered at all.

        Nobody makes another key the active one meanwhile, so that a key which seals no more has really sealed its last.
        """
        # What is sealed takes the place of something, whose copy in SQLite's log must go.
        self._session.info[LEAVES_COPIES] = True
        return await _active_key(self._session)


class SealedSecrets:
    """All keys, and the stored secrets of all organisations by key."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def keys(self) -> Sequence[VaultKey]:
        """Return the keys this database has been sealed with, or will be, oldest first."""
        return (
            await self._session.scalars(select(VaultKey).order_by(VaultKey.created_at, VaultKey.key_id))
        ).all()

    async def add_key(self, key: VaultKey) -> None:
        """Register a key; raises Conflict where it is known already."""
        self._session.add(key)
        await self._session.flush()

    async def active_key(self) -> VaultKey | None:
        """Return the key to seal with until this transaction ends; None where no key is registered at all."""
        return await _active_key(self._session)

    async def promote(self, key_id: str) -> None:
        """Let an added key be the one that seals, and the one before it only open. Raises Conflict."""
        await self._execute(update(VaultKey).where(VaultKey.state == "active").values(state="old"))
        added = update(VaultKey).where(VaultKey.key_id == key_id, VaultKey.state == "added")
        if await self._execute(added.values(state="active")) != 1:
            raise Conflict(msg("The vault key {key_id} is not one that waits to be used.", key_id=key_id))

    async def remove_key(self, key_id: str) -> None:
        """Forget a key that nothing is sealed with and nothing will be. Raises Conflict."""
        unused = delete(VaultKey).where(VaultKey.key_id == key_id, VaultKey.state != "active")
        if await self._execute(unused) != 1:
            raise Conflict(msg("The vault key {key_id} is in use, or there is no such key.", key_id=key_id))

    async def held(self) -> dict[str, int]:
        """Return how many stored secrets each key has sealed; keys that are not registered are among them."""
        known = [key.key_id for key in await self.keys()]
        counts: Counter[str] = Counter()
        for sealed in SEALED_COLUMNS:
            envelope = _envelope(sealed)
            beginning = func.substr(envelope, 1, _ID_WITHIN)
            whens = [(envelope.startswith(f"v1.{key_id}."), literal(f"v1.{key_id}.")) for key_id in known]
            sealed_by = (case(*whens, else_=beginning) if whens else beginning).label("sealed_by")
            found = select(sealed_by, func.count()).where(envelope != "").group_by("sealed_by")
            for written, count in (await self._session.execute(found)).all():
                counts[_key_id_of(written)] += count
        return dict(counts)

    async def sealed_at_most(self, since: datetime) -> int:
        """Return how often any key can have sealed something since then, at the most.

        Whoever stores secrets writes an audit line in the same commit, of at most MAX_SEALS_A_LINE secrets, and the
        line of a re-encryption says of how many.
        """
        lines = select(func.count()).select_from(AuditEvent).where(AuditEvent.at >= since)
        again = select(AuditEvent.detail).where(AuditEvent.action == REENCRYPTED, AuditEvent.at >= since)
        stored = int(await self._session.scalar(lines) or 0) * MAX_SEALS_A_LINE
        return stored + sum(int(detail["count"]) for detail in await self._session.scalars(again))

    async def lines_ever(self) -> int:
        """Return how many lines all audit logs have; quick, however many there are."""
        return int(await self._session.scalar(select(func.sum(AuditHead.number))) or 0)

    async def not_under(
        self, sealed: SealedColumn, key_id: str, after: uuid.UUID | None, limit: int
    ) -> list[SealedRow]:
        """Return rows whose secret another key has sealed, in the order of their ids, behind the row `after`.

        On PostgreSQL they stay locked until the transaction ends; those somebody else is changing are passed over.
        """
        model: Any = sealed.model
        statement: Select[Any] = select(model, Integration) if sealed.of_integration else select(model)
        if sealed.of_integration:
            statement = statement.join(Integration, Integration.id == model.integration_id)
        envelope = _envelope(sealed)
        statement = statement.where(envelope != "", ~envelope.startswith(f"v1.{key_id}."))
        if after is not None:
            statement = statement.where(model.id > after)
        statement = statement.order_by(model.id).limit(limit).with_for_update(skip_locked=True, of=model)
        rows = (await self._session.execute(statement)).all()
        return [SealedRow(row[0], row[1] if sealed.of_integration else None) for row in rows]

    async def replace(self, sealed: SealedColumn, envelopes: Sequence[tuple[Any, str]]) -> None:
        """Put new envelopes in the place of those that were read. Raises Conflict where one is another by now."""
        if not envelopes:
            return
        table = sealed.model.__table__  # type: ignore[attr-defined]  # every Owned is a mapped class
        unchanged = table.c[sealed.column] == bindparam("read")
        statement = update(table).where(table.c.id == bindparam("row"), unchanged)
        changes = [
            {"row": row.id, "read": getattr(row, sealed.column), "written": written}
            for row, written in envelopes
        ]
        changed = await self._session.execute(
            statement.values({sealed.column: bindparam("written")}), changes
        )
        assert isinstance(changed, CursorResult)  # noqa: S101, an update always answers so
        if changed.rowcount != len(changes):
            raise Conflict(
                msg("Secrets were changed while they were sealed again. Run: integration-admin rotate-key")
            )

    def leave_no_copies(self) -> None:
        """Have the copies of what was replaced removed from SQLite's log when this transaction has ended."""
        self._session.info[LEAVES_COPIES] = True

    async def _execute(self, statement: Any) -> int:
        result = await self._session.execute(statement.execution_options(synchronize_session=False))
        assert isinstance(result, CursorResult)  # noqa: S101, an update or delete always answers so
        return result.rowcount


async def _active_key(session: AsyncSession) -> VaultKey | None:
    """Return the active key, locked against being made an old one."""
    statement = select(VaultKey).where(VaultKey.state == "active").with_for_update(read=True)
    found = await session.scalar(statement)
    if found is None and await session.scalar(select(func.count()).select_from(VaultKey)):
        # Another key was promoted while this waited for the row: the statement saw neither as active.
        found = await session.scalar(statement)
    return found


def _envelope(sealed: SealedColumn) -> Any:
    return getattr(sealed.model, sealed.column)


def _key_id_of(beginning: str) -> str:
    """Return the key id in the beginning of an envelope, or an empty text where there is none."""
    parts = beginning.split(".")
    return parts[1] if len(parts) > 2 else ""
