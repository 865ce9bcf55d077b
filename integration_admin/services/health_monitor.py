"""How an integration is doing: its status in a word and a sentence, its last run, what failed."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from integration_admin.core.actor import Actor
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, Permission, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.export_batch import EXPORTED_STATUSES
from integration_admin.services.schedules import Schedules
from integration_admin.services.views import FailureView, RunView, failure_view, run_view


class Status(StrEnum):
    """An integration's status as the dashboard shows it."""

    NOT_CONFIGURED = "not_configured"
    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_ATTENTION = "needs_attention"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Health:
    """One integration's health; `sentence` says what happened, why, and the one next action."""

    integration_id: uuid.UUID
    status: Status
    sentence: Message
    last_run: RunView | None
    active_run: RunView | None
    last_success_at: datetime | None
    next_run_at: datetime | None
    delivered_total: int
    waiting: int
    failed: int
    unknown: int
    failures: tuple[FailureView, ...]


class HealthMonitor:
    """Answers how integrations are doing."""

    def __init__(self, database: Database, adapters: AdapterRegistry, schedules: Schedules) -> None:
        self._database = database
        self._adapters = adapters
        self._schedules = schedules

    async def of(self, actor: Actor, integration_id: uuid.UUID, failures: int = 200) -> Health:
        """Return the health of one integration with up to `failures` open failures."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            latest = await unit.runs.latest_finished(integration_id)
            active = await unit.runs.active(integration_id)
            counts = await unit.deliveries.counts(integration_id)
            new = await self._not_taken_up(unit, integration)
            open_failures = await _open_failures(unit, integration_id, failures)
        last_run = run_view(latest) if latest else None
        status, sentence = _status(integration, last_run, counts)
        return Health(
            integration_id=integration_id,
            status=status,
            sentence=sentence,
            last_run=last_run,
            active_run=run_view(active) if active else None,
            last_success_at=integration.last_success_at,
            next_run_at=await self._next_run(actor, integration),
            delivered_total=counts.get(DeliveryState.DELIVERED, 0),
            waiting=new + counts.get(DeliveryState.READY, 0) + counts.get(DeliveryState.RETRY_WAIT, 0),
            failed=counts.get(DeliveryState.REJECTED, 0),
            unknown=_in_doubt(counts, running=active is not None),
            failures=open_failures,
        )

    async def _not_taken_up(self, unit: Unit, integration: Integration) -> int:
        """Count records the next run will take up."""
        kinds = self._adapters.get(integration.kind).capabilities.kinds
        return await unit.records.count_without_delivery(integration.id, kinds, EXPORTED_STATUSES)

    async def _next_run(self, actor: Actor, integration: Integration) -> datetime | None:
        if integration.state is not IntegrationState.ACTIVE:
            return None
        schedule = await self._schedules.get(actor, integration.id)
        return schedule.next_slots[0].due_at if schedule.saved and schedule.next_slots else None


async def _open_failures(unit: Unit, integration_id: uuid.UUID, limit: int) -> tuple[FailureView, ...]:
    rows = await unit.runs.failures(integration_id, limit=limit)
    return tuple(failure_view(failure, record) for failure, record in rows)


def _in_doubt(counts: dict[DeliveryState, int], *, running: bool) -> int:
    """Count records nobody knows the fate of; what is marked as being sent while nothing runs is one."""
    sending = 0 if running else counts.get(DeliveryState.SENDING, 0)
    return counts.get(DeliveryState.UNKNOWN, 0) + counts.get(DeliveryState.NEEDS_PERSON, 0) + sending


def _status(
    integration: Integration, last_run: RunView | None, counts: dict[DeliveryState, int]
) -> tuple[Status, Message]:
    """Say the status, the worst news first."""
    match integration.state:
        case IntegrationState.DRAFT:
            return Status.NOT_CONFIGURED, msg("The set-up is not finished. Go on where you left it.")
        case IntegrationState.STOPPED:
            return Status.ERROR, msg(
                "The export has stopped: the accounting system refuses the credentials. Enter new ones."
            )
        case IntegrationState.PAUSED:
            return Status.PAUSED, msg("Paused. Nothing is exported until you resume it.")
        case _:
            return _active_status(last_run, counts)


def _active_status(last_run: RunView | None, counts: dict[DeliveryState, int]) -> tuple[Status, Message]:
    doubled = counts.get(DeliveryState.NEEDS_PERSON, 0)
    failed = counts.get(DeliveryState.REJECTED, 0)
    if doubled:
        return Status.NEEDS_ATTENTION, msg(
            "Records that need a person to decide: {count}. Open the failures below.", count=doubled
        )
    if last_run is not None and last_run.state is RunState.FAILED and not failed:
        return Status.ERROR, last_run.message or msg("The last export failed.")
    if failed:
        return Status.NEEDS_ATTENTION, msg(
            "Records that could not be exported: {count}. See why, mend the cause, then retry.", count=failed
        )
    if last_run is None:
        return Status.ACTIVE, msg("Ready. The first export has not run yet.")
    return Status.ACTIVE, last_run.message or msg("The last export went well.")
