"""Lets the databases of all tests share compiled statements: compiling them anew for each was up to a third of a test's work.

An installation has one database, and compiles once; every test has its own. SQLAlchemy keeps compiled statements by
engine and dialect, so dialects of one kind count as the same here, and their engines share one store.
"""

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import URL, Dialect, Engine
from sqlalchemy.util import LRUCache

_ROOM = 3_000
_COMPILED: LRUCache[Any, Any] = LRUCache(_ROOM)


class _Sharing(Dialect):
    """A dialect equal to every other of its class; what they compile to depends on nothing else here."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine._compiled_cache = _COMPILED


class SharingSQLite(_Sharing, SQLiteDialect_aiosqlite):
    supports_statement_cache = True


class SharingPostgreSQL(_Sharing, PGDialectAsync_psycopg):
    supports_statement_cache = True


class PostgreSQL(PGDialect_psycopg):
    """What migrations use, with the sharing one for everything else."""

    supports_statement_cache = True

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[Dialect]:  # noqa: ARG003, SQLAlchemy asks so
        return SharingPostgreSQL


def share() -> None:
    """Have SQLAlchemy use these dialects for every database that is opened from now on."""
    registry.register("sqlite.aiosqlite", __name__, SharingSQLite.__name__)
    registry.register("postgresql.psycopg", __name__, PostgreSQL.__name__)
