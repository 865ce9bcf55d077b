"""How an integration is doing: its status in a word and a sentence, its last run, what failed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.statuses import DeliveryState, IntegrationState, Permission, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Integration
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.after_import import AfterImport, FateCounter
from integration_admin.services.backlog import Backlog, BacklogCounter
from integration_admin.services.delivery_rules import BUDGET_WINDOW
from integration_admin.services.exported_kinds import exported_kinds, why_reimbursements_stay
from integration_admin.services.history import failure_views
from integration_admin.services.mapping_plans import excluded_categories
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT
from integration_admin.services.mapping_words import category_label
from integration_admin.services.request_counts import RequestsThisMonth, requests_this_month
from integration_admin.services.retry_budget import RetryBudget
from integration_admin.services.schedules import Schedules, ScheduleView
from integration_admin.services.secret_expiry import expiry_warning
from integration_admin.services.stop_reasons import why_stopped
from integration_admin.services.views import FailureView, RunView, run_view


class Status(StrEnum):
    """An integration's status as the dashboard shows it."""

    NOT_CONFIGURED = "not_configured"
    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_ATTENTION = "needs_attention"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Health:
    """One integration's health; `sentence` says what happened, why, and the one next action.

    `resting_until` is set while nothing is sent because the accounting system could not be reached, with
    the reason; `retries_spent` counts the automatic repetitions of the last 24 hours; `missed_since` is set
    while a person is asked whether to make up for planned exports that were missed; `left_out` says why
    reimbursements are not exported, where some have come in and are not; `held_back` names expense categories
    whose claims stay because they are excluded; `after_import` is what became of what
    was delivered, and `requests` how many were sent this month, where that is known. `expiry` warns of credentials
    that expire soon, or have expired.
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


@dataclass(frozen=True, slots=True)
class _Picture:
    """What the status is decided by."""

    integration: Integration
    last_run: RunView | None
    backlog: Backlog
    budget: RetryBudget
    missed_since: datetime | None
    left_out: Message | None
    after_import: AfterImport | None
    requests: RequestsThisMonth | None
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day it is by the organisation's clocks."""
        return self.now.astimezone(self.zone).date()

    @property
    def expiry(self) -> Message | None:
        """That the credentials expire soon or have expired, where that is so."""
        return expiry_warning(self.integration.secrets_expire_on, self.today)

    def count(self, *states: DeliveryState) -> int:
        """Return how many deliveries are in one of `states`."""
        return sum(self.backlog.by_state.get(state, 0) for state in states)


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
            picture = await self._picture(unit, integration, schedule, open_failures)
            active = await unit.runs.active(integration_id)
            excluded = await unit.integrations.exclusions(integration_id)
        status, sentence = _status(picture)
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
            resting_until=integration.open_until if _is_resting(integration) else None,
            resting_reason=_why_resting(integration) if _is_resting(integration) else None,
            retries_spent=picture.budget.spent,
            missed_since=picture.missed_since,
            left_out=picture.left_out,
            held_back=tuple(_held_back(key) for key in sorted(excluded_categories(excluded))),
            after_import=picture.after_import,
            requests=picture.requests,
            expiry=None if integration.state is IntegrationState.DRAFT else picture.expiry,
        )

    async def _picture(
        self,
        unit: Unit,
        integration: Integration,
        schedule: ScheduleView,
        failures: Sequence[FailureView],
    ) -> _Picture:
        now = self._clock.now()
        latest = await unit.runs.latest_finished(integration.id)
        adapter = self._adapters.get(integration.kind)
        able = adapter.capabilities_of(integration.settings)
        pays = await unit.mappings.maps(integration.id, PAYMENT_ACCOUNT)
        kinds = exported_kinds(able.kinds, maps_payments=pays)
        stay = why_reimbursements_stay(able.kinds, adapter.target_fields, maps_payments=pays)
        follows, zone = able.follows_up, ZoneInfo((await unit.organisations.get()).time_zone)
        return _Picture(
            integration,
            run_view(latest) if latest else None,
            await self._counter.count(unit, integration.id, kinds, latest.id if latest else None),
            RetryBudget.of(integration, able.retries_a_day, now),
            schedule.missed_since if integration.state is IntegrationState.ACTIVE else None,
            stay if stay is not None and await _are_expected(unit, integration) else None,
            await self._fates.count(unit, integration.id, adapter.label, failures) if follows else None,
            requests_this_month(integration, able.requests_a_month, now, zone),
            now,
            zone,
        )


async def _are_expected(unit: Unit, integration: Integration) -> bool:
    """Tell whether somebody may wonder where reimbursements stay."""
    set_up = integration.state is not IntegrationState.DRAFT
    return set_up and await unit.backlog.any_record(REIMBURSEMENT)


def _held_back(category: str) -> Message:
    return msg(
        "Claims with a line in the category “{category}” are left out: they are not exported, and count as waiting.",
        category=category_label(category),
    )


def _next_run(integration: Integration, schedule: ScheduleView) -> datetime | None:
    if integration.state is not IntegrationState.ACTIVE or not schedule.saved:
        return None
    return schedule.next_slots[0].due_at if schedule.next_slots else None


def _in_doubt(picture: _Picture, *, running: bool) -> int:
    """Count records nobody knows the fate of; what is marked as being sent while nothing runs is one."""
    sending = () if running else (DeliveryState.SENDING,)
    return picture.count(DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON, *sending)


def _is_resting(integration: Integration) -> bool:
    return integration.open_until is not None and integration.state is IntegrationState.ACTIVE


def _why_resting(integration: Integration) -> Message:
    stored = integration.open_message
    return Message.from_json(stored) if stored else msg("The accounting system could not be reached.")


def _status(picture: _Picture) -> tuple[Status, Message]:
    """Say the status, the worst news first."""
    match picture.integration.state:
        case IntegrationState.DRAFT:
            return Status.NOT_CONFIGURED, msg("The set-up is not finished. Go on where you left it.")
        case IntegrationState.STOPPED:
            return Status.ERROR, why_stopped(picture.integration, picture.today)
        case IntegrationState.PAUSED:
            return Status.PAUSED, msg("Paused. Nothing is exported until you resume it.")
        case _:
            return _active_status(picture)


def _active_status(picture: _Picture) -> tuple[Status, Message]:
    if _is_resting(picture.integration):
        return Status.ERROR, _resting(picture)
    if undecided := picture.count(DeliveryState.NEEDS_PERSON):
        return Status.NEEDS_ATTENTION, msg(
            "Records that need you to decide: {count}. Look them up in the accounting system, then answer below.",
            count=undecided,
        )
    if picture.after_import is not None and (refused := picture.after_import.needs_person):
        return Status.NEEDS_ATTENTION, refused
    if picture.missed_since is not None:
        return Status.NEEDS_ATTENTION, msg(
            "Planned exports were missed while the program was not running. Say below whether to make up for them."
        )
    if picture.budget.left == 0:
        return Status.NEEDS_ATTENTION, _budget_spent(picture)
    return _status_of_runs(picture.last_run, picture.count(DeliveryState.REJECTED), picture.expiry)


def _status_of_runs(last_run: RunView | None, failed: int, expiry: Message | None) -> tuple[Status, Message]:
    if last_run is not None and last_run.state is RunState.FAILED and not failed:
        return Status.ERROR, last_run.message or msg("The last export failed.")
    if failed:
        return Status.NEEDS_ATTENTION, msg(
            "Records that could not be exported: {count}. See why, mend the cause, then retry.", count=failed
        )
    if expiry is not None:
        return Status.NEEDS_ATTENTION, expiry
    if last_run is None:
        return Status.ACTIVE, msg("Ready. The first export has not run yet.")
    return Status.ACTIVE, last_run.message or msg("The last export went well.")


def _resting(picture: _Picture) -> Message:
    """Say that nothing is sent, until when, and what a person can do; times are the organisation's."""
    count, until = picture.integration.transport_failures, picture.integration.open_until
    if until is None or until <= picture.now:
        return msg(
            "{count} tries in a row did not reach the accounting system. One request will now check whether it is"
            " back.",
            count=count,
        )
    return msg(
        "{count} tries in a row did not reach the accounting system. Sending rests until {time}; then one request"
        " checks whether it is back. To check at once, press “Sync now”.",
        count=count,
        time=_time(until, picture),
    )


def _budget_spent(picture: _Picture) -> Message:
    budget = picture.budget
    return msg(
        "The automatic new tries for these 24 hours are used up: {count}. They go on at {time}."
        " Find out why sending fails so often, then press “Sync now”.",
        count=budget.spent,
        time=_time((budget.since or picture.now) + BUDGET_WINDOW, picture),
    )


def _time(at: datetime, picture: _Picture) -> str:
    """Return a time within the next day, as the organisation's clocks show it."""
    return at.astimezone(picture.zone).strftime("%H:%M")
