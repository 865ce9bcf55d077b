"""Locks held over a whole export: a dead process lets go, a paused one does not.

SQLite installations lock files beside the database; PostgreSQL ones take session advisory locks, each
on a connection of its own.
"""

import asyncio
import fcntl
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Any, LiteralString, Protocol

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.engine import URL

from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg
from integration_admin.data.database import Database

DIRECT_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    # A server that is gone must be noticed while a send can still be kept back.
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's parameters for a connection whose loss matters; seconds, the last one milliseconds."""

PATIENCE_SECONDS = 1.0
"""How long a lock is waited for: a run that has just ended still has it for a moment."""
_PAUSE_SECONDS = 0.01

_IS_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = :key)"
)
"""pg_locks shows the halves of a 64-bit advisory key as two object ids."""


class HeldLock(Protocol):
    """A lock in hand."""

    async def check(self) -> None:
        """Raise Conflict if the lock may have been lost; called right before each send."""
        ...


class Locks(Protocol):
    """Hands out one lock an integration."""

    def hold(self, integration_id: uuid.UUID) -> AbstractAsyncContextManager[HeldLock]:
        """Take the integration's lock within `PATIENCE_SECONDS` or raise Conflict."""
        ...

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        """Tell whether nobody holds the lock at this moment; asking never keeps it from anybody."""
        ...


def _taken() -> Conflict:
    return Conflict(msg("This integration is already being synchronised. Wait until that run has ended."))


class FileLocks:
    """Locks files with flock; the operating system releases them when the process dies."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()

    @asynccontextmanager
    async def hold(self, integration_id: uuid.UUID) -> AsyncIterator[HeldLock]:
        """Take the lock within `PATIENCE_SECONDS` or raise Conflict."""
        with self._open(integration_id) as file:
            # Whoever asks whether the lock is free has it for an instant, too.
            for _ in range(round(PATIENCE_SECONDS / _PAUSE_SECONDS)):
                if _lock(file, fcntl.LOCK_EX):
                    break
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                raise _taken()
            yield _FileLock()

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        """Tell whether the lock could be taken; those who ask at the same time do not disturb each other."""
        with self._open(integration_id) as file:
            return _lock(file, fcntl.LOCK_SH)

    def _open(self, integration_id: uuid.UUID) -> IO[str]:
        self._directory.mkdir(parents=True, exist_ok=True)
        return (self._directory / f"{integration_id}.lock").open("w")


def _lock(file: IO[str], kind: int) -> bool:
    """Lock an open file, exclusively or together with others, unless it is locked otherwise."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _FileLock:
    async def check(self) -> None:
        """Return: a file lock cannot be lost while the process lives."""


def conninfo(address: URL) -> str:
    """Return `address` as PostgreSQL's own library reads it, exactly as the database's pool connects.

    As a URL it would be refused for a password with a blank, in a sentence that quotes the password.
    """
    dialect = address.set(drivername="postgresql+psycopg").get_dialect()()
    return make_conninfo(**dialect.create_connect_args(address)[1])


class PostgreSQLLocks:
    """Takes session advisory locks; the server releases them when the connection ends.

    Each question about a lock waits `answer_seconds` for its answer, which is longer than `PATIENCE_SECONDS`.
    """

    def __init__(self, database: Database, answer_seconds: float = 5.0) -> None:
        self._database = database
        self._answer_seconds = answer_seconds

    @asynccontextmanager
    async def hold(self, integration_id: uuid.UUID) -> AsyncIterator[HeldLock]:
        """Take the lock within `PATIENCE_SECONDS` or raise Conflict; TimeoutError when the server is silent."""
        # Not from the pool: the lock is the connection's, and nobody else may use or recycle it.
        address = conninfo(self._database.engine.url)
        async with asyncio.timeout(self._answer_seconds):
            connection = await psycopg.AsyncConnection.connect(address, autocommit=True, **DIRECT_CONNECTION)
        lock = _AdvisoryLock(connection, _key(integration_id), self._answer_seconds)
        try:
            await lock.take()
            try:
                yield lock
            finally:
                await lock.let_go()
        finally:
            await connection.close()

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        """Tell whether no session holds the lock; TimeoutError when the server does not answer."""
        async with asyncio.timeout(self._answer_seconds), self._database.engine.connect() as connection:
            return not await connection.scalar(_IS_HELD, {"key": _key(integration_id)})


class _AdvisoryLock:
    """A lock and the connection it lives and dies with."""

    def __init__(self, connection: psycopg.AsyncConnection, key: int, answer_seconds: float) -> None:
        self._connection = connection
        self._key = key
        self._answer_seconds = answer_seconds
        self._backend = 0
        self._lost = False

    async def take(self) -> None:
        """Take the lock or raise Conflict; TimeoutError when the server does not answer."""
        milliseconds = str(round(PATIENCE_SECONDS * 1000))
        await self._ask("SELECT set_config('lock_timeout', %s, false)", milliseconds)
        try:
            row = await self._ask("SELECT pg_backend_pid(), pg_advisory_lock(%s)", self._key)
        except psycopg.errors.LockNotAvailable:
            raise _taken() from None
        self._backend = row[0]

    async def check(self) -> None:
        """Ask the server over the lock's own connection; without the right answer the lock may be gone.

        A pooler that hands out another server process has lost the lock with the old one.
        """
        try:
            backend = (await self._ask("SELECT pg_backend_pid()"))[0]
        except (psycopg.Error, TimeoutError):
            backend = None
        if backend != self._backend:
            self._lost = True
            raise _taken()

    async def let_go(self) -> None:
        """Release the lock now: the server may notice only later that the connection has ended."""
        if self._lost:
            return
        with suppress(psycopg.Error, TimeoutError):
            await self._ask("SELECT pg_advisory_unlock(%s)", self._key)

    async def _ask(self, question: LiteralString, *values: int | str) -> tuple[Any, ...]:
        """Return the one row of the answer."""
        asking = asyncio.create_task(self._connection.execute(question, values))
        try:
            async with asyncio.timeout(self._answer_seconds):
                answer = await asyncio.shield(asking)
                return await answer.fetchone() or ()
        finally:
            # Cancelled once, psycopg waits ten seconds for a silent server; again, and it hangs up.
            while not asking.done():
                asking.cancel()
                await asyncio.wait({asking}, timeout=0.01)


def _key(integration_id: uuid.UUID) -> int:
    """Return the 64-bit signed key PostgreSQL wants."""
    digest = hashlib.sha256(b"integration" + integration_id.bytes).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
