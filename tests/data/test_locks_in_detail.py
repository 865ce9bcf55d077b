"""What locks do at their edges: words, silent and dead servers, connections, and the key two programs must share."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from integration_admin.core.errors import Conflict
from integration_admin.data.locks import DIRECT_CONNECTION, FileLocks, Locks, _AdvisoryLock, _key
from tests.data.test_locks import INTEGRATION, cut, opened, stalling

ADDRESS = "postgresql://app:FAKE-secret@127.0.0.1:{port}/app"
ANSWER_SECONDS = 2.0
IN_WORDS = "This integration is already being synchronised. Wait until that run has ended."
HOLDERS = (
    "SELECT state FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    " AND datname = current_database()"
)


async def refused(locks: Locks) -> str:
    """Return the sentence the lock is refused with."""
    with pytest.raises(Conflict) as conflict:
        async with locks.hold(INTEGRATION):
            pass
    return str(conflict.value.message)


async def test_a_locked_file_is_refused_in_words_in_a_folder_made_for_it(tmp_path: Path) -> None:
    ours, theirs = (FileLocks(tmp_path / "not" / "there" / "yet") for _ in range(2))
    async with ours.hold(INTEGRATION):
        assert await refused(theirs) == IN_WORDS


async def test_a_lock_in_a_database_is_refused_in_the_same_words_after_a_second(postgresql_url: str) -> None:
    async with opened(postgresql_url) as ours, opened(postgresql_url, 30) as theirs, ours.hold(INTEGRATION):
        began = time.monotonic()
        assert await refused(theirs) == IN_WORDS
        assert 0.9 < time.monotonic() - began < 20


def test_the_key_of_a_lock_is_the_same_in_every_version_of_the_program() -> None:
    # Written down once: during an update an old and a new program hold each other back by it.
    assert _key(INTEGRATION) == 5_573_169_526_271_969_882
    assert _key(uuid.UUID(int=8)) == 974_556_331_442_749_325
    assert any(_key(uuid.UUID(int=number)) < 0 for number in range(20)), "PostgreSQL's keys have a sign"


async def test_a_held_lock_keeps_no_transaction_open(postgresql_url: str) -> None:
    async with opened(postgresql_url) as locks, locks.hold(INTEGRATION) as lock:
        await lock.check()
        with psycopg.connect(postgresql_url) as connection:
            assert connection.execute(HOLDERS).fetchall() == [("idle",)]


async def test_the_connection_of_a_lock_notices_a_server_that_is_gone(postgresql_url: str) -> None:
    async with opened(postgresql_url) as locks, locks.hold(INTEGRATION) as lock:
        assert isinstance(lock, _AdvisoryLock)
        parameters = lock._connection.info.get_parameters()
    assert parameters.items() >= {name: str(value) for name, value in DIRECT_CONNECTION.items()}.items()


async def test_letting_go_frees_a_lock_before_its_connection_ends(postgresql_url: str) -> None:
    async with opened(postgresql_url) as locks, locks.hold(INTEGRATION) as lock:
        assert isinstance(lock, _AdvisoryLock)
        await lock.let_go()
        assert await locks.is_free(INTEGRATION)


async def test_nothing_is_unlocked_where_another_server_process_answers(postgresql_url: str) -> None:
    async with opened(postgresql_url) as locks, locks.hold(INTEGRATION) as lock:
        assert isinstance(lock, _AdvisoryLock)
        # As behind a pooler that has handed the connection to somebody else's server process.
        lock._backend += 1
        with pytest.raises(Conflict):
            await lock.check()
        await lock.let_go()
        assert not await locks.is_free(INTEGRATION)


async def test_letting_go_of_a_lock_whose_connection_was_cut_says_nothing(postgresql_url: str) -> None:
    async with opened(postgresql_url) as locks:
        async with locks.hold(INTEGRATION):
            cut(postgresql_url, "pg_advisory_lock")
        assert await locks.is_free(INTEGRATION)


async def test_a_silent_server_costs_one_answer_and_none_for_letting_go(postgresql_url: str) -> None:
    async with stalling(postgresql_url) as (address, stall), opened(address, ANSWER_SECONDS) as locks:
        async with locks.hold(INTEGRATION) as lock:
            stall.set()
            began = time.monotonic()
            with pytest.raises(Conflict) as lost:
                await lock.check()
        assert time.monotonic() - began > ANSWER_SECONDS * 0.9
        assert [b"pg_backend_pid" in said for said in stall.unheard if b"SELECT" in said] == [True]
        assert str(lost.value.message) == IN_WORDS


async def test_letting_go_of_a_lock_whose_server_is_silent_ends(postgresql_url: str) -> None:
    async with stalling(postgresql_url) as (address, stall), opened(address, ANSWER_SECONDS) as locks:
        async with locks.hold(INTEGRATION):
            stall.set()
            began = time.monotonic()
        # Whoever does not hang up waits ten seconds more.
        assert time.monotonic() - began < ANSWER_SECONDS + 8


async def test_a_server_that_does_not_even_greet_is_not_waited_for_longer_than_an_answer(
    postgresql_url: str,
) -> None:
    async with stalling(postgresql_url) as (address, stall), opened(address, ANSWER_SECONDS) as locks:
        stall.set()
        with pytest.raises(TimeoutError):
            async with locks.hold(INTEGRATION):
                pass


async def test_the_database_is_shown_its_password_and_not_a_mask() -> None:
    given: list[bytes] = []
    async with asking_for_a_password(given) as port, opened(ADDRESS.format(port=port)) as locks:
        with pytest.raises(psycopg.OperationalError):
            async with locks.hold(INTEGRATION):
                pass
    assert given == [b"FAKE-secret"]


@asynccontextmanager
async def asking_for_a_password(given: list[bytes]) -> AsyncIterator[int]:
    """Pretend to be a server that wants a password in clear, and hang up on it; `given` hears it."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A question about encryption is eight bytes long and is answered with No.
        while (length := int.from_bytes(await reader.readexactly(4))) == 8:
            await reader.readexactly(4)
            writer.write(b"N")
        await reader.readexactly(length - 4)
        writer.write(b"R" + (8).to_bytes(4) + (3).to_bytes(4))
        given.append((await reader.read(200))[5:-1])
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
