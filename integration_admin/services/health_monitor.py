"""How an integration is doing: its last run, what failed, what waits. Its status is decided in health_status.py."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.statuses import DeliveryState, FateState, IntegrationState, Permission, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.health import Head, LatestRuns
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.after_import import AfterImport, FateCounter, FateCounts
from integration_admin.services.backlog import BacklogCounter
from integration_admin.services.cause_pages import CausePage, cause_page
from integration_admin.services.configuration import IntegrationView, integration_view
from integration_admin.services.decisions import DecisionView, decision_page
from integration_admin.services.exported_kinds import exported_kinds, why_reimbursements_stay
from integration_admin.services.health_status import Picture, Status, is_resting, status_of
from integration_admin.services.history import failure_views
from integration_admin.services.mapping_plans import excluded_categories
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT
from integration_admin.services.mapping_words import category_label
from integration_admin.services.missed_runs import not_begun
from integration_admin.services.preflight import current_preflight
from integration_admin.services.preflight_report import PreflightView
from integration_admin.services.progress import Progress, ProgressReader
from integration_admin.services.reconciliation_report import differing_month
from integration_admin.services.request_counts import RequestsThisMonth, requests_this_month
from integration_admin.services.retry_budget import RetryBudget
from integration_admin.services.schedules import open_question, slots_to_come
from integration_admin.services.trend import TrendDay, trend_of
from integration_admin.services.views import FailureView, RunView, run_view

__all__ = ["Health", "HealthMonitor", "HealthPage", "Status"]

_REFUSED_LATER: Final = 50
"""Among how many failures, the newest, a page finds those that were refused after import."""


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


@dataclass(frozen=True, slots=True)
class HealthPage:
    """All an integration's own page shows at first; `progress` is that of the run under way, where there is one.

    Of `health.failures` it has only what was refused after import; of `decisions`, the oldest.
    """

    integration: IntegrationView
    health: Health
    decisions: tuple[DecisionView, ...]
    causes: CausePage
    trend: tuple[TrendDay, ...]
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class _Look:
    head: Head
    runs: LatestRuns
    zone: ZoneInfo
    health: Health


class HealthMonitor:
    """Answers how integrations are doing."""

    def __init__(
        self,
        database: Database,
        adapters: AdapterRegistry,
        progress: ProgressReader,
        clock: Clock,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._progress = progress
        self._clock = clock
        self._counter = BacklogCounter(clock)
        self._fates = FateCounter(clock)

    async def of(self, actor: Actor, integration_id: uuid.UUID, failures: int = 200) -> Health:
        """Return the health of one integration with up to `failures` open failures, newest first."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            head = await unit.health.head(integration_id, PAYMENT_ACCOUNT, REIMBURSEMENT)
            return (await self._look(unit, head, failures)).health

    async def everything(self, actor: Actor, failures: int) -> list[tuple[IntegrationView, Health]]:
        """Return every integration, unfinished ones too, with its health and up to `failures` failures; oldest first."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            heads = await unit.health.heads(PAYMENT_ACCOUNT, REIMBURSEMENT)
            looks = [await self._look(unit, head, failures) for head in heads]
        return [(self._view(look.head.integration), look.health) for look in looks]

    async def page(self, actor: Actor, integration_id: uuid.UUID, causes: int = 3) -> HealthPage:
        """Return what one integration's page shows, with up to `causes` causes of failures; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            head = await unit.health.head(integration_id, PAYMENT_ACCOUNT, REIMBURSEMENT)
            look = await self._look(unit, head, None)
            active = look.runs.active
            return HealthPage(
                self._view(head.integration),
                look.health,
                await _decisions(unit, look.health),
                await cause_page(unit, integration_id, most=causes),
                await trend_of(unit, integration_id, self._clock.now(), look.zone),
                await self._progress.of(unit, active) if active else None,
            )

    def _view(self, integration: Integration) -> IntegrationView:
        return integration_view(integration, self._adapters.get(integration.kind).label)

    async def _look(self, unit: Unit, head: Head, failures: int | None) -> _Look:
        """Read each row once; without a number of `failures` only those are read that were refused after import."""
        integration_id = head.integration.id
        runs, zone = await unit.health.runs(integration_id), ZoneInfo(head.organisation.time_zone)
        adapter = self._adapters.get(head.integration.kind)
        follows = adapter.capabilities_of(head.integration.settings).follows_up
        fates = await self._fates.count(unit, integration_id) if follows else None
        shown = await _failures(unit, integration_id, failures, fates)
        picture = await self._picture(unit, head, runs, zone, _after_import(adapter.label, fates, shown))
        excluded = await unit.integrations.exclusions(integration_id)
        next_run_at = await _next_run(unit, head, picture.now)
        return _Look(head, runs, zone, _health(picture, runs, shown, excluded, next_run_at))

    async def _picture(
        self, unit: Unit, head: Head, runs: LatestRuns, zone: ZoneInfo, after_import: AfterImport | None
    ) -> Picture:
        now, integration, schedule = self._clock.now(), head.integration, head.schedule
        adapter = self._adapters.get(integration.kind)
        able, latest = adapter.capabilities_of(integration.settings), runs.finished
        kinds = exported_kinds(able.kinds, maps_payments=head.maps)
        stay = why_reimbursements_stay(able.kinds, adapter.target_fields, maps_payments=head.maps)
        checked = await unit.preflights.newest(integration.id)
        asked = open_question(schedule, integration, runs.active) if schedule else None
        return Picture(
            integration,
            run_view(latest) if latest else None,
            await self._counter.count(
                unit, integration.id, kinds, latest.id if latest else None, exporting=_is_exporting(runs)
            ),
            RetryBudget.of(integration, able.retries_a_day, now),
            asked if integration.state is IntegrationState.ACTIVE else None,
            not_begun(schedule, runs.active, now),
            stay if integration.state is not IntegrationState.DRAFT and head.received else None,
            after_import,
            requests_this_month(integration, able.requests_a_month, now, zone),
            current_preflight(checked, integration, schedule, latest, now, zone),
            now,
            zone,
            await differing_month(unit, integration.id),
        )


def _is_exporting(runs: LatestRuns) -> bool:
    return runs.active is not None and runs.active.state is RunState.RUNNING


async def _failures(
    unit: Unit, integration_id: uuid.UUID, limit: int | None, fates: FateCounts | None
) -> list[FailureView]:
    if limit is not None:
        rows = await unit.runs.failures(integration_id, limit=limit) if limit else []
        return await failure_views(unit, integration_id, rows)
    if fates is None or not fates.rejected:
        return []
    rows = await unit.runs.failures(integration_id, limit=_REFUSED_LATER)
    views = await failure_views(unit, integration_id, rows)
    return [view for view in views if view.fate is FateState.REJECTED]


def _after_import(
    system: Message, fates: FateCounts | None, failures: list[FailureView]
) -> AfterImport | None:
    """Say what became of what was delivered; the reason is that of the newest of the open `failures` it concerns."""
    if fates is None:
        return None
    reason = next((item.message for item in failures if item.fate is FateState.REJECTED), None)
    return AfterImport(system, fates.staged, fates.booked, fates.rejected, reason)


def _health(
    picture: Picture,
    runs: LatestRuns,
    failures: list[FailureView],
    excluded: frozenset[str],
    next_run_at: datetime | None,
) -> Health:
    status, sentence = status_of(picture)
    integration, active = picture.integration, runs.active
    return Health(
        integration_id=integration.id,
        status=status,
        sentence=sentence,
        last_run=picture.last_run,
        active_run=run_view(active) if active else None,
        last_success_at=integration.last_success_at,
        next_run_at=next_run_at,
        delivered_total=picture.count(DeliveryState.DELIVERED),
        waiting=picture.backlog.new + picture.count(DeliveryState.READY, DeliveryState.RETRY_WAIT),
        failed=picture.count(DeliveryState.REJECTED),
        unknown=_in_doubt(picture, running=active is not None),
        undecided=picture.count(DeliveryState.NEEDS_PERSON),
        failures=tuple(failures),
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


def _held_back(category: str) -> Message:
    return msg(
        "Claims with a line in the category “{category}” are left out: they and their reimbursements are not"
        " exported, and count as waiting.",
        category=category_label(category),
    )


async def _decisions(unit: Unit, health: Health) -> tuple[DecisionView, ...]:
    return (await decision_page(unit, health.integration_id)).decisions if health.undecided else ()


async def _next_run(unit: Unit, head: Head, now: datetime) -> datetime | None:
    if head.integration.state is not IntegrationState.ACTIVE or head.schedule is None:
        return None
    slots = await slots_to_come(unit, head.schedule, now, 1)
    return slots[0].due_at if slots else None


def _in_doubt(picture: Picture, *, running: bool) -> int:
    """Count records nobody knows the fate of; what is marked as being sent while nothing runs is one."""
    sending = () if running else (DeliveryState.SENDING,)
    return picture.count(DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON, *sending)


def _why_resting(integration: Integration) -> Message:
    stored = integration.open_message
    return Message.from_json(stored) if stored else msg("The accounting system could not be reached.")
