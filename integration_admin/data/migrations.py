"""Brings a database to the newest schema. The migrations themselves are in alembic/versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError

from alembic import command
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.data.failures import no_database, unreachable, unwritable
from integration_admin.data.models import Organisation
from integration_admin.data.private_files import make_private_file
from integration_admin.data.row_security import admit_to_all

_ROOT = Path(__file__).resolve().parent.parent.parent
_ADVISORY_LOCK = 4_713_002_611
"""Any number no other program uses on the same PostgreSQL database; all releases must share it."""
_LOCK_WAIT_SECONDS = 60


def synchronous_url(url: str) -> URL:
    """Return `url` with the driver migrations use."""
    parsed = make_url(url)
    driver = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=driver)


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest schema, making a SQLite file where there is none.

    Several processes may do so at once; a migration that fails leaves nothing of itself behind.
    Raises ConfigurationError where a newer release has brought it further.
    """
    with schema_connection(url) as connection:
        _heads(connection)
        command.upgrade(alembic_config(connection), "head")


@contextmanager
def schema_connection(url: str) -> Iterator[Connection]:
    """Open one transaction in which the schema may be changed, and by nobody else meanwhile.

    Raises DatabaseUnreachable where there is none, or where it cannot be written to.
    """
    parsed = synchronous_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and not parsed.database.startswith((":memory:", "file:")):
        # SQLite would make it for everybody to read, and gives the files beside it the same rights.
        make_private_file(Path(parsed.database))
    engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        # Left to itself Python begins a transaction after the tables are made, which could not be undone.
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with _connected(engine) as connection, connection.begin():
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            # A migration that changes rows changes those of all organisations.
            admit_to_all(connection)
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """Connect; raises DatabaseUnreachable, also for an address with an option no driver knows and for a full disk."""
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise unwritable(error) or unreachable(error) from error
    with connection:
        try:
            yield connection
        except DatabaseError as error:
            raise unwritable(error) or no_database(error) or error from error.__cause__


def is_current(url: str) -> bool:
    """Tell whether the database has the newest schema; a SQLite file that is not there has none.

    Raises ConfigurationError where a newer release has brought it further.
    """
    parsed = synchronous_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return False
    engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    with _connected(engine) as connection:
        return _heads(connection) == _newest()


def behind(url: str) -> ConfigurationError:
    """Return what it means that `is_current` says no."""
    file = make_url(url).database or ""
    if make_url(url).get_backend_name() == "sqlite" and not Path(file).is_file():
        return ConfigurationError(
            msg(
                "There is no database {file}. Look whether INSTANCE_DIR and DATABASE_URL lead to yours, or make"
                " one: integration-admin migrate",
                file=file,
            )
        )
    return ConfigurationError(
        msg("The database does not have this release's schema. Run: integration-admin migrate")
    )


def _heads(connection: Connection) -> frozenset[str]:
    """Return how far the database was brought; raises ConfigurationError where that is further than we know."""
    heads = frozenset(MigrationContext.configure(connection).get_current_heads())
    if not heads <= known():
        raise ConfigurationError(
            msg(
                "The database was brought up to date by a newer release. Start that release, or put a backup"
                " into an empty database with this one."
            )
        )
    return heads


@cache
def known() -> frozenset[str]:
    """Return every revision this release can bring a database to."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


@cache
def _newest() -> frozenset[str]:
    """Return the newest revisions this release brings along."""
    return frozenset(ScriptDirectory.from_config(alembic_config()).get_heads())


def differences(engine: Engine) -> list[object]:
    """Return what the models have that the database has not, and the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, Organisation.metadata))


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, handing `connection` over to alembic/env.py."""
    config = Config(str(_ROOT / "alembic.ini"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in (
        f"busy_timeout={_LOCK_WAIT_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        # Batch operations rebuild tables; with foreign keys on, dropping the old one would cascade.
        "foreign_keys=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
