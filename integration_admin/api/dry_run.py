"""/api/v1/integrations/{id}/dry-run: what an export would do with everything that waits. Nothing is sent."""

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.language import language_of
from integration_admin.api.problems import Route
from integration_admin.core.actor import Actor
from integration_admin.services import container
from integration_admin.services.dry_run import DryRunTotals
from integration_admin.services.dry_run_json import written
from integration_admin.services.dry_run_judge import DryRunEntry
from integration_admin.services.tokens import RUNS_WRITE


class TriedBody(BaseModel):
    """What an export would do with one record: `would` is send, fail or stay, and `reasons` say why not send.

    `amount` is a decimal string; `payload` is the exact body, where one can be made.
    """

    kind: str
    id: str
    amount: str
    currency: str
    would: str
    reference: str
    reasons: list[str]
    payload: dict[str, Any] | None


class DryRunBody(BaseModel):
    """Everything that waits, in the order it would be sent; then what would stay.

    `counts` has a number for each of send, fail and stay, `amounts` the decimal sums that would be sent by
    currency. `obstacle` says why no export could start now, such as a pause.
    """

    records: list[TriedBody]
    counts: dict[str, int]
    amounts: dict[str, str]
    obstacle: str | None


router = APIRouter(prefix="/api/v1", route_class=Route, responses=PROBLEMS, tags=["Runs"])


@router.post(
    "/integrations/{integration_id}/dry-run",
    summary="Try without sending",
    response_class=StreamingResponse,
    responses={200: {"model": DryRunBody, "description": "What would become of each record."}},
)
async def dry_run(
    integration_id: uuid.UUID, request: Request, actor: Annotated[Actor, actor_with(RUNS_WRITE)]
) -> StreamingResponse:
    """Tell what an export would do with each record that waits, to the letter. Writes nothing and sends nothing."""
    dry_runs, language = container.current().dry_runs, language_of(request)
    obstacle = await dry_runs.obstacle(actor, integration_id)
    pages = dry_runs.pages(actor, integration_id)
    # What can be wrong with the settings is found out before an answer has begun.
    first: Sequence[DryRunEntry] = await anext(pages, [])
    parts = written(
        _from(first, pages), DryRunTotals(), obstacle, lambda sentence: sentence.translate(language)
    )
    return StreamingResponse(parts, media_type="application/json")


async def _from(
    first: Sequence[DryRunEntry], rest: AsyncIterator[Sequence[DryRunEntry]]
) -> AsyncIterator[Sequence[DryRunEntry]]:
    yield first
    async for page in rest:
        yield page
