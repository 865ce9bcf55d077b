"""/api/v1/integrations/{id}/reconciliations: months compared with the accounting system, and their files."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.downloads import as_file, signed_in
from integration_admin.api.language import language_of
from integration_admin.api.problems import Route
from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.reconciliation import LinePage
from integration_admin.services.reconciliation_report import ReconciliationView
from integration_admin.services.tokens import INTEGRATIONS_READ, RUNS_WRITE

_LINES = 100


class SideBody(BaseModel):
    """Vouchers of one currency on one side; `sum` is a decimal string."""

    currency: str
    count: int
    sum: str


class FindingBody(BaseModel):
    """How many vouchers compare in one way, and what they come to here."""

    finding: str
    totals: list[SideBody]


class ReconciliationBody(BaseModel):
    """One comparison of one month; `sentence` and `remarks` say in words what came of it.

    `state` is under_way, agrees, differs or not_compared. `here` is what was delivered, `there` what the accounting
    system holds of it, as both were at `begun_at`. `sha256` is that of the file with every voucher.
    """

    id: uuid.UUID
    integration_id: uuid.UUID
    period: str
    version: int
    state: str
    sentence: str
    remarks: list[str]
    started_by: str
    requested_at: datetime
    begun_at: datetime | None
    finished_at: datetime | None
    asked: int
    differences: int
    here: list[SideBody]
    there: list[SideBody]
    findings: list[FindingBody]
    sha256: str
    note: str
    signed_by: str
    signed_at: datetime | None


class PeriodBody(BaseModel):
    """One month: its newest comparison, null where there is none, and the one signed last."""

    period: str
    newest: ReconciliationBody | None
    signed: ReconciliationBody | None


class PeriodsBody(BaseModel):
    """The months there are, the newest first."""

    periods: list[PeriodBody]


class LineBody(BaseModel):
    """One voucher that does not simply agree; `sums_there` is null where the amount is not told."""

    finding: str
    kind: str
    id: str
    reference: str
    state: str
    currency: str
    amount: str
    count_there: int
    sums_there: dict[str, str] | None
    external_id: str | None


class LinesBody(BaseModel):
    """Some of the vouchers that do not simply agree; ask for more with `next_after`."""

    lines: list[LineBody]
    next_after: int | None


class StartBody(BaseModel):
    """Which month to compare; the current one where it is left out."""

    period: str = Field(default="", max_length=20, examples=["2026-11"])


router = APIRouter(
    prefix="/api/v1/integrations/{integration_id}/reconciliations",
    route_class=Route,
    tags=["Reconciliation"],
    responses=PROBLEMS,
)

_Reader = Annotated[Actor, actor_with(INTEGRATIONS_READ)]
_Runner = Annotated[Actor, actor_with(RUNS_WRITE)]


@router.get("", summary="List compared months")
async def periods(integration_id: uuid.UUID, request: Request, actor: _Reader) -> PeriodsBody:
    """Return the months since the integration was made, with what comparing each of them came to."""
    language = language_of(request)
    found = await container.current().reconciliations.periods(actor, integration_id)
    return PeriodsBody(
        periods=[
            PeriodBody(
                period=one.period,
                newest=body_of(one.newest, language) if one.newest else None,
                signed=body_of(one.signed, language) if one.signed else None,
            )
            for one in found
        ]
    )


@router.post("", summary="Compare a month", status_code=202)
async def start(
    integration_id: uuid.UUID, request: Request, actor: _Runner, body: StartBody | None = None
) -> ReconciliationBody:
    """Have a month compared soon; 409 while another comparison is under way."""
    period = body.period if body else ""
    started = await container.current().reconciliations.start(actor, integration_id, period)
    return body_of(started, language_of(request))


@router.get("/{reconciliation_id}", summary="Ask for a comparison")
async def get(
    integration_id: uuid.UUID, reconciliation_id: uuid.UUID, request: Request, actor: _Reader
) -> ReconciliationBody:
    """Return one comparison, also while it is under way."""
    return body_of(await _of(actor, integration_id, reconciliation_id), language_of(request))


@router.post("/{reconciliation_id}/cancel", summary="Stop a comparison")
async def cancel(
    integration_id: uuid.UUID, reconciliation_id: uuid.UUID, request: Request, actor: _Runner
) -> ReconciliationBody:
    """Stop a comparison after the vouchers it is asking about; one that has ended stays as it is."""
    await _of(actor, integration_id, reconciliation_id)
    view = await container.current().reconciliations.cancel(actor, reconciliation_id)
    return body_of(view, language_of(request))


@router.get("/{reconciliation_id}/lines", summary="List vouchers that do not simply agree")
async def lines(
    integration_id: uuid.UUID,
    reconciliation_id: uuid.UUID,
    actor: _Reader,
    after: Annotated[int, Query(ge=0, le=2**53, description="`next_after` of the page before.")] = 0,
) -> LinesBody:
    """Return up to 100 of them, in the order they were found."""
    await _of(actor, integration_id, reconciliation_id)
    page = await container.current().reconciliations.lines(actor, reconciliation_id, after, _LINES)
    return _lines(page)


def download_routes(settings: Settings) -> APIRouter:
    """Return the route a signed-in person's browser downloads a statement and its file from."""
    downloads = APIRouter(prefix="/download", route_class=Route, include_in_schema=False)

    @downloads.get("/reconciliations/{reconciliation_id}.{form}")
    async def download(
        reconciliation_id: uuid.UUID, form: Literal["csv", "pdf"], request: Request
    ) -> Response:
        person = await signed_in(request, settings)
        service = container.current().reconciliations
        view = await service.get(person.actor, reconciliation_id)
        name = f"reconciliation-{view.period}-{view.version}"
        if form == "csv":
            return as_file(await service.csv(person.actor, reconciliation_id), name, form)
        content = await service.statement(person.actor, reconciliation_id, person.language)
        kept = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
        return Response(content, media_type="application/pdf", headers=kept)

    return downloads


def body_of(view: ReconciliationView, language: str) -> ReconciliationBody:
    """Turn a comparison into what the API and the command line answer, its sentences in `language`."""
    return ReconciliationBody(
        id=view.id,
        integration_id=view.integration_id,
        period=view.period,
        version=view.version,
        state=view.state.value,
        sentence=view.sentence.translate(language),
        remarks=[remark.translate(language) for remark in view.remarks],
        started_by=view.started_by,
        requested_at=view.requested_at,
        begun_at=view.begun_at,
        finished_at=view.finished_at,
        asked=view.asked,
        differences=view.differences,
        here=[_side(one.count, one.sum) for one in view.here],
        there=[_side(one.count, one.sum) for one in view.there],
        findings=[
            FindingBody(
                finding=one.finding.value, totals=[_side(total.count, total.sum) for total in one.totals]
            )
            for one in view.findings
        ],
        sha256=view.csv_hash,
        note=view.note,
        signed_by=view.signed_by,
        signed_at=view.signed_at,
    )


async def _of(actor: Actor, integration_id: uuid.UUID, reconciliation_id: uuid.UUID) -> ReconciliationView:
    """Return a comparison of the integration the address names. Raises NotFound."""
    view = await container.current().reconciliations.get(actor, reconciliation_id)
    if view.integration_id != integration_id:
        raise NotFound(msg("There is no such comparison."))
    return view


def _side(count: int, money: Money) -> SideBody:
    return SideBody(currency=money.currency, count=count, sum=money.decimal())


def _lines(page: LinePage) -> LinesBody:
    return LinesBody(
        lines=[
            LineBody(
                finding=line.finding.value,
                kind=line.kind,
                id=line.record,
                reference=line.reference,
                state=line.state.value,
                currency=line.here.currency,
                amount=line.here.decimal(),
                count_there=line.count_there,
                sums_there=None
                if line.there is None
                else {money.currency: money.decimal() for money in line.there},
                external_id=line.external_id or None,
            )
            for line in page.lines
        ],
        next_after=page.next_after,
    )
