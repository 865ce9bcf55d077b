"""An integration's status in a word and a sentence: what happened, why, and the one thing to do next.

What it is decided by is read in health_monitor.py.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import OPEN_ENDS, DeliveryState, IntegrationState, RunState
from integration_admin.data.models import Integration
from integration_admin.services.after_import import AfterImport
from integration_admin.services.backlog import Backlog
from integration_admin.services.delivery_rules import BUDGET_WINDOW
from integration_admin.services.preflight_report import PreflightView
from integration_admin.services.request_counts import RequestsThisMonth
from integration_admin.services.retry_budget import RetryBudget
from integration_admin.services.run_summary import is_settled
from integration_admin.services.secret_expiry import expiry_warning
from integration_admin.services.stop_reasons import why_paused, why_stopped
from integration_admin.services.views import RunView

PUT_RIGHT = msg("What was wrong is put right. Exports go on as planned.")


class Status(StrEnum):
    """An integration's status as the dashboard shows it."""

    NOT_CONFIGURED = "not_configured"
    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_ATTENTION = "needs_attention"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Picture:
    """What the status is decided by."""

    integration: Integration
    last_run: RunView | None
    backlog: Backlog
    budget: RetryBudget
    missed_since: datetime | None
    not_begun: Message | None
    left_out: Message | None
    after_import: AfterImport | None
    requests: RequestsThisMonth | None
    preflight: PreflightView | None
    now: datetime
    zone: ZoneInfo
    differing: Message | None = None
    """That a month differs from the accounting system and nobody has signed it."""

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


def is_resting(integration: Integration) -> bool:
    """Tell whether nothing is sent because the accounting system could not be reached."""
    return integration.open_until is not None and integration.state is IntegrationState.ACTIVE


def status_of(picture: Picture) -> tuple[Status, Message]:
    """Say the status, the worst news first."""
    match picture.integration.state:
        case IntegrationState.DRAFT:
            return Status.NOT_CONFIGURED, msg("The set-up is not finished. Go on where you left it.")
        case IntegrationState.STOPPED:
            return Status.ERROR, why_stopped(picture.integration, picture.today)
        case IntegrationState.PAUSED:
            return Status.PAUSED, why_paused(picture.integration)
        case _:
            return _active_status(picture)


def _active_status(picture: Picture) -> tuple[Status, Message]:
    if picture.not_begun is not None or is_resting(picture.integration):
        return Status.ERROR, picture.not_begun or _resting(picture)
    if undecided := picture.count(DeliveryState.NEEDS_PERSON):
        return Status.NEEDS_ATTENTION, msg(
            "Records that need you to decide: {count}. Look them up in the accounting system, then answer on the"
            " integration's page.",
            count=undecided,
        )
    if picture.after_import is not None and (refused := picture.after_import.needs_person):
        return Status.NEEDS_ATTENTION, refused
    if picture.missed_since is not None:
        return Status.NEEDS_ATTENTION, msg(
            "Planned exports were missed while the program was not running. Say on the integration's page whether to"
            " make up for them."
        )
    if picture.budget.left == 0:
        return Status.NEEDS_ATTENTION, _budget_spent(picture)
    return _status_of_runs(picture, picture.last_run, picture.count(DeliveryState.REJECTED))


def _status_of_runs(picture: Picture, last_run: RunView | None, failed: int) -> tuple[Status, Message]:
    if failed:
        return Status.NEEDS_ATTENTION, msg(
            "Records that could not be exported: {count}. See why, mend the cause, then retry.", count=failed
        )
    if last_run is not None and last_run.state is RunState.FAILED and not _is_settled(picture, last_run):
        return Status.ERROR, last_run.message or msg("The last export failed.")
    if picture.preflight is not None and picture.preflight.needs_person:
        return Status.NEEDS_ATTENTION, picture.preflight.sentence
    if (warning := picture.differing or picture.expiry) is not None:
        return Status.NEEDS_ATTENTION, warning
    return Status.ACTIVE, _good_news(picture, last_run)


def _is_settled(picture: Picture, run: RunView) -> bool:
    return is_settled(run.rejected, run.unknown, any_open=picture.count(*OPEN_ENDS) > 0)


def _good_news(picture: Picture, last_run: RunView | None) -> Message:
    if last_run is None:
        return msg("Ready. The first export has not run yet.")
    if _is_settled(picture, last_run):
        return PUT_RIGHT
    return last_run.message or msg("The last export went well.")


def _resting(picture: Picture) -> Message:
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


def _budget_spent(picture: Picture) -> Message:
    budget = picture.budget
    return msg(
        "The automatic new tries for these 24 hours are used up: {count}. They go on at {time}."
        " Find out why sending fails so often, then press “Sync now”.",
        count=budget.spent,
        time=_time((budget.since or picture.now) + BUDGET_WINDOW, picture),
    )


def _time(at: datetime, picture: Picture) -> str:
    """Return a time within the next day, as the organisation's clocks show it."""
    return at.astimezone(picture.zone).strftime("%H:%M")
