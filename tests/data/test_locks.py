"""One holder an integration, wherever a process was started and whatever the network does."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from integration_admin.bootstrap import assemble
from integration_admin.core.errors import Conflict
from integration_admin.core.settings import Settings
from integration_admin.data.locks import FileLocks, Locks, PostgreSQLLocks

INTEGRATION = uuid.UUID(int=7)


@pytest.fixture(params=["file", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Locks, Locks]:
    """The locks of two processes that share a database."""
    if request.param == "file":
        return FileLocks(tmp_path / "locks"), FileLocks(tmp_path / "locks")
    url: str = request.getfixturevalue("postgresql_url")
    return PostgreSQLLocks(url), PostgreSQLLocks(url)


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
    async with stalling(postgresql_url) as (address, stall):
        locks = PostgreSQLLocks(address, answer_seconds=1.0)
        async with locks.hold(INTEGRATION) as lock:
            await lock.check()
            stall.set()
            began = time.monotonic()
            with pytest.raises(Conflict):
                await lock.check()
            with pytest.raises(TimeoutError):
                await locks.is_free(INTEGRATION)
        assert time.monotonic() - began < 15


@asynccontextmanager
async def stalling(url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Stand between a client and the server until told to pass nothing on any more."""
    server = make_url(url)
    stall = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if not stall.is_set():
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
