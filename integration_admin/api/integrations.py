"""/api/v1/integrations and /api/v1/runs: how integrations fare, and starting or stopping their runs.

What waits for a person is in api/decisions.py.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.failures import CauseBody, DayBody, cause_bodies, day_bodies
from integration_admin.api.language import language_of
from integration_admin.api.preflights import PreflightBody, preflight_body
from integration_admin.api.problems import Route
from integration_admin.api.progress import ProgressBody, progress_body
from integration_admin.core.actor import Actor
from integration_admin.core.messages import Message
from integration_admin.services import container
from integration_admin.services.configuration import IntegrationView
from integration_admin.services.health_monitor import Health
from integration_admin.services.tokens import INTEGRATIONS_READ, RUNS_WRITE
from integration_admin.services.views import FailureView, RunView


class IntegrationBody(BaseModel):
    """One connection to one accounting system."""

    id: uuid.UUID
    type: str
    name: str
    state: str
    last_success_at: datetime | None


class IntegrationsBody(BaseModel):
    """Every integration of the organisation, oldest first."""

    integrations: list[IntegrationBody]


class RunBody(BaseModel):
    """One run; `amounts` are decimal strings by currency, of what this run delivered.

    `resumed` counts how often it was taken up again after the program had stopped, `stopping` says that it
    has been asked to stop, and `message` says how it went, also why nothing was exported. `progress` is told where
    one run is asked for, until it has ended.
    """

    id: uuid.UUID
    integration_id: uuid.UUID
    trigger: str
    state: str
    started_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None
    resumed: int
    stopping: bool
    delivered: int
    rejected: int
    waiting: int
    unknown: int
    amounts: dict[str, str]
    message: str | None
    progress: ProgressBody | None = None


class RunsBody(BaseModel):
    """Some runs, newest first; `next_cursor` continues after them and is null at the end."""

    runs: list[RunBody]
    next_cursor: str | None


class FailureBody(BaseModel):
    """Why one record was not delivered, and the `state` it is in by now; `fate` is what became of it after that."""

    kind: str
    id: str
    fault: str
    field: str
    message: str
    at: datetime
    state: str
    fate: str | None
    dismissed: str | None


class HealthBody(BaseModel):
    """How an integration is doing; `sentence` says what happened and what to do.

    `undecided` records wait for a person. `resting_until` is set while the accounting system cannot be
    reached and nothing is sent; `retries_spent` counts the automatic repetitions of the last 24 hours.
    `missed_since` is set while a person is asked whether to make up for planned exports that were missed.
    `left_out` says why reimbursements that have come in are not exported. Where the accounting system books
    later than it takes, `staged` records wait there, `booked` are in its books, and `rejected_after_import` were
    refused there; `requests_sent` are this month's, of `requests_included` in the agreement. `preflight` is null
    except from the evening until the run it looks ahead to, and once it does not hold any more. `causes` are up to 20
    causes of open failures, and `trend` what the runs of the last 30 days came to, oldest day first.
    """

    integration_id: uuid.UUID
    status: str
    sentence: str
    last_run: RunBody | None
    active_run: RunBody | None
    last_success_at: datetime | None
    next_run_at: datetime | None
    delivered_total: int
    waiting: int
    failed: int
    unknown: int
    undecided: int
    resting_until: datetime | None
    resting_reason: str | None
    retries_spent: int
    missed_since: datetime | None
    left_out: str | None
    staged: int | None
    booked: int | None
    rejected_after_import: int | None
    requests_sent: int | None
    requests_included: int | None
    preflight: PreflightBody | None
    failures: list[FailureBody]
    causes: list[CauseBody]
    more_causes: bool
    trend: list[DayBody]


router = APIRouter(prefix="/api/v1", route_class=Route, responses=PROBLEMS)

_Reader = Annotated[Actor, actor_with(INTEGRATIONS_READ)]
_Runner = Annotated[Actor, actor_with(RUNS_WRITE)]


@router.get("/integrations", summary="List integrations", tags=["Integrations"])
async def integrations(actor: _Reader) -> IntegrationsBody:
    """Return every integration, unfinished ones too."""
    found = await container.current().configuration.everything(actor)
    return IntegrationsBody(integrations=[_integration(view) for view in found])


@router.get("/integrations/{integration_id}/health", summary="Ask for health", tags=["Integrations"])
async def health(integration_id: uuid.UUID, request: Request, actor: _Reader) -> HealthBody:
    """Return how one integration is doing, with its open failures, each and by cause, and its trend."""
    services = container.current()
    found = await services.health.of(actor, integration_id)
    page = await services.failures.causes(actor, integration_id)
    more = {
        "causes": cause_bodies(page.causes, request),
        "more_causes": bool(page.next_cursor),
        "trend": day_bodies(await services.failures.trend(actor, integration_id)),
    }
    return _health(found, language_of(request), more)


@router.post("/integrations/{integration_id}/runs", summary="Start a run", tags=["Runs"], status_code=202)
async def start(
    integration_id: uuid.UUID,
    request: Request,
    actor: _Runner,
    idempotency_key: Annotated[
        str | None, Header(max_length=255, description="The same key gives the same run again.")
    ] = None,
) -> RunBody:
    """Queue a run; 409 when one is under way."""
    run = await container.current().runs.start(actor, integration_id, idempotency_key=idempotency_key)
    return _run(run, language_of(request))


@router.get("/integrations/{integration_id}/runs", summary="List runs", tags=["Runs"])
async def runs(
    integration_id: uuid.UUID,
    request: Request,
    actor: _Reader,
    cursor: Annotated[str, Query(max_length=100, description="`next_cursor` of the page before.")] = "",
) -> RunsBody:
    """Return up to 25 runs of an integration, newest first."""
    found = await container.current().history.page(actor, integration_id, cursor)
    language = language_of(request)
    return RunsBody(runs=[_run(run, language) for run in found.runs], next_cursor=found.next_cursor or None)


@router.get("/runs/{run_id}", summary="Ask for a run", tags=["Runs"])
async def get(run_id: uuid.UUID, request: Request, actor: _Reader) -> RunBody:
    """Return one run, and how far it has come while it is under way."""
    language = language_of(request)
    run, progress = await container.current().history.progress(actor, run_id)
    body = _run(run, language)
    body.progress = progress_body(progress, language) if progress else None
    return body


@router.post("/runs/{run_id}/cancel", summary="Cancel a run", tags=["Runs"])
async def cancel(run_id: uuid.UUID, request: Request, actor: _Runner) -> RunBody:
    """Ask a run to stop after the batch it is sending; one that waits to begin ends at once."""
    return _run(await container.current().runs.cancel(actor, run_id), language_of(request))


@router.post("/runs/{run_id}/retry", summary="Retry what failed", tags=["Runs"], status_code=202)
async def retry(run_id: uuid.UUID, request: Request, actor: _Runner) -> RunBody:
    """Queue a new run for the failed records of this run's integration."""
    services = container.current()
    run = await services.runs.get(actor, run_id)
    return _run(await services.runs.retry(actor, run.integration_id), language_of(request))


def _integration(view: IntegrationView) -> IntegrationBody:
    return IntegrationBody(
        id=view.id, type=view.kind, name=view.name, state=view.state, last_success_at=view.last_success_at
    )


def _run(view: RunView, language: str) -> RunBody:
    return RunBody(
        id=view.id,
        integration_id=view.integration_id,
        trigger=view.trigger,
        state=view.state,
        started_by=view.started_by,
        requested_at=view.requested_at,
        started_at=view.started_at,
        finished_at=view.finished_at,
        duration_seconds=view.seconds,
        resumed=view.resumed,
        stopping=view.stopping,
        delivered=view.delivered,
        rejected=view.rejected,
        waiting=view.waiting,
        unknown=view.unknown,
        amounts={money.currency: money.decimal() for money in view.amounts},
        message=_words(view.message, language),
    )


def _health(found: Health, language: str, more: Mapping[str, Any]) -> HealthBody:
    after, requests = found.after_import, found.requests
    return HealthBody(
        integration_id=found.integration_id,
        status=found.status,
        sentence=found.sentence.translate(language),
        last_run=_run(found.last_run, language) if found.last_run else None,
        active_run=_run(found.active_run, language) if found.active_run else None,
        last_success_at=found.last_success_at,
        next_run_at=found.next_run_at,
        delivered_total=found.delivered_total,
        waiting=found.waiting,
        failed=found.failed,
        unknown=found.unknown,
        undecided=found.undecided,
        resting_until=found.resting_until,
        resting_reason=_words(found.resting_reason, language),
        retries_spent=found.retries_spent,
        missed_since=found.missed_since,
        left_out=_words(found.left_out, language),
        staged=after.staged if after else None,
        booked=after.booked if after else None,
        rejected_after_import=after.rejected if after else None,
        requests_sent=requests.sent if requests else None,
        requests_included=requests.included if requests else None,
        preflight=preflight_body(found.preflight, language) if found.preflight else None,
        failures=[_failure(failure, language) for failure in found.failures],
        **more,
    )


def _failure(view: FailureView, language: str) -> FailureBody:
    return FailureBody(
        kind=view.record_kind,
        id=view.record_id,
        fault=view.fault,
        field=view.field,
        message=view.message.translate(language),
        at=view.created_at,
        state=view.state,
        fate=view.fate.value if view.fate else None,
        dismissed=_words(view.dismissed, language),
    )


def _words(message: Message | None, language: str) -> str | None:
    return message.translate(language) if message else None
