"""Fixtures every test folder may use: databases of both kinds, and a clock tests move by hand."""

import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from integration_admin.data.database import Database
from integration_admin.data.migrations import upgrade
from tests import builders, canary, statements
from tests.fakes import FakeClock
from tests.postgresql import Server, running_server

# An example that took long was made to wait by the machine, and one found by chance would fail a run and not the next.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

_TOGETHER = {
    # These serve the built pages, and there is one build.
    "tests/commands/test_demo.py": "_pages",
    "tests/e2e/": "_pages",
    "tests/scale_out/test_web.py": "_pages",
    "tests/faults/": "_faults",
    # Mostly waits, so it goes beside others that do not, early.
    "tests/scale_out/test_workers.py": "_workers",
}


class _ByServer(LoadScopeScheduling):
    """Gives each process one group of tests after another."""

    def _split_scope(self, nodeid: str) -> str:
        return _group_of(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Keep together what shares a server."""
    return _ByServer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process ends alone."""
    items.sort(key=lambda item: not _group_of(item.nodeid.partition("::")[0]).startswith("_"))


def _group_of(path: str) -> str:
    return next((group for start, group in _TOGETHER.items() if path.startswith(start)), path)


_LEAKS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing leaked, and with databases that share what they compile."""
    config.stash[_LEAKS] = []
    statements.share()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let each test number its things from 1: one that looks for "1042" must not meet another's number 10422."""
    builders.numbers.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test fail that logs or prints one of the marked secrets (canary.py), whatever else it is about."""
    report = yield
    # The last report of a test has what was captured in all of it.
    last = report.when == "teardown"
    told = [title for title, text in report.sections if last and canary.found_in(text)]
    if told and report.passed:
        report.outcome = "failed"
        report.longrepr = f"A secret was told: {', '.join(told)} of {item.nodeid}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """When all processes have ended, look for marked secrets in whatever the tests have left on the disk."""
    if hasattr(session.config, "workerinput"):
        return
    folder: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # pytest's own
    session.config.stash[_LEAKS] = canary.places_of(folder)
    if session.config.stash[_LEAKS]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the files that hold a secret."""
    for place in config.stash[_LEAKS]:
        terminalreporter.write_line(f"A secret was written down: {place}", red=True)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until the test moves it."""
    return FakeClock()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A real PostgreSQL 18 on a unix socket, started when the first test needs it; no file of it has a marked secret."""
    with running_server() as server:
        yield server
        server.write_out()
        assert canary.places_of(server.folder) == []


@pytest.fixture(scope="session")
def new_postgresql_url(postgresql_server: Server) -> Callable[[], str]:
    """Make a PostgreSQL database with the newest schema and no rows, and return its address."""
    return postgresql_server.new_migrated


@pytest.fixture(scope="session")
def new_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Make an SQLite file with the newest schema and no rows, and return its address."""
    template = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    upgrade(f"sqlite:///{template}")
    return lambda: _copy_file(template)


@pytest.fixture(scope="session")
def copy_database(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Copy a database of either kind that nobody has open, rows and all, and return the copy's address."""

    def copy(url: str) -> str:
        source = make_url(url)
        if source.get_backend_name() == "sqlite":
            return _copy_file(Path(source.database or ""))
        server: Server = request.getfixturevalue("postgresql_server")
        return server.copy(url)

    return copy


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    """The address of a migrated PostgreSQL database of this test's own, without rows."""
    url = postgresql_server.borrow()
    yield url
    postgresql_server.give_back(url)


@pytest.fixture
def sqlite_url(new_sqlite_url: Callable[[], str]) -> str:
    """The address of a migrated SQLite file of this test's own, without rows."""
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


def _copy_file(source: Path) -> str:
    file = source.with_name(f"{uuid.uuid4().hex}.sqlite3")
    shutil.copyfile(source, file)
    return f"sqlite:///{file}"
