"""Runs as people and scripts ask for them: starting, looking, cancelling, retrying what failed."""

import uuid
from datetime import datetime

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, IntegrationAdminError, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, Permission, RunState, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import Integration, Run
from integration_admin.data.repositories.runs import UNDER_WAY
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.run_queue import QueuedRun, RunQueue
from integration_admin.services.stop_reasons import own_reason
from integration_admin.services.views import RunView, run_view

NOTHING_TO_RETRY = msg("There is nothing left to retry.")
_RETRYABLE = (DeliveryState.REJECTED, DeliveryState.RETRY_WAIT)


class Runs:
    """Starts runs and tells how they fare."""

    def __init__(self, database: Database, queue: RunQueue, clock: Clock) -> None:
        self._database = database
        self._queue = queue
        self._clock = clock

    async def start(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        *,
        trigger: Trigger = Trigger.MANUAL,
        idempotency_key: str | None = None,
    ) -> RunView:
        """Queue a run; the same idempotency key gives the same run again.

        Raises Conflict when a run is under way or the integration may not run.
        """
        actor.require(Permission.RUN)
        if idempotency_key is not None and not 1 <= len(idempotency_key) <= 255:
            raise InvalidInput(msg("An idempotency key has between 1 and 255 characters."))
        async with self._database.write(actor.organisation_id) as unit:
            await unit.runs.take_turns(integration_id)
            earlier = await self._earlier(unit, integration_id, idempotency_key)
            run = earlier or await self.enqueue(unit, actor, integration_id, trigger, idempotency_key)
        await self._queue.put(QueuedRun(actor.organisation_id, run.id))
        return run_view(run)

    async def retry(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        record_id: str | None = None,
        kind: str = "expense_claim",
    ) -> RunView:
        """Make failed records ready again, one or all, and queue a run for them.

        Records with an unknown outcome are left alone: they are looked up first. Raises NotFound, and Conflict when
        there are none, when a run is under way or when the integration may not run.
        """
        actor.require(Permission.RUN)
        async with self._database.read(actor.organisation_id) as unit:
            await check_may_start(unit, integration_id)
            row_id = (await unit.records.get(kind, record_id)).id if record_id else None
        if await self._revive(actor, integration_id, row_id) == 0:
            raise Conflict(NOTHING_TO_RETRY)
        return await self.start(actor, integration_id, trigger=Trigger.RETRY)

    async def _revive(self, actor: Actor, integration_id: uuid.UUID, row_id: int | None) -> int:
        """Make failed records ready in many short transactions, however many there are; return how many."""
        revived, now = 0, self._clock.now()
        while True:
            async with self._database.write(actor.organisation_id) as unit:
                few = await unit.deliveries.retry(integration_id, _RETRYABLE, now, row_id)
            revived += few
            if few == 0 or row_id is not None:
                return revived

    async def get(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Return one run; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            return run_view(await unit.runs.get(run_id))

    async def cancel(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Ask a run to stop after the batch it is sending; a queued one ends at once, an ended one stays."""
        actor.require(Permission.RUN)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # The run may begin, or end, at this very moment, so the database decides which of the two it is.
            ended = await unit.runs.finish(
                run_id,
                RunState.CANCELLED,
                now,
                (RunState.QUEUED,),
                message=msg("Cancelled before it began.").to_json(),
                cancel_requested=True,
            )
            asked = ended or await unit.runs.ask_to_stop(run_id)
            run = await unit.runs.get(run_id)
            if asked:
                await unit.audit.add(now, actor.name, "run.cancel", str(run.integration_id), run=str(run_id))
        return await self.get(actor, run_id)

    async def enqueue(
        self,
        unit: Unit,
        actor: Actor,
        integration_id: uuid.UUID,
        trigger: Trigger,
        idempotency_key: str | None,
        *,
        locked: Integration | None = None,
    ) -> Run:
        """Write a queued run inside the caller's unit; the caller puts it on the queue after the commit.

        `locked` is the integration where the caller has its turn already.
        """
        now = self._clock.now()
        if locked is None:
            await unit.runs.take_turns(integration_id)
            locked = await unit.integrations.get(integration_id)
        check_may_run(locked)
        if await unit.runs.active(integration_id) is not None:
            raise Conflict(UNDER_WAY)
        run = _new_run(integration_id, trigger, actor.name, idempotency_key, now)
        await unit.runs.add(run)
        await unit.audit.add(now, actor.name, "run.start", str(integration_id), trigger=str(trigger))
        return run

    async def _earlier(self, unit: Unit, integration_id: uuid.UUID, key: str | None) -> Run | None:
        return await unit.runs.by_idempotency_key(integration_id, key) if key else None


def _new_run(
    integration_id: uuid.UUID, trigger: Trigger, started_by: str, key: str | None, now: datetime
) -> Run:
    return Run(
        id=uuid.uuid4(),
        integration_id=integration_id,
        trigger=trigger,
        state=RunState.QUEUED,
        started_by=started_by,
        idempotency_key=key,
        requested_at=now,
        delivered=0,
        rejected=0,
        waiting=0,
        unknown=0,
        sums={},
    )


def tells_of_a_run(refusal: IntegrationAdminError) -> bool:
    """Tell whether something was refused because a run of the integration is under way."""
    return refusal.message == UNDER_WAY


async def check_may_start(unit: Unit, integration_id: uuid.UUID) -> None:
    """Raise NotFound, or Conflict with the reason why no run may begin now."""
    check_may_run(await unit.integrations.get(integration_id))
    if await unit.runs.active(integration_id) is not None:
        raise Conflict(UNDER_WAY)


def check_may_run(integration: Integration) -> None:
    """Raise Conflict with the reason an integration may not run."""
    if integration.state is IntegrationState.ACTIVE:
        return
    raise Conflict(
        {
            IntegrationState.DRAFT: msg("The set-up of this integration is not finished yet."),
            IntegrationState.PAUSED: msg("This integration is paused. Resume it to export."),
            IntegrationState.STOPPED: own_reason(integration)
            or msg("The accounting system refuses the stored credentials. Enter new ones first."),
        }[integration.state]
    )
