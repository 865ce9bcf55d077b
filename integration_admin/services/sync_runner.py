"""One export run, start to end: take the lock, settle what is open, send what is ready, say how it went.

What a failure means lives in services/delivery_rules.py; how one batch goes out in
services/export_batch.py.
"""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from integration_admin.adapters.base import AccountingAdapter, Credentials
from integration_admin.core.clock import Clock
from integration_admin.core.errors import (
    AuthenticationFailed,
    Conflict,
    IntegrationAdminError,
    VaultError,
)
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, RunState
from integration_admin.data.database import Database
from integration_admin.data.locks import HeldLock, Locks
from integration_admin.data.models import Integration, Run
from integration_admin.data.repositories.deliveries import DeliveryRepository, NewDelivery, Outgoing
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.credentials import CredentialService
from integration_admin.services.delivery_rules import RetryTimes, reference_of
from integration_admin.services.export_batch import EXPORTED_STATUSES, BatchExporter
from integration_admin.services.export_outcomes import Tally
from integration_admin.services.mapping_resolver import CompiledMapping, compile_mapping
from integration_admin.services.runs import check_may_run

_log = structlog.get_logger(__name__)

_TAKE_UP = 1_000

_Choice = Callable[[DeliveryRepository, uuid.UUID, datetime, int, int], Awaitable[list[Outgoing]]]
"""Picks an integration's deliveries at an instant, above an id, up to a number."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What a run works with from start to end."""

    organisation_id: uuid.UUID
    run: Run
    integration: Integration
    adapter: AccountingAdapter
    credentials: Credentials
    mapping: CompiledMapping


class SyncRunner:
    """Carries out queued runs."""

    def __init__(
        self,
        database: Database,
        adapters: AdapterRegistry,
        credentials: CredentialService,
        locks: Locks,
        clock: Clock,
        retry_times: RetryTimes,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._credentials = credentials
        self._locks = locks
        self._clock = clock
        self._retry_times = retry_times

    async def carry_out(self, organisation_id: uuid.UUID, run_id: uuid.UUID) -> None:
        """Carry out a queued run, or take up one whose process died; a held lock leaves it to its holder."""
        async with self._database.read(organisation_id) as unit:
            run = await unit.runs.get(run_id)
        try:
            async with self._locks.hold(run.integration_id) as lock:
                await self._locked(organisation_id, run_id, lock)
        except Conflict:
            _log.info("run_left_to_lock_holder", run=str(run_id))

    async def _locked(self, organisation_id: uuid.UUID, run_id: uuid.UUID, lock: HeldLock) -> None:
        async with self._database.write(organisation_id) as unit:
            if not await unit.runs.start(run_id, self._clock.now()):
                return
            # What a dead process counted is read only now: until the lock was ours it could still count.
            run = await unit.runs.get(run_id)
        tally = Tally.of(run)
        problem = await self._attempt(organisation_id, run, lock, tally)
        await self._finish(organisation_id, run, tally, problem)

    async def _attempt(
        self, organisation_id: uuid.UUID, run: Run, lock: HeldLock, tally: Tally
    ) -> Message | None:
        """Export, and return why the run ended before its time, if it did."""
        try:
            job = await self._prepare(organisation_id, run)
            await self._export(job, lock, tally)
        except AuthenticationFailed as error:
            await self._stop_integration(organisation_id, run, error.message)
            return error.message
        except IntegrationAdminError as error:
            _log.warning("run_ended_early", run=str(run.id), reason=error.internal)
            return error.message
        except Exception as error:  # noqa: BLE001, whatever broke, the run must end and say so
            _log.exception("run_failed", run=str(run.id), error=type(error).__name__)
            return msg("The export stopped because of a fault in this program.")
        return None

    async def _prepare(self, organisation_id: uuid.UUID, run: Run) -> _Job:
        async with self._database.read(organisation_id) as unit:
            integration = await unit.integrations.get(run.integration_id)
            check_may_run(integration)
            adapter = self._adapters.get(integration.kind)
            mapping = await unit.mappings.get(integration.id)
            excluded = await unit.integrations.exclusions(integration.id)
            try:
                credentials = await self._credentials.open(unit, integration)
            except VaultError as error:
                raise AuthenticationFailed(
                    msg("The stored credentials cannot be read any more. Enter them again."),
                    code="vault",
                    internal=error.internal,
                ) from None
        compiled = compile_mapping(mapping, adapter.target_fields, excluded)
        return _Job(organisation_id, run, integration, adapter, credentials, compiled)

    async def _export(self, job: _Job, lock: HeldLock, tally: Tally) -> None:
        exporter = BatchExporter(
            self._database, job.adapter, job.credentials, job.mapping, self._clock, self._retry_times, lock
        )
        await self._doubt_interrupted(job, exporter, tally)
        await self._take_up(job)
        try:
            async for batch in self._batches(job, DeliveryRepository.unknown_due):
                await exporter.look_up(job.run, batch, tally)
            async for batch in self._batches(job, DeliveryRepository.sendable):
                await exporter.send(job.run, batch, tally)
        except Exception:
            # Nothing may stay marked as being sent once nobody is sending.
            await self._doubt_interrupted(job, exporter, tally)
            raise

    async def _doubt_interrupted(self, job: _Job, exporter: BatchExporter, tally: Tally) -> None:
        async for batch in self._batches(job, DeliveryRepository.interrupted, whatever=True):
            _log.warning("sends_interrupted", run=str(job.run.id), records=len(batch))
            await exporter.doubt(job.run, batch, tally)

    async def _batches(
        self, job: _Job, choose: _Choice, *, whatever: bool = False
    ) -> AsyncIterator[list[Outgoing]]:
        """Yield what is to be settled, batch by batch, until nothing is left or the run shall stop.

        `whatever` goes on although somebody cancelled the run or paused the integration.
        """
        after = 0
        while batch := await self._next(job, choose, after, whatever=whatever):
            after = batch[-1].id
            yield batch

    async def _next(self, job: _Job, choose: _Choice, after: int, *, whatever: bool) -> list[Outgoing]:
        limit = job.adapter.capabilities.batch_size
        async with self._database.read(job.organisation_id) as unit:
            if not whatever and await self._shall_stop(unit, job):
                return []
            return await choose(unit.deliveries, job.integration.id, self._clock.now(), after, limit)

    async def _shall_stop(self, unit: Unit, job: _Job) -> bool:
        """Tell whether somebody cancelled the run or paused the integration meanwhile."""
        if await unit.runs.cancel_requested(job.run.id):
            return True
        return (await unit.integrations.get(job.integration.id)).state is not IntegrationState.ACTIVE

    async def _take_up(self, job: _Job) -> None:
        """Make a delivery of every exportable record that has none, in chunks."""
        now = self._clock.now()
        after = 0
        while True:
            async with self._database.write(job.organisation_id) as unit:
                await unit.deliveries.revive_revised(job.integration.id, now)
                rows = await unit.records.without_delivery(
                    job.integration.id, job.adapter.capabilities.kinds, EXPORTED_STATUSES, after, _TAKE_UP
                )
                if not rows:
                    return
                first = await unit.integrations.take_voucher_numbers(job.integration.id, len(rows))
                new = [
                    NewDelivery(
                        record_id,
                        reference_of(job.organisation_id, job.integration.id, kind, external_id),
                        first + place,
                        revision,
                    )
                    for place, (record_id, kind, external_id, revision) in enumerate(rows)
                ]
                await unit.deliveries.add(job.integration.id, new, now)
            after = rows[-1][0]

    async def _stop_integration(self, organisation_id: uuid.UUID, run: Run, reason: Message) -> None:
        async with self._database.write(organisation_id) as unit:
            if (await unit.integrations.get(run.integration_id)).state is not IntegrationState.ACTIVE:
                return
            await unit.integrations.note(
                run.integration_id, state=IntegrationState.STOPPED, stop_message=reason.to_json()
            )
            await unit.audit.add(
                self._clock.now(), run.started_by, "integration.stopped", str(run.integration_id)
            )

    async def _finish(
        self, organisation_id: uuid.UUID, run: Run, tally: Tally, problem: Message | None
    ) -> None:
        now = self._clock.now()
        async with self._database.write(organisation_id) as unit:
            cancelled = await unit.runs.cancel_requested(run.id)
            left = await unit.deliveries.counts(run.integration_id)
            state = _final_state(tally, left, problem, cancelled=cancelled)
            message = problem or _summary(tally, left, cancelled=cancelled)
            await unit.runs.finish(run.id, state, now, message=message.to_json(), **tally.columns())
            if state is RunState.SUCCEEDED or tally.delivered:
                await unit.integrations.note(run.integration_id, last_success_at=now)
        _log.info("run_finished", run=str(run.id), state=str(state), **tally.columns())


def _final_state(
    tally: Tally, left: Mapping[DeliveryState, int], problem: Message | None, *, cancelled: bool
) -> RunState:
    """Succeeded means: all that was tried is delivered, and nothing is in doubt from earlier either."""
    if cancelled:
        return RunState.CANCELLED
    if problem is None and tally.troubled == 0 and _in_doubt(left) == 0:
        return RunState.SUCCEEDED
    return RunState.PARTLY_FAILED if tally.delivered else RunState.FAILED


def _in_doubt(left: Mapping[DeliveryState, int]) -> int:
    states = (DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON, DeliveryState.SENDING)
    return sum(left.get(state, 0) for state in states)


def _summary(tally: Tally, left: Mapping[DeliveryState, int], *, cancelled: bool) -> Message:
    """Say in one sentence how the run went, and why when nothing was exported."""
    if cancelled:
        return msg("Cancelled after {delivered} exported records.", delivered=tally.delivered)
    if tally.delivered or tally.troubled:
        return msg(
            "Exported: {delivered}. Failed: {rejected}. Waiting to be tried again: {waiting}. Outcome not known yet: {unknown}.",
            delivered=tally.delivered,
            rejected=tally.rejected,
            waiting=tally.waiting,
            unknown=tally.unknown,
        )
    if in_doubt := _in_doubt(left):
        return msg("Nothing new to export. Records whose outcome is being checked: {count}.", count=in_doubt)
    if refused := left.get(DeliveryState.REJECTED, 0):
        return msg("Nothing new to export. Records that failed earlier and need you: {count}.", count=refused)
    if waiting := left.get(DeliveryState.RETRY_WAIT, 0):
        return msg("Nothing new to export. Records that are tried again later: {count}.", count=waiting)
    return msg("Nothing to export: no approved claims were waiting.")
