"""What all repositories share: the session, and the one organisation they may see."""

import uuid
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, CursorResult, ScalarSelect, Select, Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import Delete, Update

from integration_admin.core.errors import NotFound
from integration_admin.core.messages import Message
from integration_admin.data.columns import Owned
from integration_admin.data.models import Integration
from integration_admin.data.sealed_columns import HOLDS_SECRETS

Row = TypeVar("Row", bound=Owned)
ORGANISATION: Final = bindparam("organisation", type_=Uuid())
"""The one organisation in a statement that is made once; `_asked` says which it is."""
INTEGRATION: Final = bindparam("integration", type_=Uuid())
OWN_INTEGRATION: Final = (
    select(Integration.id)
    .where(Integration.organisation_id == ORGANISATION, Integration.id == INTEGRATION)
    .scalar_subquery()
)
"""What `_own` is, in a statement that is made once."""
LEAVES_COPIES: Final = "leaves_copies"
"""What a session notes of itself when a secret's envelope goes: SQLite's log still has a copy of it."""


class Repository:
    """Holds the session and the organisation; every statement goes through these methods."""

    def __init__(self, session: AsyncSession, organisation_id: uuid.UUID) -> None:
        self._session = session
        self._organisation_id = organisation_id

    def _owned(self, model: type[Row]) -> ColumnElement[bool]:
        return model.organisation_id == self._organisation_id

    def _select(self, model: type[Row]) -> Select[Row]:
        return select(model).where(self._owned(model))

    def _own(self, integration_id: uuid.UUID) -> ScalarSelect[uuid.UUID]:
        """Return the id if the integration is this organisation's, to be compared with a row's.

        What belongs to an integration belongs to its organisation. Asking only for the one keeps SQLite, which
        knows no statistics, from reading all rows of the organisation instead.
        """
        return (
            select(Integration.id)
            .where(self._owned(Integration), Integration.id == integration_id)
            .scalar_subquery()
        )

    async def _take_turns(self, integration_id: uuid.UUID) -> None:
        """Let one transaction of the integration at a time go on from here.

        SQLite has one writer anyway; on PostgreSQL the integration's row is locked, which does not keep
        others from adding rows that point at it.
        """
        await self._all(
            self._select(Integration).where(Integration.id == integration_id).with_for_update(key_share=True)
        )

    async def _all(self, statement: Select[Row]) -> list[Row]:
        return list((await self._session.scalars(statement)).all())

    async def _one(self, statement: Select[Row], missing: Message) -> Row:
        """Return the row; another organisation's is as missing as one that never was."""
        row = (await self._session.scalars(statement)).one_or_none()
        if row is None:
            raise NotFound(missing)
        return row

    async def _add(self, *rows: Owned) -> None:
        for row in rows:
            if row.organisation_id not in {None, self._organisation_id}:
                detail = "A row of another organisation cannot be added to this one."
                raise ValueError(detail)
            row.organisation_id = self._organisation_id
        self._session.add_all(rows)
        await self._session.flush()

    async def _add_missing(self, model: type[Owned], rows: Sequence[dict[str, Any]]) -> int:
        """Insert those of `rows` that no unique constraint knows yet; return how many were new."""
        if not rows:
            return 0
        insert = postgresql_insert if self._session.get_bind().dialect.name == "postgresql" else sqlite_insert
        added = await self._session.scalars(
            insert(model)
            .values([{"organisation_id": self._organisation_id, **row} for row in rows])
            .on_conflict_do_nothing()
            .returning(model.organisation_id)
        )
        return len(added.all())

    async def _execute(self, statement: Update | Delete) -> int:
        """Run a statement without loading rows; return how many it touched."""
        if isinstance(statement, Delete) and getattr(statement.table, "name", "") in HOLDS_SECRETS:
            self._session.info[LEAVES_COPIES] = True
        result = await self._session.execute(statement.execution_options(synchronize_session=False))
        assert isinstance(result, CursorResult)  # noqa: S101, an update or delete always answers so
        return result.rowcount

    async def _values(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """Return rows of columns."""
        return (await self._session.execute(statement)).all()

    async def _asked(self, statement: Select[*tuple[Any, ...]], **values: Any) -> Sequence[Any]:
        """Return the rows of a statement that is made once, for these values.

        Making a statement anew for each question costs the server as much as the answer does.
        """
        values["organisation"] = self._organisation_id
        return (await self._session.execute(statement, values)).all()
