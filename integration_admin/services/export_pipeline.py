"""Keeps sends in flight: reads ahead, commits intents and outcomes in groups, one writer for all.

A record leaves only after its intent is committed, and nothing is forgotten before its outcome is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from integration_admin.core.errors import AdapterError, DatabaseBusy, Fault, IntegrationAdminError
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.delivery_rules import TREATMENT, Then
from integration_admin.services.export_claims import Item
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import unsent
from integration_admin.services.export_send import Answer, BatchSender
from integration_admin.services.export_supply import Size, Supply
from integration_admin.services.export_writer import ExportWriter

_GROUP = 400
"""Records one commit shall cover at least, while there is something else to do: commits cost more than rows."""
_AHEAD = 6
"""Intents that are ready for each place, where batches are small: they last for as long as a commit takes."""
_SILENT_SECONDS = 1.0
"""How long an answer may wait for others before it is written down; whether somebody cancels is asked then, too."""
LANDING_SECONDS = 5.0
"""How long a stopping process waits for the answers to what it has sent, and then for writing down those that came."""
_LONGEST_REST = 60.0
_MOST_RESTS = 5


class ExportPipeline:
    """Sends one stream of deliveries, so many a batch and so many batches at the same time."""

    def __init__(self, job: ExportJob, writer: ExportWriter, *, batch_size: int, in_flight: int) -> None:
        self._job = job
        self._writer = writer
        self._sender = BatchSender(job)
        self._batch_size = batch_size
        self._in_flight = in_flight
        self._ahead = _ahead(job, batch_size, in_flight)
        self._intended: deque[Sequence[Item]] = deque()
        self._answers: list[Answer] = []
        self._slots: set[asyncio.Task[None]] = set()
        self._committing: asyncio.Task[bool] | None = None
        self._committed_at = job.clock.monotonic()
        self._sending = 0
        self._wake = asyncio.Event()
        self._problem: IntegrationAdminError | None = None
        self._halted = False
        self._rest = 0.0
        self._rests = 0
        self.begun = 0
        """How many records have been on their way."""

    async def run(self, pages: AsyncIterator[Sequence[Outgoing]]) -> None:
        """Send everything `pages` yields; every outcome is committed before this returns or raises.

        Raises AdapterError when going on is no use, and Conflict when the lock is lost.
        """
        ahead = self._in_flight + self._ahead
        size = Size(self._batch_size, self._job.capabilities.batch_lines)
        supply = Supply(pages, self._job.mapping, size=size, ahead=ahead, wake=self._wake)
        try:
            await self._flow_and_land(supply)
        except BaseException:
            # What is in flight stays marked as being sent, and is looked up by whoever comes next.
            for slot in self._slots:
                slot.cancel()
            await asyncio.gather(*self._slots, self._no_more_committing(), return_exceptions=True)
            raise
        finally:
            await supply.close()
        if self._problem is not None:
            raise self._problem

    @property
    def halted(self) -> bool:
        """Whether somebody cancelled the run or paused the integration."""
        return self._halted

    @property
    def _ending(self) -> bool:
        return self._halted or self._problem is not None

    async def _flow_and_land(self, supply: Supply) -> None:
        try:
            await self._flow(supply)
        except asyncio.CancelledError:
            # The process shall stop; what is in flight gets a moment to be answered and written down.
            self._halted = True
            with suppress(TimeoutError):
                async with asyncio.timeout(LANDING_SECONDS):
                    await self._all_answered()
            await self._no_more_committing()
            # One answer that does not come shall not put what is known of all others in doubt.
            with suppress(TimeoutError):
                async with asyncio.timeout(LANDING_SECONDS):
                    await self._write_down()
            raise
        except Exception:
            # Reading or committing failed; what is in flight may still be settled.
            self._halted = True
            await self._land()
            raise
        await self._land()

    async def _flow(self, supply: Supply) -> None:
        while not self._ending:
            self._wake.clear()
            self._reap()
            if self._is_time():
                # Apart, because a stopping process lets it end: what it writes is known to nobody else by then.
                self._committing = asyncio.create_task(self._commit(supply))
                if await asyncio.shield(self._committing):
                    continue
            if self._rest and not self._slots:
                await self._have_a_rest()
            elif self._slots or not supply.ended:
                await self._sleep()
            else:
                return

    async def _sleep(self) -> None:
        """Wait until there is something to do, or an answer has waited for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SILENT_SECONDS):
                await self._wake.wait()

    def _is_time(self) -> bool:
        """Tell whether to commit now rather than wait for more: before places stand empty, and in groups."""
        many = len(self._answers) * self._batch_size >= _GROUP
        few = len(self._intended) <= self._ahead // 2
        return many or few or not self._slots or self._is_overdue()

    def _is_overdue(self) -> bool:
        return bool(self._answers) and self._job.clock.monotonic() - self._committed_at >= _SILENT_SECONDS

    def _reap(self) -> None:
        for slot in [slot for slot in self._slots if slot.done()]:
            self._slots.discard(slot)
            slot.result()

    async def _commit(self, supply: Supply) -> bool:
        """Commit the answers that have come and the intents there is room for; tell whether there was anything."""
        answers, self._answers = self._answers, []
        self._committed_at = self._job.clock.monotonic()
        made = supply.take(self._room())
        if not answers and not made:
            return False
        verdicts = [item for answer in answers for item in answer.verdicts]
        refused = [item for batch in made for item in batch.refused]
        intents = [item.intent for batch in made for item in batch.items]
        try:
            written = await self._writer.write(
                [*verdicts, *refused], intents, are_waiting=bool(self._intended)
            )
        except (asyncio.CancelledError, DatabaseBusy):
            # What came is still to be written; where it was after all, writing it again changes nothing.
            self._answers = [*answers, *self._answers]
            raise
        self.begun += len(written.begun)
        self._halted |= written.halted
        for batch in made:
            if begun := [item for item in batch.items if item.delivery.id in written.begun]:
                self._intended.append(begun)
        self._launch()
        return True

    def _room(self) -> int:
        """Return how many batches may be made ready to leave now."""
        if self._rest:
            return 0
        return self._in_flight + self._ahead - len(self._intended) - self._sending

    def _launch(self) -> None:
        """Fill the free places."""
        free = self._in_flight - len([slot for slot in self._slots if not slot.done()])
        for _ in range(min(free, len(self._intended))):
            self._slots.add(asyncio.create_task(self._send_on()))

    async def _send_on(self) -> None:
        """Send one committed batch after the other for as long as there are any."""
        try:
            while self._intended and not self._ending and not self._rest:
                batch = self._intended.popleft()
                self._sending += 1
                try:
                    answer = await self._sender.send(batch)
                finally:
                    self._sending -= 1
                self._judge(answer)
                self._answers.append(answer)
                if self._is_time():
                    self._wake.set()
        finally:
            self._wake.set()

    def _judge(self, answer: Answer) -> None:
        """Decide whether and how the run goes on after an answer."""
        if answer.lost_lock is not None:
            self._problem = self._problem or answer.lost_lock
            return
        if answer.problem is None:
            self._job.circuit.got_through()
            self._rests = 0
            return
        treatment = TREATMENT[answer.problem.fault]
        if treatment.transport:
            self._job.circuit.failed(self._job.clock.now(), answer.problem.message)
        if treatment.then is Then.WAIT and self._may_rest(answer.problem):
            self._rest = max(self._rest, answer.problem.retry_after or 1.0)
        elif treatment.then is not Then.GO_ON or self._job.circuit.is_open:
            self._problem = self._problem or self._reason(answer.problem)

    def _reason(self, problem: AdapterError) -> AdapterError:
        if not self._job.circuit.is_open:
            return problem
        return AdapterError(
            self._job.circuit.sentence(), Fault.TRANSIENT, code="circuit", internal=problem.internal
        )

    def _may_rest(self, problem: AdapterError) -> bool:
        """Tell whether waiting inside the run is worth it; a long wait is the scheduler's."""
        if not self._rest:
            # Sends that are refused together are one rest.
            self._rests += 1
        return self._rests <= _MOST_RESTS and (problem.retry_after or 1.0) <= _LONGEST_REST

    async def _have_a_rest(self) -> None:
        seconds, self._rest = self._rest, 0.0
        await self._job.clock.sleep(seconds)
        self._launch()

    async def _land(self) -> None:
        """Wait for what is in flight, commit it, and take back the intents nothing came of."""
        await self._all_answered()
        await self._write_down()

    async def _all_answered(self) -> None:
        """Wait for the commit under way, which may let more go, and then for the answers to all that has gone."""
        if self._committing is not None:
            await asyncio.wait([self._committing])
        while self._slots:
            slot = self._slots.pop()
            await slot

    async def _no_more_committing(self) -> None:
        """End the commit under way, if it has not ended by itself."""
        if self._committing is not None and self._committing.cancel():
            await asyncio.wait([self._committing])

    async def _write_down(self) -> None:
        verdicts = [item for answer in self._answers for item in answer.verdicts]
        verdicts += [unsent(item.delivery) for batch in self._intended for item in batch]
        await self._writer.write(verdicts)


def _ahead(job: ExportJob, batch_size: int, in_flight: int) -> int:
    """Return how many batches wait with their intent committed: each fills a place the moment one is free.

    Where nothing can be looked up, all of them are questions to a person should the process die.
    """
    if in_flight == 1:
        return 0
    most = _AHEAD * in_flight if job.capabilities.lookup else in_flight
    return max(in_flight, min(_GROUP // batch_size, most))
