"""The engine and the unit of work: one transaction, one organisation, committed at the edge.

Queries live in repositories/; the schema in models.py.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from integration_admin.data.repositories.unit import SystemUnit, Unit

_BUSY_MILLISECONDS = 10_000


class Database:
    """Opens units of work on SQLite (WAL, synchronous=FULL, foreign keys on) or PostgreSQL.

    The engine is made on first use, never at import or before a fork.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine: AsyncEngine | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is one file on this machine."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def path(self) -> str:
        """The SQLite file's path; empty on PostgreSQL."""
        return (self._url.database or "") if self.is_sqlite else ""

    @property
    def engine(self) -> AsyncEngine:
        """The engine, made on first use."""
        if self._engine is None:
            self._engine = self._create()
        return self._engine

    @asynccontextmanager
    async def read(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        """Open a unit that only reads one organisation's rows."""
        async with self._session(writes=False) as session:
            yield Unit(session, organisation_id)

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        """Open a unit on one organisation's rows; it commits when the block ends without an error."""
        async with self._session(writes=True) as session:
            yield Unit(session, organisation_id)

    @asynccontextmanager
    async def system(self, *, writes: bool = False) -> AsyncIterator[SystemUnit]:
        """Open a unit for the few questions that come before an organisation is known."""
        async with self._session(writes=writes) as session:
            yield SystemUnit(session)

    async def close(self) -> None:
        """Give back every connection."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    @asynccontextmanager
    async def _session(self, *, writes: bool) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
        try:
            if writes:
                # SQLite deadlocks when a reader turns writer, so a writer says so at BEGIN.
                await session.connection(execution_options={"writes": True})
            yield session
            await (session.commit() if writes else session.rollback())
        except BaseException:
            await session.rollback()
            raise
        finally:
            await session.close()

    def _create(self) -> AsyncEngine:
        options: dict[str, Any] = {"hide_parameters": True}
        if self.is_sqlite:
            engine = create_async_engine(self._url.set(drivername="sqlite+aiosqlite"), **options)
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
            return engine
        return create_async_engine(
            self._url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, **options
        )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set what durability and integrity need; a commit with NORMAL may vanish in a power cut."""
    connection.isolation_level = None  # transactions are begun by _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
