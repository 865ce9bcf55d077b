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
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.credentials import CredentialService
from integration_admin.services.delivery_rules import RetryTimes, reference_of
from integration_admin.services.export_batch import EXPORTED_STATUSES, BatchExporter
from integration_admin.services.export_outcomes import Tally
from integration_admin.services.mapping_resolver import CompiledMapping, compile_mapping

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
                await self._locked(organisation_id, run, lock)
        except Conflict:
            _log.info("run_left_to_lock_holder", run=str(run_id))

    async def _locked(self, organisation_id: uuid.UUID, run: Run, lock: HeldLock) -> None:
        async with self._database.write(organisation_id) as unit:
            if not await unit.runs.start(run.id, self._clock.now()):
                return
        tally = Tally.of(run)
        try:
            job = await self._prepare(organisation_id, run)
            await self._export(job, lock, tally)
        except AuthenticationFailed as error:
            await self._stop_integration(organisation_id, run, error.message)
            await self._finish(organisation_id, run, tally, error.message)
        except IntegrationAdminError as error:
            _log.warning("run_ended_early", run=str(run.id), reason=error.internal)
            await self._finish(organisation_id, run, tally, error.message)
        except Exception as error:  # noqa: BLE001, whatever broke, the run must end and say so
            _log.exception("run_failed", run=str(run.id), error=type(error).__name__)
            await self._finish(
                organisation_id, run, tally, msg("The export stopped because of a fault in this program.")
            )
        else:
            await self._finish(organisation_id, run, tally, None)

    async def _prepare(self, organisation_id: uuid.UUID, run: Run) -> _Job:
        async with self._database.read(organisation_id) as unit:
            integration = await unit.integrations.get(run.integration_id)
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
        await self._recover(job)
        await self._take_up(job)
        async for batch in self._batches(job, DeliveryRepository.unknown_due):
            await exporter.look_up(job.run, batch, tally)
        async for batch in self._batches(job, DeliveryRepository.sendable):
            await exporter.send(job.run, batch, tally)

    async def _batches(self, job: _Job, choose: _Choice) -> AsyncIterator[list[Outgoing]]:
        """Yield what is to be settled, batch by batch, until nothing is left or the run shall stop."""
        after = 0
        while batch := await self._next(job, choose, after):
            after = batch[-1].id
            yield batch

    async def _next(self, job: _Job, choose: _Choice, after: int) -> list[Outgoing]:
        limit = job.adapter.capabilities.batch_size
        async with self._database.read(job.organisation_id) as unit:
            if await unit.runs.cancel_requested(job.run.id):
                return []
            return await choose(unit.deliveries, job.integration.id, self._clock.now(), after, limit)

    async def _recover(self, job: _Job) -> None:
        """Turn what a dead run left in the middle of a send into unknown outcomes: the lock is ours now."""
        now = self._clock.now()
        due = self._retry_times.after_quiet(now, job.adapter.capabilities)
        async with self._database.write(job.organisation_id) as unit:
            orphans = await unit.deliveries.orphans_to_unknown(job.integration.id, due, now)
        if orphans:
            _log.warning("sends_interrupted", run=str(job.run.id), records=orphans)

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
            state = _final_state(tally, problem, cancelled=cancelled)
            message = problem or _summary(tally, left, cancelled=cancelled)
            await unit.runs.finish(run.id, state, now, message=message.to_json(), **tally.columns())
            if state is RunState.SUCCEEDED or tally.delivered:
                await unit.integrations.note(run.integration_id, last_success_at=now)
        _log.info("run_finished", run=str(run.id), state=str(state), **tally.columns())


def _final_state(tally: Tally, problem: Message | None, *, cancelled: bool) -> RunState:
    if cancelled:
        return RunState.CANCELLED
    if problem is None and tally.troubled == 0:
        return RunState.SUCCEEDED
    return RunState.PARTLY_FAILED if tally.delivered else RunState.FAILED


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
    open_failures = left.get(DeliveryState.REJECTED, 0)
    if open_failures:
        return msg(
            "Nothing new to export. Records that failed earlier and need you: {count}.", count=open_failures
        )
    return msg("Nothing to export: no approved claims were waiting.")
