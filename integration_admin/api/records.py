"""/api/v1/records: the expense system hands records over here and asks where they are."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.language import language_of
from integration_admin.api.problems import Route
from integration_admin.api.received import JSON, NDJSON, Line, read_lines
from integration_admin.api.record_ids import RECORD_ID
from integration_admin.core.actor import Actor
from integration_admin.core.messages import msg
from integration_admin.core.records import RECORD
from integration_admin.core.statuses import DeliveryState
from integration_admin.services import container
from integration_admin.services.record_search import FoundRecord, RecordQuery
from integration_admin.services.record_story import StoryEvent
from integration_admin.services.record_tracking import DeliveryView, RecordView
from integration_admin.services.records import Receipt
from integration_admin.services.tokens import RECORDS_READ, RECORDS_WRITE

Kind = Literal["expense_claim", "reimbursement", "activity"]
Status = Literal["", "draft", "submitted", "approved", "paid", "completed"]
"""What a list may be limited to; a misspelt one is refused, for an empty list would say that there are none."""


class ReasonBody(BaseModel):
    """Why a record is refused; `field` is a path such as `lines.2.amount`."""

    field: str
    message: str


class ReceiptBody(BaseModel):
    """What became of one record; `line` is its place in the request, counted from 1."""

    line: int
    kind: str
    id: str
    revision: int | None
    result: Literal["created", "unchanged", "updated", "rejected"]
    reasons: list[ReasonBody]


class ReceiptsBody(BaseModel):
    """One answer a record, in the order they were sent."""

    results: list[ReceiptBody]


class RecordBody(BaseModel):
    """One record in its newest revision; `amount` is a decimal string."""

    kind: Kind
    id: str
    revision: int
    status: str
    currency: str | None
    amount: str | None
    received_at: datetime
    updated_at: datetime


class RecordsBody(BaseModel):
    """Some records; `next_cursor` continues after them and is null at the end."""

    records: list[RecordBody]
    next_cursor: str | None


class DeliveryBody(BaseModel):
    """A record's way to one accounting system; `reference` is ours there, `external_id` theirs.

    `fate` is staged, booked or rejected where that system books later than it takes. `reason` says in a sentence
    why a record waits or failed, where that is known: also why one that is `ready` is not sent. `voucher_url` is
    where a person looks at its voucher there, where there is such an address.
    """

    integration_id: str
    integration: str
    state: str
    reference: str
    revision: int
    attempts: int
    external_id: str | None
    run_id: str | None
    sent_at: datetime | None
    next_attempt_at: datetime | None
    fate: str | None
    reason: str | None
    voucher_url: str | None


class StoryBody(BaseModel):
    """One thing that happened to a record, was decided or is about to happen; `reason` is why it failed or is held back."""

    at: datetime
    what: str
    sentence: str
    reason: str | None
    integration_id: str | None
    run_id: str | None


class TrackedBody(RecordBody):
    """A record, as it was received, where it is, and what happened to it in order."""

    record: dict[str, Any]
    deliveries: list[DeliveryBody]
    story: list[StoryBody]


class FoundDeliveryBody(BaseModel):
    """Where a found record is on its way to one accounting system."""

    integration_id: str
    integration: str
    state: str
    reference: str
    external_id: str | None
    voucher_url: str | None


class FoundBody(BaseModel):
    """A record that was found; `amount` is a decimal string."""

    kind: str
    id: str
    status: str
    currency: str | None
    amount: str | None
    claimant: str | None
    deliveries: list[FoundDeliveryBody]


class FoundPageBody(BaseModel):
    """Some records that were found; `next_cursor` continues after them and is null at the end."""

    records: list[FoundBody]
    next_cursor: str | None


router = APIRouter(prefix="/api/v1/records", route_class=Route, tags=["Records"], responses=PROBLEMS)

_SCHEMA = RECORD.json_schema(ref_template="#/components/schemas/{model}")
RECORD_SCHEMAS: dict[str, Any] = _SCHEMA.pop("$defs")
"""The records' own schemas, which the OpenAPI document names as components."""
_BODY = {
    "required": True,
    "content": {
        JSON: {"schema": {"oneOf": [_SCHEMA, {"type": "array", "items": _SCHEMA, "maxItems": 1_000}]}},
        NDJSON: {"schema": {"type": "string", "description": "One record a line."}},
    },
}


@router.post(
    "", summary="Hand over records", response_model=ReceiptsBody, openapi_extra={"requestBody": _BODY}
)
async def receive(request: Request, actor: Annotated[Actor, actor_with(RECORDS_WRITE)]) -> Response:
    """Store one record, a list of up to 1,000, or NDJSON of up to 50,000 records and 10 MiB.

    The same kind, id and revision is stored once. A refused record never stops the others.
    """
    lines = await read_lines(request)
    whole = [line.record for line in lines if not line.broken]
    receipts = await container.current().records.receive(actor, whole)
    # Of many thousand records the answer takes seconds to write; whoever looks at a page must not wait for it.
    answer = await asyncio.to_thread(_written, lines, receipts, language_of(request))
    return Response(answer, media_type=JSON)


@router.get("", summary="List records")
async def page(
    actor: Annotated[Actor, actor_with(RECORDS_READ)],
    status: Annotated[Status, Query(description="Only records with this status.")] = "",
    cursor: Annotated[str, Query(max_length=32, description="`next_cursor` of the page before.")] = "",
) -> RecordsBody:
    """Return up to 100 records in the order they first came."""
    found = await container.current().tracking.page(actor, status, cursor)
    return RecordsBody(
        records=[RecordBody(**_record(view)) for view in found.records], next_cursor=found.next_cursor or None
    )


@router.get("/search", summary="Search for records")
async def search(
    actor: Annotated[Actor, actor_with(RECORDS_READ)],
    text: Annotated[str, Query(max_length=100, description="What to look for, as on the page Records.")] = "",
    status: Annotated[Status, Query(description="Only records with this status.")] = "",
    state: Annotated[DeliveryState | None, Query(description="Only records in this delivery state.")] = None,
    cursor: Annotated[str, Query(max_length=300, description="`next_cursor` of the page before.")] = "",
) -> FoundPageBody:
    """Return up to 25 records found by id, claimant, amount, reference or voucher number."""
    found = await container.current().search.find(actor, RecordQuery(text, status, state), cursor)
    return FoundPageBody(
        records=[_found(record) for record in found.records], next_cursor=found.next_cursor or None
    )


@router.get(f"/{{kind}}/{RECORD_ID}", summary="Find a record")
async def get(
    kind: Kind, record_id: str, request: Request, actor: Annotated[Actor, actor_with(RECORDS_READ)]
) -> TrackedBody:
    """Return one record and where it is on its way to each accounting system."""
    language = language_of(request)
    story = await container.current().stories.tell(actor, kind, record_id)
    found = story.tracked
    return TrackedBody(
        **_record(found.record),
        record=dict(found.payload),
        deliveries=[_delivery(delivery, language) for delivery in found.deliveries],
        story=[_event(event, language) for event in story.events],
    )


def _written(lines: Sequence[Line], receipts: Sequence[Receipt], language: str) -> str:
    return ReceiptsBody(results=list(_in_order(lines, receipts, language))).model_dump_json()


def _in_order(lines: Sequence[Line], receipts: Sequence[Receipt], language: str) -> Iterator[ReceiptBody]:
    """Put the receipts back beside the lines that were no JSON."""
    rest = iter(receipts)
    for line in lines:
        yield _broken(line.number, language) if line.broken else _receipt(line.number, next(rest), language)


def _broken(number: int, language: str) -> ReceiptBody:
    sentence = msg("This line is not JSON.").translate(language)
    reason = ReasonBody(field="", message=sentence)
    return ReceiptBody(line=number, kind="", id="", revision=None, result="rejected", reasons=[reason])


def _receipt(number: int, receipt: Receipt, language: str) -> ReceiptBody:
    return ReceiptBody(
        line=number,
        kind=receipt.kind,
        id=receipt.id,
        revision=receipt.revision,
        result=receipt.result.value,
        reasons=[
            ReasonBody(field=reason.field, message=reason.message.translate(language))
            for reason in receipt.reasons
        ],
    )


def _record(view: RecordView) -> dict[str, Any]:
    return {
        "kind": view.kind,
        "id": view.id,
        "revision": view.revision,
        "status": view.status,
        "currency": view.amount.currency if view.amount else None,
        "amount": view.amount.decimal() if view.amount else None,
        "received_at": view.received_at,
        "updated_at": view.updated_at,
    }


def _found(found: FoundRecord) -> FoundBody:
    return FoundBody(
        kind=found.kind,
        id=found.id,
        status=found.status,
        currency=found.amount.currency if found.amount else None,
        amount=found.amount.decimal() if found.amount else None,
        claimant=found.claimant or None,
        deliveries=[
            FoundDeliveryBody(
                integration_id=str(place.integration_id),
                integration=place.integration_name,
                state=place.state.value,
                reference=place.reference,
                external_id=place.external_id or None,
                voucher_url=place.voucher_url or None,
            )
            for place in found.places
        ],
    )


def _event(event: StoryEvent, language: str) -> StoryBody:
    return StoryBody(
        at=event.at,
        what=event.chapter.value,
        sentence=event.sentence.translate(language),
        reason=event.reason.translate(language) if event.reason else None,
        integration_id=str(event.integration_id) if event.integration_id else None,
        run_id=str(event.run_id) if event.run_id else None,
    )


def _delivery(view: DeliveryView, language: str) -> DeliveryBody:
    return DeliveryBody(
        integration_id=str(view.integration_id),
        integration=view.integration_name,
        state=view.state.value,
        reference=view.reference,
        revision=view.revision,
        attempts=view.attempts,
        external_id=view.external_id or None,
        run_id=str(view.run_id) if view.run_id else None,
        sent_at=view.sent_at,
        next_attempt_at=view.due_at,
        fate=view.fate.value if view.fate else None,
        reason=view.reason.translate(language) if view.reason else None,
        voucher_url=view.voucher_url or None,
    )
