"""A PostgreSQL server of the tests' own, and its databases. Which test gets which is conftest.py's business."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from faults.postgresql import ROLE, PostgresServer, as_program, new_database, start_server
from integration_admin.data.migrations import upgrade
from integration_admin.data.models import Organisation

_EMPTY = "empty_template"
_MIGRATED = "migrated_template"
_LARGE_BYTES = 32 * 2**20
_QUEUE = ("periodic_defers", "events", "jobs", "workers")
_DISCONNECT_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


@contextmanager
def running_server() -> Iterator["Server"]:
    """Start PostgreSQL 18 on a unix socket, and remove it with all its data at the end."""
    process = start_server("ia-pg-")
    try:
        yield Server(make_url(process.get_uri()), process)
    finally:
        process.cleanup()


class Server:
    """Makes databases by copying; used ones are emptied and lent again, which is far quicker."""

    def __init__(self, address: URL, process: PostgresServer) -> None:
        self._address = address
        self._process = process
        self._clean: list[str] = []
        for setting in ("fsync = off", "full_page_writes = off"):
            self._administer("ALTER SYSTEM SET " + setting)
        self._administer("SELECT pg_reload_conf()")
        # What lower() does must not depend on the locale of the machine the tests run on.
        self._administer(
            f"CREATE DATABASE {_EMPTY} TEMPLATE template0 OWNER {ROLE} ENCODING 'UTF8'"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        )
        upgrade(self._copy(_EMPTY, _MIGRATED))
        self._tables = self._count_tables(self.as_administrator(as_program(address, _MIGRATED)))

    @property
    def folder(self) -> Path:
        """Where everything is that the server keeps."""
        return Path(self._process.pgdata)

    def write_out(self) -> None:
        """Bring what is in the server's memory into its files."""
        self._administer("CHECKPOINT")

    def log_file(self) -> str:
        """Return the name of the write-ahead log's file that is written just now; later ones sort behind it."""
        return self._ask("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")

    def files_of(self, url: str, since: str) -> list[Path]:
        """Return the files of a database, its tables and indexes, and the write-ahead log's from the file `since` on."""
        self.write_out()
        number = self._ask("SELECT oid FROM pg_database WHERE datname = %s", make_url(url).database)
        log = (file for file in (self.folder / "pg_wal").iterdir() if file.is_file() and file.name >= since)
        return [*(self.folder / "base" / number).iterdir(), *log]

    def stop(self) -> None:
        """Stop the server as an administrator does: connections end at once, what is committed stays."""
        self._process.stop()

    def start(self) -> None:
        """Start the stopped server again at its address."""
        self._process.ensure_postgres_running()

    def new_empty(self) -> str:
        """Make a database without a table and return its address."""
        return self._copy(_EMPTY)

    def new_migrated(self) -> str:
        """Make a database with the newest schema and no rows and return its address."""
        return self._copy(_MIGRATED)

    def as_administrator(self, url: str) -> str:
        """Return the address of a database as the server's superuser reaches it, whom no row-level security stops."""
        return _text(self._address.set(database=make_url(url).database))

    def copy(self, url: str) -> str:
        """Copy a database that nobody has open and return the copy's address."""
        return self._copy(make_url(url).database or "")

    def borrow(self) -> str:
        """Return the address of a migrated database without rows; give it back with `give_back`."""
        return self._clean.pop() if self._clean else self.new_migrated()

    def give_back(self, url: str) -> None:
        """Empty a borrowed database for the next test, or drop it where it is not what it was."""
        with psycopg.connect(self.as_administrator(url)) as connection:
            connection.execute(_DISCONNECT_OTHERS)
            usable = (
                _number(connection.execute(_TABLES)) == self._tables and _empty(connection) < _LARGE_BYTES
            )
        if usable:
            self._clean.append(url)
        else:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = sql.Identifier(make_url(url).database or "")
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _copy(self, template: str, name: str | None = None) -> str:
        name = name or f"test_{uuid.uuid4().hex}"
        self._administer(new_database(name, template))
        return as_program(self._address, name)

    def _count_tables(self, url: str) -> int:
        with psycopg.connect(url) as connection:
            return _number(connection.execute(_TABLES))

    def _ask(self, question: str, *values: object) -> str:
        with psycopg.connect(_text(self._address)) as connection:
            row = connection.execute(question.encode(), values or None).fetchone()
        assert row is not None
        return str(row[0])

    def _administer(self, statement: str | sql.Composed, *values: object) -> None:
        with psycopg.connect(_text(self._address), autocommit=True) as connection:
            connection.execute(statement, values or None)


def _empty(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    """Delete all rows; return the database's size in bytes."""
    own = [sql.Identifier(table) for table in Organisation.metadata.tables]
    queue = [sql.Identifier("procrastinate", f"procrastinate_{table}") for table in _QUEUE]
    deletes = [sql.SQL("DELETE FROM {}").format(name) for name in own + queue]
    # Without triggers every table is emptied by itself, and no cascade searches the others.
    connection.execute(sql.SQL("; ").join([sql.SQL("SET session_replication_role = replica"), *deletes]))
    return _number(connection.execute("SELECT pg_database_size(current_database())"))


def _number(cursor: psycopg.Cursor[tuple[int]]) -> int:
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)
