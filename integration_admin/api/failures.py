"""/api/v1/integrations/{id}/failures and dismissals: failures by their cause, and what is decided about them."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.language import language_of
from integration_admin.api.problems import Route
from integration_admin.api.record_ids import RECORD_ID
from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.services import container
from integration_admin.services.cause_pages import OPEN
from integration_admin.services.failure_causes import CauseKey, CauseView, FailedRecordView
from integration_admin.services.failures import LONGEST_REASON, WITH_PEOPLE, FailedPage
from integration_admin.services.tokens import INTEGRATIONS_READ, RUNS_WRITE
from integration_admin.services.trend import TrendDay

_FAILURES = "/integrations/{integration_id}/failures"
_DISMISSALS = "/integrations/{integration_id}/dismissals"
_SHELVES = {"open": OPEN, "person": WITH_PEOPLE}


class CauseBody(BaseModel):
    """All open failures of one cause; `state` is refused, waiting or person, `message` the latest one's reason.

    Up to 10,000 records are counted; `more` says that there are more, and that `amounts` (decimal strings by currency)
    are those of the counted ones. `fix` is mapping, excluded, record, system, either, decide, there or wait. `row`
    names the value map row at fault as `map:FIELD:CATEGORY`, or the field as `value:FIELD` or `from:FIELD`, where it
    is known.
    """

    cause: str
    state: str
    message: str
    field: str
    records: int
    more: bool
    amounts: dict[str, str]
    since: datetime
    fix: str
    row: str | None


class CausesBody(BaseModel):
    """Some causes, those of most records first; `next_cursor` continues after them and is null at the end."""

    causes: list[CauseBody]
    next_cursor: str | None


class FailedBody(BaseModel):
    """One record's failure; `state` is where the record is now. `ended_at` is set once it is over.

    `dismissed` says who dismissed the record, when and why, if somebody did.
    """

    kind: str
    id: str
    currency: str | None
    amount: str | None
    message: str
    since: datetime
    state: str | None
    ended_at: datetime | None
    dismissed: str | None


class FailedPageBody(BaseModel):
    """Some failures; `next_cursor` continues after them and is null at the end."""

    records: list[FailedBody]
    next_cursor: int | None


class DayBody(BaseModel):
    """What the runs of one day came to; `failed` counts every record a run did not deliver."""

    day: date
    runs: int
    delivered: int
    failed: int


class RecordName(BaseModel):
    """What names a record."""

    kind: str = Field(max_length=16)
    id: str = Field(max_length=64)


class RetryBody(BaseModel):
    """The cause whose records are tried again."""

    cause: str = Field(max_length=64)


class DismissalBody(BaseModel):
    """What is not to be tried again as it is, and why: the refused records of a `cause`, or `records` by name."""

    reason: str = Field(max_length=LONGEST_REASON)
    cause: str | None = Field(None, max_length=64)
    records: list[RecordName] = Field(default_factory=list, max_length=1_000)


class DismissedBody(BaseModel):
    """How many records were dismissed."""

    dismissed: int


class RetriedBody(BaseModel):
    """The run that tries them again."""

    run_id: uuid.UUID


router = APIRouter(prefix="/api/v1", route_class=Route, responses=PROBLEMS, tags=["Failures"])

_Reader = Annotated[Actor, actor_with(INTEGRATIONS_READ)]
_Runner = Annotated[Actor, actor_with(RUNS_WRITE)]
_Cursor = Annotated[int, Query(ge=0, le=2**53, description="`next_cursor` of the page before.")]


@router.get(_FAILURES, summary="List causes of failures")
async def causes(
    integration_id: uuid.UUID,
    request: Request,
    actor: _Reader,
    show: Literal["open", "person"] = "open",
    cursor: Annotated[str, Query(max_length=64, description="`next_cursor` of the page before.")] = "",
) -> CausesBody:
    """Return up to 20 causes of open failures, or of those that wait for a person."""
    failures, states = container.current().failures, _SHELVES[show]
    page = await failures.causes(actor, integration_id, states, cursor)
    return CausesBody(causes=cause_bodies(page.causes, request), next_cursor=page.next_cursor or None)


@router.get(f"{_FAILURES}/settled", summary="List failures that are over")
async def settled(
    integration_id: uuid.UUID, request: Request, actor: _Reader, cursor: _Cursor = 0
) -> FailedPageBody:
    """Return up to 20 failures, newest first, of records that were exported after all or dismissed."""
    return _page(await container.current().failures.ended(actor, integration_id, cursor), request)


@router.get(f"{_FAILURES}/{{cause}}", summary="List the records of a cause")
async def records(
    integration_id: uuid.UUID, cause: str, request: Request, actor: _Reader, cursor: _Cursor = 0
) -> FailedPageBody:
    """Return up to 20 records that failed for one cause, those that have waited longest first."""
    failures = container.current().failures
    return _page(await failures.records(actor, integration_id, CauseKey.read(cause), cursor), request)


@router.post(f"{_FAILURES}/retry", summary="Retry the records of a cause", status_code=202)
async def retry(integration_id: uuid.UUID, body: RetryBody, actor: _Runner) -> RetriedBody:
    """Queue a run for the records that failed for one cause; 409 when a run is under way or nothing is left."""
    run = await container.current().failures.retry(actor, integration_id, CauseKey.read(body.cause))
    return RetriedBody(run_id=run.id)


@router.post(_DISMISSALS, summary="Dismiss records")
async def dismiss(integration_id: uuid.UUID, body: DismissalBody, actor: _Runner) -> DismissedBody:
    """Dismiss refused records: they are not tried again until a new revision comes. 409 when one is not refused."""
    failures = container.current().failures
    if (body.cause is None) is not bool(body.records):
        raise InvalidInput(msg("Name either a cause or records, and not both."))
    if body.cause is not None:
        key = CauseKey.read(body.cause)
        return DismissedBody(dismissed=await failures.dismiss_cause(actor, integration_id, key, body.reason))
    named = {(one.kind, one.id) for one in body.records}
    await failures.dismiss(actor, integration_id, list(named), body.reason)
    return DismissedBody(dismissed=len(named))


@router.delete(f"{_DISMISSALS}/{{kind}}/{RECORD_ID}", summary="Take a dismissal back", status_code=204)
async def take_back(integration_id: uuid.UUID, kind: str, record_id: str, actor: _Runner) -> None:
    """Count a dismissed record as refused again; 409 when it is not dismissed any more."""
    await container.current().failures.take_back(actor, integration_id, (kind, record_id))


def cause_bodies(causes: Sequence[CauseView], request: Request) -> list[CauseBody]:
    """Turn causes into what the API answers, their sentences in the language the request asks for."""
    language = language_of(request)
    return [
        CauseBody(
            cause=str(view.key),
            state=view.key.state,
            message=view.message.translate(language),
            field=view.field,
            records=view.records,
            more=view.more,
            amounts={money.currency: money.decimal() for money in view.amounts},
            since=view.since,
            fix=view.fix,
            row=view.row or None,
        )
        for view in causes
    ]


def day_bodies(days: Sequence[TrendDay]) -> list[DayBody]:
    """Turn days into what the API answers."""
    return [DayBody(day=one.day, runs=one.runs, delivered=one.delivered, failed=one.failed) for one in days]


def _page(page: FailedPage, request: Request) -> FailedPageBody:
    language = language_of(request)
    return FailedPageBody(
        records=[_failed(view, language) for view in page.records], next_cursor=page.next_cursor or None
    )


def _failed(view: FailedRecordView, language: str) -> FailedBody:
    return FailedBody(
        kind=view.kind,
        id=view.record_id,
        currency=view.amount.currency if view.amount else None,
        amount=view.amount.decimal() if view.amount else None,
        message=view.message.translate(language),
        since=view.since,
        state=view.now.value if view.now else None,
        ended_at=view.ended_at,
        dismissed=view.dismissed.translate(language) if view.dismissed else None,
    )
