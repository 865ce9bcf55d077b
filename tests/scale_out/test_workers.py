"""Several real processes on one database: who carries a run out, and who goes on when somebody dies."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

from integration_admin.services.views import RunView
from tests.scale_out.installation import Installation, Xledger
from tests.scale_out.processes import Process, until

CLAIMS = 600
LEFT_BY_THE_DEMO = 8
SLOW_SECONDS = 0.7
STUCK_SECONDS = 30.0
RECOVERED_WITHIN = 60.0


async def ask_for_slow_run(installation: Installation, xledger: Xledger) -> tuple[RunView, int]:
    """Ask for a run of several slow batches; return what was booked before."""
    booked = len(await xledger.references())
    await installation.receive(CLAIMS)
    xledger.seconds = SLOW_SECONDS
    return await installation.start(), booked


@asynccontextmanager
async def first_in_the_middle_of_a_run(
    installation: Installation, xledger: Xledger
) -> AsyncIterator[tuple[Process, Process, RunView, int]]:
    """Give two workers of which the first waits for an answer that takes too long, and the second is at hand."""
    async with installation.worker("second") as second, AsyncExitStack() as stack:
        # Starting one takes a while, and all of the run must still be before the first.
        with second.held():
            run, booked = await ask_for_slow_run(installation, xledger)
            first = await stack.enter_async_context(installation.worker("first"))
            await until_in_the_middle(installation, xledger, run, booked)
        yield first, second, run, booked


async def until_in_the_middle(
    installation: Installation, xledger: Xledger, run: RunView, booked: int
) -> None:
    """Wait until a first batch is booked and another is on its way, over which the accounting system takes too long."""
    async with asyncio.timeout(RECOVERED_WITHIN):
        while len(await xledger.references()) <= booked + LEFT_BY_THE_DEMO:
            assert (await installation.run(run)).finished_at is None
            await asyncio.sleep(0.05)
    xledger.seconds = STUCK_SECONDS
    await until(lambda: xledger.newest_waits == STUCK_SECONDS)


async def expect_each_claim_once(xledger: Xledger, booked: int, run: RunView) -> None:
    """All but what the dead process left in doubt is booked, and nothing twice."""
    references = await xledger.references()
    assert len(references) == len(set(references))
    assert len(references) <= booked + CLAIMS + LEFT_BY_THE_DEMO
    assert run.delivered > 0
    assert run.rejected == 0


async def test_a_run_whose_process_was_killed_is_finished_by_another_within_a_minute(
    installation: Installation, xledger: Xledger
) -> None:
    async with first_in_the_middle_of_a_run(installation, xledger) as (first, second, run, booked):
        first.kill()
        began = time.monotonic()
        xledger.seconds = 0.0
        ended = await installation.end_of(run, RECOVERED_WITHIN)
        assert time.monotonic() - began < RECOVERED_WITHIN
        assert (len(first.ends_of(run.id)), len(second.ends_of(run.id))) == (0, 1)
    await expect_each_claim_once(xledger, booked, ended)


async def test_a_stopped_worker_hands_its_run_on(shared_installation: Installation, xledger: Xledger) -> None:
    async with first_in_the_middle_of_a_run(shared_installation, xledger) as (first, second, run, booked):
        # The first one waits for an answer that will not come in its grace; the second will not.
        xledger.seconds = 0.0
        began = time.monotonic()
        assert await first.stop() == 0
        assert time.monotonic() - began < 20
        assert "Traceback" not in first.words
        ended = await shared_installation.end_of(run, RECOVERED_WITHIN)
        assert (len(first.ends_of(run.id)), len(second.ends_of(run.id))) == (0, 1)
    await expect_each_claim_once(xledger, booked, ended)


async def test_a_run_begins_within_a_second_of_being_asked_for(shared_installation: Installation) -> None:
    async with shared_installation.worker("only"):
        waits = []
        for _ in range(5):
            run = await shared_installation.end_of(await shared_installation.start())
            assert run.started_at is not None
            waits.append((run.started_at - run.requested_at).total_seconds())
    # A busy machine may keep one of them waiting.
    assert statistics.median(waits) < 1


async def test_one_worker_at_a_time_exports_an_integration_and_each_run_is_carried_out_once(
    shared_installation: Installation,
) -> None:
    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(shared_installation.worker(f"w{number}", "--concurrency", "2"))
            for number in range(3)
        ]
        runs = []
        for number in range(6):
            await shared_installation.receive(2, first=3001 + 2 * number)
            runs.append(await shared_installation.end_of(await shared_installation.start()))
        finished = [sum(len(worker.ends_of(run.id)) for worker in workers) for run in runs]
    assert finished == [1] * len(runs)
    assert all(earlier.finished_at <= later.started_at for earlier, later in pairwise(runs))  # type: ignore[operator]  # all have ended
