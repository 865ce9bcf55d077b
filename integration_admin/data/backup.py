"""Backups: everything the database holds in one SQLite file, whichever database it is, and back into an empty one.

The vault's keys are not in it. What people are told is in commands/backup.py.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, create_engine, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from integration_admin.core.errors import ConfigurationError, Conflict, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.data import migrations
from integration_admin.data.columns import Base
from integration_admin.data.failures import unwritable
from integration_admin.data.models_access import Heartbeat, VaultKey
from integration_admin.data.row_security import admit_to_all

_AT_ONCE: Final = 1_000
_NOTED_BY_PROGRAMS: Final = frozenset({Heartbeat.__tablename__})
"""Tables whose rows do not make an installation one that somebody uses."""


def back_up(url: str, file: Path) -> dict[str, int]:
    """Write everything in the database at `url` into a new `file`; return how many rows of each table.

    Others may write meanwhile: the file holds one moment. Raises Conflict where `file` exists already,
    ConfigurationError, DatabaseUnreachable; then no file is left.
    """
    _check_release(url)
    if file.exists():
        raise Conflict(msg("The file {file} exists already. Choose another name.", file=file))
    with _beside(file) as unfinished:
        if make_url(url).get_backend_name() == "sqlite":
            _copy_sqlite(Path(make_url(url).database or ""), unfinished)
        else:
            _copy_rows(url, unfinished)
        counts = _checked(unfinished)
        unfinished.replace(file)
    return counts


def restore(url: str, file: Path, prepare: Callable[[str], None] | None = None) -> dict[str, int]:
    """Put a backup into the empty database at `url`, brought to this release's schema; return the rows of each table.

    `prepare` is handed the address of the copy before that becomes the database, and may change it.

    Raises Conflict where the database is in use or not empty, InvalidInput where `file` is no backup or of a
    newer release; then nothing is changed.
    """
    if not file.is_file():
        raise InvalidInput(msg("There is no file {file}.", file=file))
    target = make_url(url)
    place = Path(target.database or "") if target.get_backend_name() == "sqlite" else file
    if target.get_backend_name() == "sqlite":
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _beside(place) as unfinished:
        _copy_sqlite(file, unfinished)
        _checked(unfinished, file)
        migrations.upgrade(f"sqlite:///{unfinished}")
        counts = _checked(unfinished)
        if prepare is not None:
            prepare(f"sqlite:///{unfinished}")
        if target.get_backend_name() == "sqlite":
            _refuse_used_sqlite(place)
            _put_in_place(unfinished, place)
        else:
            _fill(url, unfinished)
    return counts


def key_ids(file: Path) -> list[str]:
    """Return which of the vault's keys a backup's secrets are sealed with."""
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.scalars(select(VaultKey.key_id).order_by(VaultKey.key_id)))


def _check_release(url: str) -> None:
    """Raise ConfigurationError where the database is of another release, except an older SQLite file.

    That is copied as it is, so that there is a backup before `migrate` changes it.
    """
    if migrations.is_current(url):
        return
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        raise ConfigurationError(
            msg(
                "The database does not have this release's schema. A backup of it is made by the release it"
                " belongs to, or with pg_dump."
            )
        )
    if not Path(address.database or "").is_file():
        raise migrations.behind(url)


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """Yield a name beside `file`, for its owner alone, and leave nothing there in the end."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    for path in (unfinished, *_companions(unfinished)):
        path.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield unfinished
    finally:
        for path in (unfinished, *_companions(unfinished)):
            path.unlink(missing_ok=True)


def _companions(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{ending}") for ending in ("-wal", "-shm", "-journal")]


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy an SQLite file as it is at one moment, even while it is written to."""
    if not source.is_file():
        raise InvalidInput(msg("There is no file {file}.", file=source))
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            # One file, whatever the source kept beside it.
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        raise unwritable(error) or _no_backup(source, str(error)) from error


def _copy_rows(url: str, target: Path) -> None:
    """Copy every row of a PostgreSQL database as it is at one moment."""
    migrations.upgrade(f"sqlite:///{target}")
    source = create_engine(migrations.synchronous_url(url), poolclass=NullPool, hide_parameters=True)
    file = create_engine(f"sqlite:///{target}", poolclass=NullPool, hide_parameters=True)
    with (
        source.connect().execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ) as old,
        file.begin() as new,
    ):
        admit_to_all(old)
        for table in Base.metadata.sorted_tables:
            _copy_table(table, old, new)


def _fill(url: str, source: Path) -> None:
    """Copy every row of a backup into a PostgreSQL database, in one transaction: all of them or none."""
    target = create_engine(migrations.synchronous_url(url), poolclass=NullPool, hide_parameters=True)
    file = create_engine(f"sqlite:///{source}", poolclass=NullPool, hide_parameters=True)
    with target.connect() as connection:
        _refuse_used_postgresql(connection)
        _refuse_rows(connection)
    migrations.upgrade(url)
    with file.connect() as old, target.begin() as new:
        _refuse_rows(new)
        for table in Base.metadata.sorted_tables:
            if table.name in _NOTED_BY_PROGRAMS:
                new.execute(table.delete())
            _copy_table(table, old, new)
            _continue_numbers(table, new)


def _copy_table(table: Table, old: Connection, new: Connection) -> None:
    rows = old.execution_options(stream_results=True).execute(select(table)).mappings()
    for batch in rows.partitions(_AT_ONCE):
        new.execute(insert(table), [dict(row) for row in batch])


def _continue_numbers(table: Table, connection: Connection) -> None:
    """Let the database's own numbering go on behind the rows that came with their numbers."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    last = select(func.max(column)).scalar_subquery()
    connection.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))


def _checked(file: Path, given: Path | None = None) -> dict[str, int]:
    """Return how many rows each table of a backup has; raises InvalidInput where it is none, or of a newer release.

    `given` is the file as people named it, where `file` is a copy of it.
    """
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            if state != "ok":
                raise _no_backup(given or file, "integrity check")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            counts = {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608, names of its own tables
                for (name,) in sorted(names)
            }
    except sqlite3.DatabaseError as error:
        raise _no_backup(given or file, str(error)) from error
    if not {revision for (revision,) in found} <= migrations.known():
        raise InvalidInput(
            msg("The backup was made by a newer release. Install that one, and restore with it.")
        )
    return counts


def _refuse_used_sqlite(file: Path) -> None:
    """Raise Conflict where the file is open in another process, or holds anything."""
    if not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            # Only who has the file alone may leave write-ahead logging.
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            raise _in_use(str(error)) from error
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.connect() as connection:
        _refuse_rows(connection)


def _refuse_used_postgresql(connection: Connection) -> None:
    """Raise Conflict where anybody else is connected to the database."""
    others = connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    )
    if others:
        raise _in_use(internal="other connections")


def _refuse_rows(connection: Connection) -> None:
    """Raise Conflict where any table holds a row of any organisation."""
    admit_to_all(connection)
    there = connection.dialect.get_table_names(connection)
    for table in Base.metadata.sorted_tables:
        if table.name not in there or table.name in _NOTED_BY_PROGRAMS:
            continue
        if connection.scalar(select(text("1")).select_from(table).limit(1)):
            raise Conflict(
                msg("The database holds data already. Restore only into an empty one."), internal=table.name
            )


def _put_in_place(unfinished: Path, place: Path) -> None:
    """Make the restored file the database, at once and for good."""
    with closing(sqlite3.connect(unfinished)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    for path in _companions(place):
        path.unlink(missing_ok=True)
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.replace(place)


def _in_use(internal: str) -> Conflict:
    return Conflict(
        msg("The database is in use. Stop everything that uses it, and try again."), internal=internal
    )


def _no_backup(file: Path, internal: str) -> InvalidInput:
    return InvalidInput(msg("The file {file} is not a backup.", file=file.name), internal=internal)
