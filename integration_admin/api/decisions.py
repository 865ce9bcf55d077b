"""/api/v1/integrations/{id}/decisions: what waits for a person, and what the person found."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.language import language_of
from integration_admin.api.problems import Route
from integration_admin.core.actor import Actor
from integration_admin.services import container
from integration_admin.services.decisions import DecisionView
from integration_admin.services.tokens import INTEGRATIONS_READ, RUNS_WRITE

_ADDRESS = "/integrations/{integration_id}/decisions"


class WaitingBody(BaseModel):
    """One record whose outcome only a person can tell; search for `reference` in the accounting system.

    `amount` is a decimal string. `may_send_again` is false for a record that is booked more than once there.
    """

    kind: str
    id: str
    currency: str
    amount: str
    reference: str
    voucher_number: int
    sent_at: datetime | None
    message: str
    may_send_again: bool


class WaitingsBody(BaseModel):
    """Some records that wait for a person; `next_cursor` continues after them and is null at the end."""

    decisions: list[WaitingBody]
    next_cursor: int | None


class DecisionBody(BaseModel):
    """What a person found out about one record.

    `found`: the accounting system has it, under `voucher_number`; it counts as exported. `send_again`: it is
    not there, and goes out with the next run under the same reference. If it was there all the same, it is
    booked twice.
    """

    kind: str = Field(max_length=16)
    id: str = Field(max_length=64)
    decision: Literal["found", "send_again"]
    voucher_number: str = Field("", max_length=200)


class DecidedBody(BaseModel):
    """The state a record is in after the decision."""

    kind: str
    id: str
    state: Literal["delivered", "ready"]


router = APIRouter(prefix="/api/v1", route_class=Route, responses=PROBLEMS, tags=["Decisions"])


@router.get(_ADDRESS, summary="List what waits for a person")
async def waiting(
    integration_id: uuid.UUID,
    request: Request,
    actor: Annotated[Actor, actor_with(INTEGRATIONS_READ)],
    cursor: Annotated[int, Query(ge=0, le=2**53, description="`next_cursor` of the page before.")] = 0,
) -> WaitingsBody:
    """Return up to 50 records whose outcome nobody knows, the oldest first."""
    found = await container.current().decisions.waiting(actor, integration_id, cursor)
    language = language_of(request)
    return WaitingsBody(
        decisions=[_waiting(view, language) for view in found.decisions],
        next_cursor=found.next_cursor or None,
    )


@router.post(_ADDRESS, summary="Decide about a record")
async def decide(
    integration_id: uuid.UUID, body: DecisionBody, actor: Annotated[Actor, actor_with(RUNS_WRITE)]
) -> DecidedBody:
    """Carry out a decision; 409 when somebody else has decided already, or nothing waits. Starts no run."""
    decisions, record = container.current().decisions, (body.kind, body.id)
    if body.decision == "found":
        await decisions.found(actor, integration_id, record, body.voucher_number)
        return DecidedBody(kind=body.kind, id=body.id, state="delivered")
    await decisions.send_again(actor, integration_id, [record])
    return DecidedBody(kind=body.kind, id=body.id, state="ready")


def _waiting(view: DecisionView, language: str) -> WaitingBody:
    return WaitingBody(
        kind=view.record_kind,
        id=view.record_id,
        currency=view.amount.currency,
        amount=view.amount.decimal(),
        reference=view.reference,
        voucher_number=view.voucher_number,
        sent_at=view.sent_at,
        message=view.message.translate(language),
        may_send_again=view.may_send_again,
    )
