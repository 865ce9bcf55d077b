"""The queue several machines share: what a dead worker leaves behind, and what an absent database does to it."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy.engine import make_url

from integration_admin.data.database import Database
from integration_admin.data.job_queue import ProcrastinateRunQueue
from integration_admin.data.locks import PostgreSQLLocks
from integration_admin.data.run_queue import QueuedRun
from tests.data.queues import Runner, a_run, stop, until, working
from tests.postgresql import Server, running_server

SELDOM = 6.0
"""Seconds between two looks of a worker that is to be told: only one that was not told waits so long."""


@asynccontextmanager
async def opened(
    url: str, *, grace_seconds: float = 5.0, look_seconds: float = 0.5
) -> AsyncIterator[ProcrastinateRunQueue]:
    """The queue as one more process sees it."""
    queue = ProcrastinateRunQueue(url, grace_seconds=grace_seconds, look_seconds=look_seconds)
    try:
        yield queue
    finally:
        await queue.close()


@asynccontextmanager
async def worker(
    url: str,
    runner: Runner,
    *,
    concurrency: int = 4,
    grace_seconds: float = 5.0,
    look_seconds: float = 0.5,
) -> AsyncIterator["asyncio.Task[None]"]:
    """A worker process's part in the queue, until the block ends."""
    async with (
        opened(url, grace_seconds=grace_seconds, look_seconds=look_seconds) as queue,
        working(queue, runner.carry_out, concurrency) as task,
    ):
        yield task


def ask(url: str, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    """Ask the queue's own tables on a connection of the test's own."""
    with psycopg.connect(url, autocommit=True, options="-c search_path=procrastinate") as connection:
        answer = connection.execute(statement, values)
        return answer.fetchall() if answer.description else []


def cut_everybody(url: str) -> int:
    """End every other connection to the database, as a failing network or a failover does."""
    rows = ask(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return len(rows)


_PASSPHRASES = ["a long random one", "it's +100 % \\ #sure/?", "æøå"]
"""Passwords that PostgreSQL takes; this server asks for none, but its library reads the address all the same."""


def with_password(url: str, password: str) -> str:
    return make_url(url).set(password=password).render_as_string(hide_password=False)


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A PostgreSQL server of this test's own, which it may stop."""
    with running_server() as server:
        yield server


@pytest.mark.parametrize("password", _PASSPHRASES)
async def test_whatever_the_password_the_queue_and_the_locks_connect_as_everything_else_does(
    postgresql_url: str, runner: Runner, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = with_password(postgresql_url, password)
    runner.go_on.set()
    run = a_run()
    async with opened(url) as web, worker(url, runner):
        await web.put(run)
        await runner.has_ended(1)
    database = Database(url)
    async with PostgreSQLLocks(database).hold(run.run_id) as lock:
        await lock.check()
    await database.close()
    assert password not in caplog.text


async def test_a_run_queued_by_one_process_is_carried_out_by_another(
    postgresql_url: str, runner: Runner
) -> None:
    runner.go_on.set()
    run = a_run()
    async with opened(postgresql_url) as web, worker(postgresql_url, runner):
        await web.put(run)
        await runner.has_had(run)


async def test_a_worker_is_told_of_a_new_run_and_does_not_have_to_look_for_it(
    postgresql_url: str, runner: Runner
) -> None:
    runner.go_on.set()
    async with opened(postgresql_url) as web, worker(postgresql_url, runner, look_seconds=SELDOM):
        await until(lambda: listens(postgresql_url))
        assert await usual_wait(web, runner) < SELDOM / 2


async def test_each_run_is_carried_out_once_however_many_work(postgresql_url: str, runner: Runner) -> None:
    runner.go_on.set()
    runs = [a_run() for _ in range(40)]
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(worker(postgresql_url, runner))
        web = await stack.enter_async_context(opened(postgresql_url))
        for run in runs:
            await web.put(run)
        await runner.has_ended(len(runs))
    assert sorted(runner.begun, key=str) == sorted(runs, key=str)


async def test_nothing_is_left_of_a_run_that_has_ended(postgresql_url: str, runner: Runner) -> None:
    runner.go_on.set()
    async with opened(postgresql_url) as web, worker(postgresql_url, runner):
        await web.put(a_run())
        await runner.has_ended(1)
        await until(lambda: ask(postgresql_url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)])
    assert ask(postgresql_url, "SELECT count(*) FROM procrastinate_events") == [(0,)]
    assert ask(postgresql_url, "SELECT count(*) FROM procrastinate_workers") == [(0,)]


async def test_a_stopped_worker_lets_its_run_end_within_the_grace(
    postgresql_url: str, runner: Runner
) -> None:
    async with opened(postgresql_url) as web, worker(postgresql_url, runner) as task:
        await web.put(a_run())
        await runner.has_begun(1)
        await until(lambda: listens(postgresql_url))
        stopping = asyncio.create_task(stop(task))
        # What it asked for before it heard of its end it still takes; then it listens no more.
        await until(lambda: not listens(postgresql_url))
        await web.put(a_run())
        runner.go_on.set()
        await stopping
    assert len(runner.ended) == len(runner.begun) == 1
    assert ask(postgresql_url, "SELECT status FROM procrastinate_jobs") == [("todo",)]


async def test_what_a_stopped_worker_does_not_finish_goes_on_at_another_at_once(
    postgresql_url: str, runner: Runner
) -> None:
    other = Runner()
    other.go_on.set()
    run = a_run()
    async with worker(postgresql_url, runner, grace_seconds=0.1) as task, opened(postgresql_url) as web:
        await web.put(run)
        await runner.has_begun(1)
        async with worker(postgresql_url, other):
            await stop(task)
            # Of a dead one it would be taken over half a minute later.
            await other.has_had(run)
    assert runner.ended == []


async def test_what_a_dead_worker_was_doing_blocks_nobody_and_is_tidied_away(
    postgresql_url: str, runner: Runner
) -> None:
    run = a_run()
    async with opened(postgresql_url) as web:
        await web.put(run)
        # As a killed worker leaves it: taken, and its last sign of life long ago.
        ask(
            postgresql_url,
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '31 seconds') RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)",
        )
        runner.go_on.set()
        async with worker(postgresql_url, runner):
            await web.put(run)
            await runner.has_had(run)
        await web.tidy()
        await web.tidy()
    assert ask(postgresql_url, "SELECT status FROM procrastinate_jobs") == []


async def test_a_worker_that_was_taken_for_dead_goes_on_working(postgresql_url: str, runner: Runner) -> None:
    async with opened(postgresql_url) as web, worker(postgresql_url, runner):
        await web.put(a_run())
        await runner.has_begun(1)
        # As another one does when this one was paused for longer than a worker may be silent.
        ask(postgresql_url, "DELETE FROM procrastinate_jobs")
        ask(postgresql_url, "DELETE FROM procrastinate_workers")
        runner.go_on.set()
        await runner.has_ended(1)
        await web.put(a_run())
        await runner.has_ended(2)


async def test_tidying_leaves_alone_what_a_live_worker_does_and_what_waits(
    postgresql_url: str, runner: Runner
) -> None:
    async with opened(postgresql_url) as web, worker(postgresql_url, runner, concurrency=1):
        await web.put(a_run())
        await runner.has_begun(1)
        await web.put(a_run())
        await web.tidy()
        assert sorted(ask(postgresql_url, "SELECT status FROM procrastinate_jobs")) == [("doing",), ("todo",)]
        runner.go_on.set()


async def test_a_worker_goes_on_when_all_its_connections_were_cut(
    postgresql_url: str, runner: Runner
) -> None:
    runner.go_on.set()
    async with opened(postgresql_url) as web, worker(postgresql_url, runner):
        for count in range(1, 6):
            await web.put(a_run())
            await runner.has_ended(count)
            assert cut_everybody(postgresql_url) > 0


async def test_a_worker_goes_on_when_the_database_was_restarted_and_hears_at_once_of_new_runs(
    own_server: Server, runner: Runner
) -> None:
    url = own_server.new_migrated()
    runner.go_on.set()
    async with opened(url) as web, worker(url, runner, look_seconds=SELDOM):
        await web.put(a_run())
        await runner.has_ended(1)
        await asyncio.to_thread(own_server.stop)
        lost = a_run()
        await web.put(lost)
        await asyncio.to_thread(own_server.start)

        back = a_run()
        await until_put(web, url, back)
        await runner.has_had(back)
        await until(lambda: listens(url))
        assert await usual_wait(web, runner) < SELDOM / 2
    # Its row is in the database, and the scheduler's tick would queue it.
    assert lost not in runner.begun


async def usual_wait(web: ProcrastinateRunQueue, runner: Runner) -> float:
    """Return the median seconds from a run's being queued to its end; a worker that is told late looks again."""
    waits = []
    for _ in range(7):
        run, began = a_run(), time.monotonic()
        await web.put(run)
        await runner.has_had(run)
        waits.append(time.monotonic() - began)
    return statistics.median(waits)


async def until_put(web: ProcrastinateRunQueue, url: str, run: QueuedRun) -> None:
    """Queue a run as soon as the database takes it."""
    async with asyncio.timeout(20):
        while not ask(url, "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s", str(run.run_id)):
            await web.put(run)


_LISTENING: LiteralString = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
)


def listens(url: str) -> bool:
    """Whether somebody has asked to be told of new jobs."""
    return bool(ask(url, _LISTENING))


async def test_a_worker_can_be_stopped_while_the_database_is_away(own_server: Server, runner: Runner) -> None:
    url = own_server.new_migrated()
    async with worker(url, runner) as task:
        await until(lambda: listens(url))
        await asyncio.to_thread(own_server.stop)
        async with asyncio.timeout(20):
            await stop(task)
    assert task.cancelled()


async def test_a_run_is_not_refused_to_its_person_because_the_queue_cannot_be_reached() -> None:
    async with opened("postgresql://nobody@127.0.0.1:1/nothing") as web:
        await web.put(a_run())


async def test_the_operator_s_own_connection_options_are_kept(postgresql_url: str, runner: Runner) -> None:
    runner.go_on.set()
    own = f"{postgresql_url}&options=-c%20application_name%3Dworker-7"
    async with worker(own, runner), opened(postgresql_url) as web:
        await web.put(a_run())
        await runner.has_ended(1)
        found = ask(postgresql_url, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'worker-7'")
    assert found
