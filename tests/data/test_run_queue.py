"""What every run queue promises to whoever queues a run and to whoever carries it out."""

import statistics
import time
from collections.abc import AsyncIterator

import pytest

from integration_admin.data.job_queue import ProcrastinateRunQueue
from integration_admin.data.run_queue import LocalRunQueue, QueuedRun, WorkQueue
from tests.data.queues import Runner, a_run, stop, working


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture(params=["local", "postgresql"])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[WorkQueue]:
    """An empty queue of each kind."""
    if request.param == "local":
        yield LocalRunQueue()
        return
    opened = ProcrastinateRunQueue(request.getfixturevalue("postgresql_url"), grace_seconds=1.0)
    yield opened
    await opened.close()


async def test_what_was_queued_before_anybody_worked_is_carried_out(queue: WorkQueue, runner: Runner) -> None:
    runs = [a_run() for _ in range(3)]
    for run in runs:
        await queue.put(run)
    runner.go_on.set()
    async with working(queue, runner.carry_out):
        await runner.has_begun(3)
    assert runner.begun == runs


async def test_a_run_queued_while_a_worker_waits_begins_within_a_second(
    queue: WorkQueue, runner: Runner
) -> None:
    runner.go_on.set()
    async with working(queue, runner.carry_out):
        await queue.put(a_run())
        await runner.has_begun(1)
        waits = []
        for count in range(2, 12):
            began = time.monotonic()
            await queue.put(a_run())
            await runner.has_begun(count)
            waits.append(time.monotonic() - began)
    assert statistics.median(waits) < 1


async def test_a_run_put_twice_is_carried_out_once(queue: WorkQueue, runner: Runner) -> None:
    run, last = a_run(), a_run()
    await queue.put(run)
    await queue.put(run)
    await queue.put(last)
    runner.go_on.set()
    async with working(queue, runner.carry_out, 1):
        await runner.has_had(last)
    assert runner.begun == [run, last]


async def test_several_runs_are_carried_out_at_a_time_but_never_more_than_allowed(
    queue: WorkQueue, runner: Runner
) -> None:
    async with working(queue, runner.carry_out, 3):
        for _ in range(8):
            await queue.put(a_run())
        await runner.has_begun(3)
        runner.go_on.set()
        await runner.has_begun(8)
        await runner.has_ended(8)
    assert runner.most_at_a_time == 3


async def test_a_run_that_breaks_keeps_nobody_else_waiting_and_is_not_tried_again(
    queue: WorkQueue, runner: Runner
) -> None:
    broken, sound = a_run(), a_run()

    async def carry_out(run: QueuedRun) -> None:
        await runner.carry_out(run)
        if run == broken:
            raise RuntimeError

    runner.go_on.set()
    async with working(queue, carry_out, 1):
        await queue.put(broken)
        await queue.put(sound)
        await runner.has_had(sound)
        # It may be queued again by hand, or by the scheduler.
        await queue.put(broken)
        await runner.has_begun(3)
    assert runner.begun == [broken, sound, broken]


async def test_a_stopped_worker_begins_nothing_more(queue: WorkQueue, runner: Runner) -> None:
    async with working(queue, runner.carry_out, 1) as task:
        await queue.put(a_run())
        await queue.put(a_run())
        await runner.has_begun(1)
        await stop(task)
    assert (len(runner.begun), runner.at_a_time) == (1, 0)
