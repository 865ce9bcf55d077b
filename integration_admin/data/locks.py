"""Locks held over a whole export: a dead process lets go, a paused one does not.

SQLite installations lock files beside the database; PostgreSQL ones take session advisory locks, each
on a connection of its own.
"""

import asyncio
import fcntl
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy.engine import make_url

from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg

_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 5,
    # A server that is gone must be noticed while a send can still be kept back.
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class HeldLock(Protocol):
    """A lock in hand."""

    async def check(self) -> None:
        """Raise Conflict if the lock may have been lost; called right before each send."""
        ...


class Locks(Protocol):
    """Hands out one lock an integration."""

    def hold(self, integration_id: uuid.UUID) -> AbstractAsyncContextManager[HeldLock]:
        """Take the integration's lock at once or raise Conflict."""
        ...

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        """Tell whether nobody holds the lock at this moment."""
        ...


def _taken() -> Conflict:
    return Conflict(msg("This integration is already being synchronised. Wait until that run has ended."))


class FileLocks:
    """Locks files with flock; the operating system releases them when the process dies."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()

    @asynccontextmanager
    async def hold(self, integration_id: uuid.UUID) -> AsyncIterator[HeldLock]:
        """Take the lock at once or raise Conflict."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / f"{integration_id}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _taken() from None
            yield _FileLock()

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        """Tell whether the lock could be taken."""
        try:
            async with self.hold(integration_id):
                return True
        except Conflict:
            return False


class _FileLock:
    async def check(self) -> None:
        """Return: a file lock cannot be lost while the process lives."""


class PostgreSQLLocks:
    """Takes session advisory locks; the server releases them when the connection ends.

    Each question waits `answer_seconds` for its answer; psycopg then needs up to ten more to give it up.
    """

    def __init__(self, url: str, answer_seconds: float = 5.0) -> None:
        self._answer_seconds = answer_seconds
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    @asynccontextmanager
    async def hold(self, integration_id: uuid.UUID) -> AsyncIterator[HeldLock]:
        """Take the lock at once or raise Conflict; TimeoutError when the server does not answer."""
        async with asyncio.timeout(self._answer_seconds):
            connection = await psycopg.AsyncConnection.connect(self._dsn, **_CONNECTION)
        try:
            async with asyncio.timeout(self._answer_seconds):
                answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", [_key(integration_id)])
                row = await answer.fetchone()
            if row is None or not row[0]:
                raise _taken()
            yield _AdvisoryLock(connection, self._answer_seconds)
        finally:
            await connection.close()

    async def is_free(self, integration_id: uuid.UUID) -> bool:
        """Tell whether the lock could be taken."""
        try:
            async with self.hold(integration_id):
                return True
        except Conflict:
            return False


class _AdvisoryLock:
    def __init__(self, connection: psycopg.AsyncConnection, answer_seconds: float) -> None:
        self._connection = connection
        self._answer_seconds = answer_seconds

    async def check(self) -> None:
        """Ask the server over the lock's own connection; without an answer the lock may be gone."""
        try:
            async with asyncio.timeout(self._answer_seconds):
                await self._connection.execute("SELECT 1")
        except (psycopg.Error, TimeoutError):
            raise _taken() from None


def _key(integration_id: uuid.UUID) -> int:
    """Return the 64-bit signed key PostgreSQL wants."""
    digest = hashlib.sha256(b"integration" + integration_id.bytes).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
