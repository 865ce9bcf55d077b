"""One export run, start to end: take the lock, settle what is open, send what is ready, say how it went.

How records go out is in services/export_pipeline.py; what a failure means in services/delivery_rules.py.
"""

import uuid
from typing import NamedTuple

import structlog
from structlog.contextvars import bound_contextvars

from integration_admin.adapters.base import Credentials
from integration_admin.core.actor import SCHEDULER
from integration_admin.core.clock import Clock
from integration_admin.core.errors import (
    AdapterError,
    AuthenticationFailed,
    Conflict,
    Fault,
    IntegrationAdminError,
    SecretUnreadable,
    VaultError,
)
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState, RunState
from integration_admin.data.database import Database
from integration_admin.data.locks import HeldLock, Locks
from integration_admin.data.models import Integration, Run
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry, targets_of
from integration_admin.services.catch_up import with_announcement
from integration_admin.services.circuit import Circuit
from integration_admin.services.credentials import CredentialService
from integration_admin.services.delivery_rules import RetryTimes, passes
from integration_admin.services.dimension_names import named
from integration_admin.services.export_backlog import Backlog
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_lookup import OpenQuestions
from integration_admin.services.export_outcomes import Tally
from integration_admin.services.export_pipeline import ExportPipeline
from integration_admin.services.export_writer import ExportWriter
from integration_admin.services.follow_up import FollowUp
from integration_admin.services.mapping_resolver import compile_mapping
from integration_admin.services.rare_collections import collecting_rarely
from integration_admin.services.request_counts import RequestTally, write_requests
from integration_admin.services.retry_budget import RetryBudget
from integration_admin.services.run_exclusions import scope_with
from integration_admin.services.run_summary import OPEN_STATES, final_state, summary
from integration_admin.services.runs import check_may_run
from integration_admin.services.stop_reasons import UNREADABLE

_log = structlog.get_logger(__name__)


class _LeftInDoubtError(Exception):
    """What was being sent could not be written down as in doubt, so the run is not at its end."""


class _Ending(NamedTuple):
    """Why a run ended before its time, if it did; `halted` when somebody cancelled it, or paused or stopped the integration."""

    problem: Message | None = None
    halted: bool = False


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
        follow_up: FollowUp | None = None,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._credentials = credentials
        self._locks = locks
        self._clock = clock
        self._retry_times = retry_times
        self._follow_up = follow_up

    async def carry_out(self, organisation_id: uuid.UUID, run_id: uuid.UUID) -> None:
        """Carry out a queued run, or take up one whose process died; a held lock leaves it to its holder."""
        async with self._database.read(organisation_id) as unit:
            run = await unit.runs.get(run_id)
        # Whatever part logs on the way, its lines tell which run they are about.
        about = bound_contextvars(run=str(run_id), integration=str(run.integration_id))
        with about, collecting_rarely():
            await self._carry_out(organisation_id, run)

    async def _carry_out(self, organisation_id: uuid.UUID, run: Run) -> None:
        run_id = run.id
        try:
            async with self._locks.hold(run.integration_id) as lock:
                await self._locked(organisation_id, run_id, lock)
        except Conflict:
            _log.info("run_left_to_lock_holder", run=str(run_id))
            return
        if self._follow_up is not None:
            await self._follow_up.follow(organisation_id, run.integration_id)

    async def _locked(self, organisation_id: uuid.UUID, run_id: uuid.UUID, lock: HeldLock) -> None:
        async with self._database.write(organisation_id) as unit:
            if not await unit.runs.start(run_id, self._clock.now()):
                return
            # What a dead process counted is read only now: until the lock was ours it could still count.
            run = await unit.runs.get(run_id)
        tally, requests = Tally.of(run), RequestTally()
        try:
            ending = await self._attempt(run, lock, tally, requests)
        except _LeftInDoubtError:
            # Whoever takes it up, once the database can be written to, begins with what was being sent.
            _log.exception("run_left_unfinished", run=str(run_id))
            return
        await self._finish(organisation_id, run, tally, ending)
        await self._count(run, requests)

    async def _count(self, run: Run, requests: RequestTally) -> None:
        """Write down how many requests the run took, where they are counted."""
        if requests.sent:
            async with self._database.write(run.organisation_id) as unit:
                await write_requests(unit, run.integration_id, requests, self._clock.now())

    async def _attempt(self, run: Run, lock: HeldLock, tally: Tally, requests: RequestTally) -> _Ending:
        """Export, and return how that ended."""
        try:
            job, refusal = await self._prepare(run, lock, tally, requests)
            return _Ending(halted=await self._export(job, refusal))
        except AuthenticationFailed as error:
            await self._stop_integration(run.organisation_id, run, error.message)
            return _Ending(error.message)
        except _LeftInDoubtError:
            raise
        except IntegrationAdminError as error:
            _log.warning("run_ended_early", run=str(run.id), reason=error.internal)
            return _Ending(error.message)
        except Exception as error:  # noqa: BLE001, whatever broke, the run must end and say so
            _log.exception("run_failed", run=str(run.id), error=type(error).__name__)
            return _Ending(msg("The export stopped because of a fault in this program."))

    async def _prepare(
        self, run: Run, lock: HeldLock, tally: Tally, requests: RequestTally
    ) -> tuple[ExportJob, IntegrationAdminError | None]:
        """Return what the run works with, and why it may not send, if it may not."""
        async with self._database.read(run.organisation_id) as unit:
            integration = await unit.integrations.get(run.integration_id)
            adapter = self._adapters.get(integration.kind)
            mapping = await unit.mappings.get(integration.id)
            excluded = await unit.integrations.exclusions(integration.id)
            targets = await named(unit, integration.id, targets_of(adapter, integration.settings))
            credentials, refusal = await self._open(unit, integration, requests)
        capabilities = adapter.capabilities_of(credentials.settings)
        compiled = compile_mapping(mapping, targets, excluded)
        if excluded:
            scope = scope_with(run.data_scope, compiled, excluded)
            async with self._database.write(run.organisation_id) as unit:
                await unit.runs.progress(run.id, resumed=run.resumed, data_scope=scope)
        job = ExportJob(
            database=self._database,
            clock=self._clock,
            retry_times=self._retry_times,
            lock=lock,
            run=run,
            adapter=adapter,
            capabilities=capabilities,
            credentials=credentials,
            mapping=compiled,
            tally=tally,
            circuit=Circuit.of(integration, capabilities.rest_seconds),
            budget=RetryBudget.of(integration, capabilities.retries_a_day, self._clock.now()),
            restored=integration.restored_at is not None,
        )
        return job, refusal

    async def _open(
        self, unit: Unit, integration: Integration, requests: RequestTally
    ) -> tuple[Credentials, IntegrationAdminError | None]:
        """Return what the adapter signs in with; or the settings alone, and why nothing may be sent."""
        try:
            check_may_run(integration)
            return await self._credentials.open(unit, integration, requests), None
        except SecretUnreadable as error:
            refusal: IntegrationAdminError = AuthenticationFailed(
                UNREADABLE, code="vault", internal=error.internal
            )
        except (Conflict, VaultError) as error:
            # A key that is missing on this machine is put back, or lies on another one: that stops nothing for good.
            refusal = error
        return Credentials(dict(integration.settings)), refusal

    async def _export(self, job: ExportJob, refusal: IntegrationAdminError | None) -> bool:
        """Do all there is to do; tell whether somebody stopped it before it was through."""
        writer = ExportWriter(job)
        questions = OpenQuestions(job, writer)
        # Also where nothing may be sent: what a dead process was sending must not look as if it still were.
        await _doubt(questions, crashed=True)
        if refusal is not None:
            raise refusal
        if job.circuit.is_open:
            await self._find_out(job, questions)
        try:
            return await self._send_all(job, writer, questions)
        except Exception:
            # Nothing may stay marked as being sent once nobody is sending; without the lock somebody may be.
            await job.lock.check()
            await _doubt(questions, crashed=False)
            raise

    async def _find_out(self, job: ExportJob, questions: OpenQuestions) -> None:
        """Let an open circuit rest, or ask whether the accounting system is back; a person may ask at once."""
        by_itself = job.run.started_by == SCHEDULER
        if not (by_itself and job.circuit.rests(self._clock.now())):
            await questions.probe()
        _check_circuit(job)

    async def _send_all(self, job: ExportJob, writer: ExportWriter, questions: OpenQuestions) -> bool:
        """Settle doubts that are due and send, round by round, until a round has nothing to send.

        Tells whether somebody stopped it before that.
        What changed in the middle of a round, and what has become due meanwhile, belongs to the next one.
        """
        backlog = Backlog(job)
        await backlog.revive()
        begun = 1
        while begun:
            await questions.look_up_due()
            _check_circuit(job)
            begun = 0
            for one in passes(job.capabilities):
                pipeline = ExportPipeline(job, writer, batch_size=one.batch_size, in_flight=one.in_flight)
                await pipeline.run(backlog.pages(one))
                begun += pipeline.begun
                if pipeline.halted:
                    return True
        return False

    async def _stop_integration(self, organisation_id: uuid.UUID, run: Run, reason: Message) -> None:
        async with self._database.write(organisation_id) as unit:
            # Somebody may be replacing at this moment what was refused.
            await unit.runs.take_turns(run.integration_id)
            if (await unit.integrations.get(run.integration_id)).state is not IntegrationState.ACTIVE:
                return
            stored = await unit.integrations.credentials(run.integration_id)
            if run.started_at is not None and any(row.stored_at > run.started_at for row in stored):
                # What was refused has been replaced since; the next run signs in with what is stored now.
                return
            await unit.integrations.note(
                run.integration_id, state=IntegrationState.STOPPED, stop_message=reason.to_json()
            )
            await unit.audit.add(
                self._clock.now(), run.started_by, "integration.stopped", str(run.integration_id)
            )

    async def _finish(self, organisation_id: uuid.UUID, run: Run, tally: Tally, ending: _Ending) -> None:
        now, problem = self._clock.now(), ending.problem
        async with self._database.write(organisation_id) as unit:
            cancelled = ending.halted or await unit.runs.cancel_requested(run.id)
            left = await unit.backlog.by_state(run.integration_id, OPEN_STATES)
            tally.waiting, tally.unknown = await unit.backlog.left_by_run(run.integration_id, run.id)
            state = final_state(tally, left, problem, cancelled=cancelled)
            said = problem or summary(tally, left, cancelled=cancelled)
            message = with_announcement(run.message, said)
            ended = await unit.runs.finish(
                run.id, state, now, resumed=run.resumed, message=message.to_json(), **tally.columns()
            )
            if not ended:
                _log.warning("run_taken_over", run=str(run.id))
                return
            if state is RunState.SUCCEEDED or tally.delivered:
                await unit.integrations.note(run.integration_id, last_success_at=now)
        _log.info("run_finished", run=str(run.id), state=str(state), **tally.columns())


async def _doubt(questions: OpenQuestions, *, crashed: bool) -> None:
    """Turn what was being sent into unknown outcomes. Raises _LeftInDoubtError where that cannot be written."""
    try:
        await questions.doubt_interrupted(crashed=crashed)
    except Exception as error:
        raise _LeftInDoubtError from error


def _check_circuit(job: ExportJob) -> None:
    """Raise AdapterError while the circuit is open: nothing is sent then."""
    if job.circuit.is_open:
        raise AdapterError(job.circuit.sentence(), Fault.TRANSIENT, code="circuit")
