"""What SQLite needs to be driven safely from an event loop: its threads, its pragmas, its transactions.

The engine and the units of work are in database.py.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from enum import Enum, auto
from functools import partial
from typing import Any, Self

import aiosqlite

BUSY_SECONDS = 10
_SWITCH_SECONDS = 0.001
_EMPTYING_SECONDS = 0.1


class _End(Enum):
    """What is due when a connection's transaction is over."""

    NONE = auto()
    POSTED = auto()
    AWAITED = auto()


class RollingBack(sqlite3.Connection):
    """A connection that rolls back when it is closed.

    Python closes with sqlite3_close_v2, which keeps the transaction, and with it the write lock, for as
    long as any object refers to an unfinished statement; a cancelled task's traceback does.
    """

    def close(self) -> None:
        """Roll back and close."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


class ConnectionThread(aiosqlite.Connection):
    """Begins and ends what only reads without a trip to its thread of its own, and may be stopped twice.

    SQLAlchemy stops it twice when a task is cancelled twice. aiosqlite never answers the second stop: a closing task
    would wait for ever, and the process with it.
    """

    _stopped: asyncio.Future[Any] | None = None
    _first = ""
    """What is to be carried out just before the next statement."""
    _end = _End.NONE

    @classmethod
    def connecting(cls, *arguments: Any, **options: Any) -> Self:
        """Return a connection that opens when it is awaited; its thread ends with the process."""
        connection = cls(partial(sqlite3.connect, *arguments, **options), iter_chunk_size=64)
        connection._thread.daemon = True
        return connection

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection itself, for use in its own thread."""
        return self._conn

    def begin_reading(self) -> None:
        """Begin a transaction that only reads with its first statement; SQLite reads nothing before either."""
        self._first, self._end = "PRAGMA query_only=ON; BEGIN", _End.POSTED

    def begin_writing(self) -> Any:
        """Begin a transaction that may write: it has the lock from here on."""
        self._first, self._end = "", _End.AWAITED
        # As one script it is one trip to the connection's thread; as two statements it would be six.
        return self.executescript("PRAGMA query_only=OFF; BEGIN IMMEDIATE")

    async def commit(self) -> None:
        """Commit."""
        await super().commit()
        self._end = _End.NONE

    async def rollback(self) -> None:
        """Roll back, where there is something to: SQLAlchemy does it once more when a connection is given back.

        Nobody waits for the end of what only reads; the thread comes to it before whatever the connection is used
        for next.
        """
        end, self._end = self._end, _End.NONE
        if end is _End.AWAITED:
            await super().rollback()
        elif end is _End.POSTED:
            self._tx.put_nowait((None, self.raw.rollback))

    def take_first(self) -> str:
        """Return what is to be carried out before the next statement, once."""
        first, self._first = self._first, ""
        return first

    async def carry_out(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do some work in the connection's thread."""
        await self._execute(work, *arguments)  # type: ignore[no-untyped-call]  # aiosqlite has no types here

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]  # the part of a cursor SQLAlchemy uses
        """Return a cursor that makes one trip to the thread a statement."""
        return OneTripCursor(self)

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread; the second time is the first."""
        if self._stopped is None:
            self._stopped = super().stop()
        return self._stopped


class OneTripCursor:
    """Executes a statement and fetches its rows in one trip to the connection's thread, where aiosqlite makes four.

    The trips, not SQLite, are what small transactions would spend their time on.
    """

    arraysize = 1

    def __init__(self, connection: ConnectionThread) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, statement: str, values: Any = ()) -> Self:
        """Execute one statement."""
        await self._connection.carry_out(self._run, "execute", statement, values)
        return self

    async def executemany(self, statement: str, rows: Any) -> Self:
        """Execute one statement for each row."""
        await self._connection.carry_out(self._run, "executemany", statement, rows)
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows, which are here already."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Let go of the rows; the thread's own cursor is closed."""
        self._rows = []

    def _run(self, method: str, statement: str, values: Any) -> None:
        cursor = self._connection.raw.cursor()
        try:
            if first := self._connection.take_first():
                cursor.executescript(first)
            getattr(cursor, method)(statement, values)
            self.description, self.rowcount, self.lastrowid = (
                cursor.description,
                cursor.rowcount,
                cursor.lastrowid,
            )
            self._rows = cursor.fetchall() if cursor.description else []
            # After the last row of a RETURNING the count is right; before it is not.
            self.rowcount = cursor.rowcount
        finally:
            cursor.close()


def hand_over_quickly() -> None:
    """Let the connections' threads have the interpreter sooner than after its usual five milliseconds.

    Each statement ends with a thread waiting for it, and an export makes vouchers meanwhile.
    """
    sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))


def prepare(connection: Any, _record: Any) -> None:
    """Set what durability and integrity need; a commit with NORMAL may vanish in a power cut."""
    connection.isolation_level = None  # transactions are begun by begin
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is removed is overwritten: a secret's envelope must not stay in a page nobody uses.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # SQLite's own lower() leaves Æ, Ø and Å as they are.
    connection.create_function("lower", 1, _lower, deterministic=True)


def empty_log(path: str) -> bool:
    """Carry the write-ahead log over into the database file and empty it; tell whether nobody was in the way.

    Until then the log has copies of pages as they were, and with them of what has been removed since.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_EMPTYING_SECONDS)) as connection:
            (in_the_way, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    return not in_the_way


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def begin(connection: Any) -> None:
    """Begin a transaction as a reader or a writer, as its execution options say."""
    raw = connection.connection.dbapi_connection
    if connection.get_execution_options().get("writes", False):
        raw.run_async(ConnectionThread.begin_writing)
    else:
        raw.driver_connection.begin_reading()
