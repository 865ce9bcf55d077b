"""What became of each record in a run: a page at a time over /api/v1, and as a file for who is signed in."""

import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from integration_admin.api.bearer import PROBLEMS, actor_with
from integration_admin.api.downloads import as_file, signed_in
from integration_admin.api.language import language_of
from integration_admin.api.problems import Route
from integration_admin.core.actor import Actor
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.run_files import as_data
from integration_admin.services.tokens import INTEGRATIONS_READ


class RunRecordBody(BaseModel):
    """One record of a run; `exported` tells whether that run exported it, `state` where it is by now.

    `voucher_url` is where a person looks at its voucher in the accounting system, where there is such an address.
    """

    kind: str
    id: str
    currency: str | None
    amount: str | None
    exported: bool
    state: str | None
    reason: str | None
    reference: str | None
    external_id: str | None
    voucher_url: str | None


class RunRecordsBody(BaseModel):
    """Some records of a run, those that failed first; `next_cursor` continues after them and is null at the end."""

    records: list[RunRecordBody]
    next_cursor: str | None


router = APIRouter(prefix="/api/v1/runs", route_class=Route, tags=["Runs"], responses=PROBLEMS)


@router.get("/{run_id}/records", summary="List the records of a run")
async def records(
    run_id: uuid.UUID,
    request: Request,
    actor: Annotated[Actor, actor_with(INTEGRATIONS_READ)],
    cursor: Annotated[str, Query(max_length=40, description="`next_cursor` of the page before.")] = "",
) -> RunRecordsBody:
    """Return up to 100 records of a run, first those it did not export."""
    language = language_of(request)
    page = await container.current().run_records.page(actor, run_id, cursor)
    return RunRecordsBody(
        records=[RunRecordBody(**as_data(record, language)) for record in page.records],
        next_cursor=page.next_cursor or None,
    )


def download_routes(settings: Settings) -> APIRouter:
    """Return the route a signed-in person's browser downloads a run's records from."""
    downloads = APIRouter(prefix="/download", route_class=Route, include_in_schema=False)

    @downloads.get("/runs/{run_id}.{form}")
    async def download(
        run_id: uuid.UUID, form: Literal["csv", "json"], request: Request
    ) -> StreamingResponse:
        person = await signed_in(request, settings)
        files = container.current().run_files
        write = files.csv if form == "csv" else files.json
        pieces: AsyncIterator[str] = await write(person.actor, run_id, person.language)
        run = await container.current().runs.get(person.actor, run_id)
        return as_file(pieces, f"export-{run.requested_at:%Y-%m-%d-%H%M}", form)

    return downloads
