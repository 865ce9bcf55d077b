"""Open questions of an integration: what a dead process left behind, and unknown outcomes that are due."""

from collections.abc import Sequence

import structlog

from integration_admin.adapters.base import Booked
from integration_admin.core.errors import AdapterError, AuthenticationFailed
from integration_admin.core.messages import Message, msg
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import interrupted, looked_up, put_off, undecidable
from integration_admin.services.export_writer import ExportWriter

_log = structlog.get_logger(__name__)

_PAGE = 500


class OpenQuestions:
    """Settles doubts while the integration's lock is held."""

    def __init__(self, job: ExportJob, writer: ExportWriter) -> None:
        self._job = job
        self._writer = writer

    async def doubt_interrupted(self, *, crashed: bool) -> None:
        """Turn whatever is marked as being sent, while nobody is sending, into unknown outcomes.

        `crashed` tells that a process has died in the middle of it.
        """
        job, after = self._job, 0
        while True:
            async with job.database.read(job.organisation_id) as unit:
                page = await unit.deliveries.interrupted(job.integration_id, after, _PAGE)
            if not page:
                return
            _log.warning("sends_interrupted", run=str(job.run.id), records=len(page))
            due_at = job.retry_times.after_quiet(job.clock.now(), job.capabilities)
            await self._writer.write([interrupted(item, due_at, crashed=crashed) for item in page])
            after = page[-1].id

    async def look_up_due(self) -> None:
        """Ask what became of every unknown outcome whose quiet period is over; commit what is proven.

        Where the accounting system cannot answer now, the question is put off; where it never can, a
        person decides. Raises AuthenticationFailed, and Conflict when the lock is lost.
        """
        job, after = self._job, 0
        while not job.circuit.is_open:
            async with job.database.read(job.organisation_id) as unit:
                page = await unit.deliveries.unknown_due(
                    job.integration_id, job.clock.now(), after, job.capabilities.lookup_size
                )
                halted = await unit.runs.cancel_requested(job.run.id)
            if not page or halted:
                return
            await self._look_up(page)
            after = page[-1].id

    async def probe(self) -> None:
        """Ask a question that changes nothing, to find out whether the accounting system is back.

        Closes the circuit or lets it rest longer. Raises AuthenticationFailed.
        """
        job = self._job
        try:
            if job.capabilities.lookup:
                await job.adapter.lookup(job.credentials, [job.probe_reference])
            else:
                await job.adapter.test_connection(job.credentials)
        except AuthenticationFailed:
            raise
        except AdapterError as error:
            job.circuit.still_away(job.clock.now(), error.message)
        except Exception as error:  # noqa: BLE001, see _ask
            job.circuit.still_away(job.clock.now(), self._own_fault(error))
        else:
            job.circuit.answered()
        await self._writer.write([])

    async def _look_up(self, page: Sequence[Outgoing]) -> None:
        if not self._job.capabilities.lookup:
            await self._writer.write([undecidable(item) for item in page])
            return
        booked = await self._ask(page)
        now = self._job.clock.now()
        if booked is None:
            due_at = self._job.retry_times.after_quiet(now, self._job.capabilities)
            await self._writer.write([put_off(item, now, due_at) for item in page])
        else:
            await self._writer.write([looked_up(item, booked.get(item.reference), now) for item in page])

    async def _ask(self, page: Sequence[Outgoing]) -> dict[str, Booked] | None:
        """Return what is booked by reference, or None when the question did not get through."""
        job = self._job
        await job.lock.check()
        try:
            found = await job.adapter.lookup(job.credentials, [item.reference for item in page])
        except AuthenticationFailed:
            raise
        except AdapterError as error:
            _log.warning("lookup_put_off", run=str(job.run.id), reason=error.internal)
            job.circuit.failed(job.clock.now(), error.message)
            return None
        except Exception as error:  # noqa: BLE001, it would end this run, and every later one, before anything is sent
            job.circuit.failed(job.clock.now(), self._own_fault(error))
            return None
        job.circuit.answered()
        return {item.reference: item for item in found}

    def _own_fault(self, error: Exception) -> Message:
        _log.exception("question_broke", run=str(self._job.run.id), error=type(error).__name__)
        return msg("There is a fault in this program.")
