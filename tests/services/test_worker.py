"""The part that runs by itself: it ticks at once, again and again, and no failing tick ends it."""

import asyncio
import logging
import uuid
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from integration_admin.core.errors import DatabaseUnreachable
from integration_admin.core.messages import msg
from integration_admin.data.run_queue import LocalRunQueue, QueuedRun
from integration_admin.services.notices import Notices
from integration_admin.services.worker import Recurring, Worker


class Queue(LocalRunQueue):
    """Counts how often it was tidied."""

    tidied = 0

    async def tidy(self) -> None:
        self.tidied += 1


class Scheduler:
    """Fails at its first tick, and queues a run at every one."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.ticks = 0

    async def tick(self) -> None:
        self.ticks += 1
        await self._queue.put(QueuedRun(uuid.UUID(int=1), uuid.UUID(int=self.ticks)))
        if self.ticks == 1:
            raise RuntimeError


class Runner:
    """Remembers what it was asked to carry out."""

    def __init__(self) -> None:
        self.runs: list[tuple[uuid.UUID, uuid.UUID]] = []
        self.carried_out = asyncio.Event()

    async def carry_out(self, organisation_id: uuid.UUID, run_id: uuid.UUID) -> None:
        self.runs.append((organisation_id, run_id))
        if len(self.runs) == 3:
            self.carried_out.set()


async def stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_it_ticks_until_it_is_stopped_and_carries_out_what_was_queued() -> None:
    queue, runner = Queue(), Runner()
    scheduler = Scheduler(queue)
    with capture_logs() as said:
        task = asyncio.create_task(Worker(scheduler, runner, queue, tick_seconds=0.05).run(1))
        await asyncio.wait_for(runner.carried_out.wait(), 10)
        await stop(task)
    assert task.cancelled()
    assert [run.int for _, run in runner.runs[:3]] == [1, 2, 3]
    # A failing tick leaves the queue alone; every other one tidies it.
    assert queue.tidied >= scheduler.ticks - 2
    assert queue.tidied > 0
    assert [entry["event"] for entry in said] == ["tick_failed", "worker_ready"]


async def test_the_first_tick_does_not_wait_for_its_time() -> None:
    queue, runner = Queue(), Runner()
    scheduler = Scheduler(queue)
    task = asyncio.create_task(Worker(scheduler, runner, queue, tick_seconds=3600).run())
    async with asyncio.timeout(10):
        while not runner.runs:  # noqa: ASYNC110, the runner's first run sets no event
            await asyncio.sleep(0.005)
    await stop(task)
    assert scheduler.ticks == 1


class Unending:
    """Ticks once, and never comes to the end of the second tick."""

    def __init__(self) -> None:
        self.ticks = 0
        self.second = asyncio.Event()

    async def tick(self) -> None:
        self.ticks += 1
        if self.ticks == 2:
            self.second.set()
            await asyncio.Event().wait()


async def test_a_stop_in_the_middle_of_a_tick_is_logged_as_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = Unending()
    task = asyncio.create_task(Worker(scheduler, Runner(), Queue(), tick_seconds=0.05).run())
    await asyncio.wait_for(scheduler.second.wait(), 10)
    ticking = asyncio.all_tasks() - {task, asyncio.current_task()}
    await stop(task)
    await asyncio.wait(ticking, timeout=10)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


class Away:
    """Meets a database that does not answer, each time."""

    def __init__(self) -> None:
        self.twice = asyncio.Event()
        self._times = 0

    async def tick(self) -> None:
        self._times += 1
        if self._times == 2:
            self.twice.set()
        raise DatabaseUnreachable(msg("The database cannot be reached."), internal="connection refused")

    look = tick

    async def deliver_due(self) -> int:
        return 0


async def test_a_database_that_is_away_for_hours_is_a_line_each_time_and_no_traceback() -> None:
    away, watch = Away(), Away()
    worker = Worker(Away(), Runner(), Queue(), tick_seconds=3600, recurring=[Recurring("away", away, 0.01)])
    notices = Notices(watch, watch, look_seconds=0.01)
    with capture_logs() as said:
        tasks = [asyncio.create_task(worker.run()), asyncio.create_task(notices.run())]
        await asyncio.wait_for(asyncio.gather(away.twice.wait(), watch.twice.wait()), 10)
        for task in tasks:
            await stop(task)
    told = [line for line in said if line["event"] in {"tick_failed", "away_tick_failed", "notices_failed"}]
    assert {line["event"] for line in told} == {"tick_failed", "away_tick_failed", "notices_failed"}
    for line in told:
        assert (line["log_level"], line["reason"]) == ("warning", "connection refused")
        assert "exc_info" not in line


class FollowUp:
    """Fails the first time."""

    def __init__(self) -> None:
        self.ticks = 0
        self.twice = asyncio.Event()

    async def tick(self) -> None:
        self.ticks += 1
        if self.ticks == 1:
            raise RuntimeError
        self.twice.set()


async def test_it_follows_up_again_and_again_apart_from_the_schedules() -> None:
    queue, runner, follow_up = Queue(), Runner(), FollowUp()
    recurring = [Recurring("follow_up", follow_up, 0.05)]
    worker = Worker(Scheduler(queue), runner, queue, tick_seconds=3600, recurring=recurring)
    with capture_logs() as said:
        task = asyncio.create_task(worker.run())
        await asyncio.wait_for(follow_up.twice.wait(), 10)
        await stop(task)
    assert "follow_up_tick_failed" in {line["event"] for line in said}


async def test_what_is_looked_at_every_hour_is_looked_at_soon_after_the_start_and_not_again_before_its_time() -> (
    None
):
    hourly, often = FollowUp(), FollowUp()
    recurring = [Recurring("hourly", hourly, 3600), Recurring("often", often, 0.2)]
    worker = Worker(
        Scheduler(Queue()), Runner(), Queue(), tick_seconds=3600, recurring=recurring, first_seconds=0.05
    )
    task = asyncio.create_task(worker.run())
    await asyncio.wait_for(often.twice.wait(), 10)
    await stop(task)
    assert hourly.ticks == 1
