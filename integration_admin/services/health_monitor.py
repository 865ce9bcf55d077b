"""How an integration is doing: its last run, what failed, what waits. Its status is decided in health_status.py."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.statuses import DeliveryState, IntegrationState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.after_import import AfterImport, FateCounter
from integration_admin.services.backlog import BacklogCounter
from integration_admin.services.exported_kinds import exported_kinds, why_reimbursements_stay
from integration_admin.services.health_status import Picture, Status, is_resting, status_of
from integration_admin.services.history import failure_views
from integration_admin.services.mapping_plans import excluded_categories
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT
from integration_admin.services.mapping_words import category_label
from integration_admin.services.missed_runs import not_begun
from integration_admin.services.preflight import current_preflight
from integration_admin.services.preflight_report import PreflightView
from integration_admin.services.reconciliation_report import differing_month
from integration_admin.services.request_counts import RequestsThisMonth, requests_this_month
from integration_admin.services.retry_budget import RetryBudget
from integration_admin.services.schedules import Schedules, ScheduleView
from integration_admin.services.views import FailureView, RunView, run_view

__all__ = ["Health", "HealthMonitor", "Status"]


@dataclass(frozen=True, slots=True)
class Health:
    """One integration's health; `sentence` says what happened, why, and the one next action.

    `resting_until` is set while nothing is sent because the accounting system could not be reached, with
    the reason; `retries_spent` counts the automatic repetitions of the last 24 hours; `missed_since` is set
    while a person is asked whether to make up for planned exports that were missed; `left_out` says why
    reimbursements are not exported, where some have come in and are not; `held_back` names expense categories
    whose claims stay because they are excluded; `after_import` is what became of what
    was delivered, and `requests` how many were sent this month, where that is known. `expiry` warns of credentials
    that expire soon, or have expired. `preflight` is what this evening's check found out about the next run.
    """

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
    undecided: int
    failures: tuple[FailureView, ...]
    resting_until: datetime | None
    resting_reason: Message | None
    retries_spent: int
    missed_since: datetime | None
    left_out: Message | None
    held_back: tuple[Message, ...]
    after_import: AfterImport | None
    requests: RequestsThisMonth | None
    expiry: Message | None
    preflight: PreflightView | None


class HealthMonitor:
    """Answers how integrations are doing."""

    def __init__(
        self,
        database: Database,
        adapters: AdapterRegistry,
        schedules: Schedules,
        clock: Clock,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._schedules = schedules
        self._clock = clock
        self._counter = BacklogCounter(clock)
        self._fates = FateCounter(clock)

    async def of(self, actor: Actor, integration_id: uuid.UUID, failures: int = 200) -> Health:
        """Return the health of one integration with up to `failures` open failures, newest first."""
        actor.require(Permission.VIEW)
        schedule = await self._schedules.get(actor, integration_id)
        async with self._database.read(actor.organisation_id) as unit:
            integration = await unit.integrations.get(integration_id)
            rows = await unit.runs.failures(integration_id, limit=failures)
            open_failures = await failure_views(unit, integration_id, rows)
            active = await unit.runs.active(integration_id)
            planned = await unit.schedules.get(integration_id)
            missed = not_begun(planned, active, self._clock.now())
            picture = await self._picture(unit, integration, schedule, open_failures, missed)
            excluded = await unit.integrations.exclusions(integration_id)
        status, sentence = status_of(picture)
        return Health(
            integration_id=integration_id,
            status=status,
            sentence=sentence,
            last_run=picture.last_run,
            active_run=run_view(active) if active else None,
            last_success_at=integration.last_success_at,
            next_run_at=_next_run(integration, schedule),
            delivered_total=picture.count(DeliveryState.DELIVERED),
            waiting=picture.backlog.new + picture.count(DeliveryState.READY, DeliveryState.RETRY_WAIT),
            failed=picture.count(DeliveryState.REJECTED),
            unknown=_in_doubt(picture, running=active is not None),
            undecided=picture.count(DeliveryState.NEEDS_PERSON),
            failures=tuple(open_failures),
            resting_until=integration.open_until if is_resting(integration) else None,
            resting_reason=_why_resting(integration) if is_resting(integration) else None,
            retries_spent=picture.budget.spent,
            missed_since=picture.missed_since,
            left_out=picture.left_out,
            held_back=tuple(_held_back(key) for key in sorted(excluded_categories(excluded))),
            after_import=picture.after_import,
            requests=picture.requests,
            expiry=None if integration.state is IntegrationState.DRAFT else picture.expiry,
            preflight=picture.preflight,
        )

    async def _picture(
        self,
        unit: Unit,
        integration: Integration,
        schedule: ScheduleView,
        failures: Sequence[FailureView],
        missed: Message | None,
    ) -> Picture:
        now = self._clock.now()
        latest = await unit.runs.latest_finished(integration.id)
        adapter = self._adapters.get(integration.kind)
        able = adapter.capabilities_of(integration.settings)
        pays = await unit.mappings.maps(integration.id, PAYMENT_ACCOUNT)
        kinds = exported_kinds(able.kinds, maps_payments=pays)
        stay = why_reimbursements_stay(able.kinds, adapter.target_fields, maps_payments=pays)
        follows, zone = able.follows_up, ZoneInfo((await unit.organisations.get()).time_zone)
        return Picture(
            integration,
            run_view(latest) if latest else None,
            await self._counter.count(unit, integration.id, kinds, latest.id if latest else None),
            RetryBudget.of(integration, able.retries_a_day, now),
            schedule.missed_since if integration.state is IntegrationState.ACTIVE else None,
            missed,
            stay if stay is not None and await _are_expected(unit, integration) else None,
            await self._fates.count(unit, integration.id, adapter.label, failures) if follows else None,
            requests_this_month(integration, able.requests_a_month, now, zone),
            await current_preflight(unit, integration, now, zone),
            now,
            zone,
            await differing_month(unit, integration.id),
        )


async def _are_expected(unit: Unit, integration: Integration) -> bool:
    """Tell whether somebody may wonder where reimbursements stay."""
    set_up = integration.state is not IntegrationState.DRAFT
    return set_up and await unit.backlog.any_record(REIMBURSEMENT)


def _held_back(category: str) -> Message:
    return msg(
        "Claims with a line in the category “{category}” are left out: they and their reimbursements are not"
        " exported, and count as waiting.",
        category=category_label(category),
    )


def _next_run(integration: Integration, schedule: ScheduleView) -> datetime | None:
    if integration.state is not IntegrationState.ACTIVE or not schedule.saved:
        return None
    return schedule.next_slots[0].due_at if schedule.next_slots else None


def _in_doubt(picture: Picture, *, running: bool) -> int:
    """Count records nobody knows the fate of; what is marked as being sent while nothing runs is one."""
    sending = () if running else (DeliveryState.SENDING,)
    return picture.count(DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON, *sending)


def _why_resting(integration: Integration) -> Message:
    stored = integration.open_message
    return Message.from_json(stored) if stored else msg("The accounting system could not be reached.")
