"""One holder an integration, wherever a process was started and whatever the network does."""

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from integration_admin.bootstrap import assemble
from integration_admin.core.errors import Conflict
from integration_admin.core.settings import Settings
from integration_admin.data.database import Database
from integration_admin.data.locks import FileLocks, Locks, PostgreSQLLocks

INTEGRATION = uuid.UUID(int=7)


Opening = Callable[[], AbstractAsyncContextManager[Locks]]


@pytest.fixture(params=["file", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Opens the locks of one more process that shares a database with the others."""
    if request.param == "file":
        return lambda: nullcontext(FileLocks(tmp_path / "locks"))
    url: str = request.getfixturevalue("postgresql_url")
    return lambda: opened(url)


@pytest.fixture
async def pair(opening: Opening) -> AsyncIterator[tuple[Locks, Locks]]:
    """The locks of two processes that share a database."""
    async with opening() as ours, opening() as theirs:
        yield ours, theirs


async def test_a_held_lock_is_refused_to_others_until_it_is_let_go(pair: tuple[Locks, Locks]) -> None:
    ours, theirs = pair
    async with ours.hold(INTEGRATION) as lock:
        await lock.check()
        assert not await theirs.is_free(INTEGRATION)
        assert await theirs.is_free(uuid.UUID(int=8))
        with pytest.raises(Conflict):
            async with theirs.hold(INTEGRATION):
                pass
    assert await theirs.is_free(INTEGRATION)


async def test_asking_whether_a_lock_is_free_never_keeps_it_from_anybody(opening: Opening) -> None:
    async with opening() as ours:
        with asking_all_the_time(opening):
            for _ in range(200):
                async with ours.hold(INTEGRATION):
                    await asyncio.sleep(0)


async def test_nobody_who_asks_hears_from_others_who_ask_that_a_lock_is_held(opening: Opening) -> None:
    async with opening() as ours:
        with asking_all_the_time(opening):
            assert all([await ours.is_free(INTEGRATION) for _ in range(200)])


async def test_a_lock_is_free_for_the_next_run_as_soon_as_a_run_has_ended(opening: Opening) -> None:
    async with opening() as ours:
        for _ in range(50):
            async with ours.hold(INTEGRATION):
                assert not await ours.is_free(INTEGRATION)
            assert await ours.is_free(INTEGRATION)


async def test_a_lock_whose_connection_was_cut_counts_as_lost_and_is_free_for_others(
    postgresql_url: str,
) -> None:
    async with opened(postgresql_url, answer_seconds=30) as ours, opened(postgresql_url) as theirs:
        began = time.monotonic()
        async with ours.hold(INTEGRATION) as lock:
            cut(postgresql_url, "pg_advisory_lock")
            with pytest.raises(Conflict):
                await lock.check()
            async with theirs.hold(INTEGRATION) as taken_over:
                await taken_over.check()
        # Nobody waited for an answer that does not come.
        assert time.monotonic() - began < 20


async def test_the_next_run_waits_a_moment_for_one_that_is_just_ending(pair: tuple[Locks, Locks]) -> None:
    # A machine that stops for a second in between makes the one that waits give up; it does not do so each time.
    for _ in range(5):
        if await gets_it_in_the_end(*pair):
            return
    pytest.fail("Whoever came while the lock was held for a moment more was refused each time.")


async def gets_it_in_the_end(ours: Locks, theirs: Locks) -> bool:
    """Let go of a lock somebody waits for, and tell whether that somebody got it and only then."""
    taken = asyncio.Event()

    async def go_next() -> None:
        with suppress(Conflict):
            async with theirs.hold(INTEGRATION):
                taken.set()

    async with ours.hold(INTEGRATION):
        following = asyncio.create_task(go_next())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(taken.wait(), 0.2)
    await following
    return taken.is_set()


async def test_a_failed_run_lets_go_at_once(pair: tuple[Locks, Locks]) -> None:
    ours, theirs = pair
    with pytest.raises(RuntimeError):
        async with ours.hold(INTEGRATION):
            raise RuntimeError
    async with theirs.hold(INTEGRATION) as lock:
        await lock.check()


async def test_file_locks_do_not_depend_on_where_a_process_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: str
) -> None:
    applications = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        # The instance folder is another in each; the database is the same.
        applications.append(assemble(Settings(database_url=sqlite_url)))
    ours, theirs = (application.services.runner._locks for application in applications)

    async with ours.hold(INTEGRATION):
        monkeypatch.chdir("/")
        assert not await theirs.is_free(INTEGRATION)
    assert not (tmp_path / "one" / "instance").exists()
    for application in applications:
        await application.close()


async def test_a_lock_whose_server_stops_answering_counts_as_lost(postgresql_url: str) -> None:
    async with stalling(postgresql_url) as (address, stall), opened(address, answer_seconds=2.0) as locks:
        async with locks.hold(INTEGRATION) as lock:
            await lock.check()
            stall.set()
            began = time.monotonic()
            with pytest.raises(Conflict):
                await lock.check()
            assert time.monotonic() - began < 8
        with pytest.raises(TimeoutError):
            await locks.is_free(INTEGRATION)


@asynccontextmanager
async def opened(url: str, answer_seconds: float = 5.0) -> AsyncIterator[Locks]:
    """The locks of one process on PostgreSQL."""
    database = Database(url)
    yield PostgreSQLLocks(database, answer_seconds)
    await database.close()


def cut(url: str, question: str) -> None:
    """End the connection whose last question was `question`, as a restarting server would."""
    with psycopg.connect(url) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE %s",
            [f"%{question}%"],
        ).fetchone()
    assert ended == (1,)


@contextmanager
def asking_all_the_time(opening: Opening) -> Iterator[None]:
    """Ask from three threads, as the schedulers of other processes would, without a pause."""
    enough = threading.Event()

    async def ask() -> None:
        async with opening() as locks:
            while not enough.is_set():
                await locks.is_free(INTEGRATION)

    with ThreadPoolExecutor(3) as executor:
        asking = [executor.submit(asyncio.run, ask()) for _ in range(3)]
        try:
            yield
        finally:
            enough.set()
    for thread in asking:
        thread.result()


class Stall(asyncio.Event):
    """From when on nothing is passed on any more, and what was said after that."""

    def __init__(self) -> None:
        super().__init__()
        self.unheard: list[bytes] = []


@asynccontextmanager
async def stalling(url: str) -> AsyncIterator[tuple[str, Stall]]:
    """Stand between a client and the server until told to pass nothing on any more."""
    server = make_url(url)
    stall = Stall()
    tasks: list[asyncio.Task[None]] = []

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if stall.is_set():
                    stall.unheard.append(data)
                else:
                    target.write(data)
        finally:
            target.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_unix_connection(f"{server.query['host']}/.s.PGSQL.5432")
        tasks.extend(asyncio.create_task(copy(*way)) for way in ((reader, questions), (answers, writer)))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    try:
        address = server.set(host="127.0.0.1", port=port, query={})
        yield address.render_as_string(hide_password=False), stall
    finally:
        proxy.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
