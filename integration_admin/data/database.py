"""The engine and the unit of work: one transaction, one organisation, committed at the edge.

Queries live in repositories/; the schema in models.py.
"""

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from integration_admin.core.errors import DatabaseBusy
from integration_admin.data import row_security
from integration_admin.data.failures import (
    TOO_LONG,
    busy,
    hide_quoted_rows,
    lost,
    refusal,
    unreachable,
    unstorable_text,
    unwritable,
)
from integration_admin.data.repositories.audit import append_noted
from integration_admin.data.repositories.base import LEAVES_COPIES
from integration_admin.data.repositories.unit import SystemUnit, Unit
from integration_admin.data.sqlite import (
    BUSY_SECONDS,
    ConnectionThread,
    RollingBack,
    begin,
    empty_log,
    hand_over_quickly,
    prepare,
)


class Database:
    """Opens units of work on SQLite (WAL, synchronous=FULL, foreign keys on) or PostgreSQL.

    The engine is made on first use, never at import or before a fork. Rows stay readable after their
    unit has ended. A unit raises Conflict when what it adds exists already (somebody was first), and
    NotFound when what it refers to does not exist in this organisation. PostgreSQL shows a unit no row of
    another organisation, whatever is asked; `system` units alone see all.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine: AsyncEngine | None = None
        self._writing = asyncio.Lock()
        self._copies_left = False

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
        """Open a unit that only reads one organisation's rows; the database refuses it a write."""
        async with self._session(organisation_id, writes=False) as session:
            yield Unit(session, organisation_id)

    @asynccontextmanager
    async def write(self, organisation_id: uuid.UUID) -> AsyncIterator[Unit]:
        """Open a unit on one organisation's rows; it commits when the block ends without an error."""
        async with self._session(organisation_id, writes=True) as session:
            yield Unit(session, organisation_id)

    @asynccontextmanager
    async def system(self, *, writes: bool = False) -> AsyncIterator[SystemUnit]:
        """Open a unit for the few questions that come before an organisation is known.

        It sees every organisation's rows. tests/data/test_row_security.py lists who may open one.
        """
        async with self._session(None, writes=writes) as session:
            yield SystemUnit(session)

    async def close(self) -> None:
        """Give back every connection."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    @asynccontextmanager
    async def _session(
        self, organisation_id: uuid.UUID | None, *, writes: bool
    ) -> AsyncIterator[AsyncSession]:
        # A statement may change rows the session holds; reading them again must show the change.
        session = AsyncSession(
            self.engine, expire_on_commit=False, execution_options={"populate_existing": True}
        )
        try:
            # Leaving the session rolls back what is not committed, even while its task is cancelled.
            async with self._turn(writes=writes), session:
                connection = await _open(session, writes=writes)
                if not self.is_sqlite:
                    await row_security.admit(connection, organisation_id)
                yield session
                # In a unit that only reads the database refuses it, so that no line is lost without a word.
                await append_noted(session)
                if writes:
                    await session.commit()
            if writes:
                await self._drop_copies(session)
        except (OperationalError, sqlite3.OperationalError) as error:
            # A unit that only reads is refused a write by the same code as one whose file is write-protected.
            told = busy(error) or (unwritable(error) if writes else None) or lost(error)
            if told is None:
                raise
            raise told from error
        except IntegrityError as error:
            refused = refusal(error)
            if refused is None:
                raise
            raise refused from error
        except (DataError, UnicodeEncodeError) as error:
            unstorable = unstorable_text(error)
            if unstorable is None:
                raise
            # Without its cause, which quotes the text.
            raise unstorable from None

    async def _drop_copies(self, session: AsyncSession) -> None:
        """Empty SQLite's log of the secrets that went, or leave it to the next writer where somebody reads there."""
        self._copies_left |= LEAVES_COPIES in session.info
        if self._copies_left and self.path:
            self._copies_left = not await asyncio.to_thread(empty_log, self.path)

    @asynccontextmanager
    async def _turn(self, *, writes: bool) -> AsyncIterator[None]:
        """Let this process's SQLite writers in by order of arrival.

        SQLite itself makes them poll, and the unlucky wait ten times as long while they hold connections
        that readers need.
        """
        if not (writes and self.is_sqlite):
            yield
            return
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await self._writing.acquire()
        except TimeoutError:
            detail = "another unit of this process has been writing for too long"
            raise DatabaseBusy(TOO_LONG, internal=detail) from None
        try:
            yield
        finally:
            self._writing.release()

    def _create(self) -> AsyncEngine:
        options: dict[str, Any] = {"hide_parameters": True}
        if self.is_sqlite:
            hand_over_quickly()
            engine = create_async_engine(
                self._url.set(drivername="sqlite+aiosqlite"),
                connect_args={"factory": RollingBack, "async_creator_fn": ConnectionThread.connecting},
                **options,
            )
            event.listen(engine.sync_engine, "connect", prepare)
            event.listen(engine.sync_engine, "begin", begin)
            return engine
        engine = create_async_engine(
            self._url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, **options
        )
        event.listen(engine.sync_engine, "handle_error", hide_quoted_rows)
        return engine


async def _open(session: AsyncSession, *, writes: bool) -> AsyncConnection:
    """Take a connection and begin; SQLite deadlocks when a reader turns writer, so a writer says so at BEGIN."""
    try:
        return await session.connection(
            execution_options={"writes": writes, "postgresql_readonly": not writes}
        )
    except OperationalError as error:
        raise busy(error) or unwritable(error) or unreachable(error) from error
