"""The simulated Finance & Operations: its OData interface under /data, and switches for tests.

Journals are kept in finance_operations_books.py; tokens, faults and the ledger page are app.py's.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.sandbox.dynamics.finance_operations_batch import (
    answered,
    changesets,
    encoded,
    entity,
)
from integration_admin.sandbox.dynamics.finance_operations_books import Books, Keep, Row
from integration_admin.sandbox.dynamics.finance_operations_lists import DEFAULT_COMPANY, Lists
from integration_admin.sandbox.dynamics.finance_operations_odata import CROSS_COMPANY, not_found, page
from integration_admin.sandbox.dynamics.finance_operations_problems import Problem, throttled

DATA: Final = "/data"
BATCH: Final = f"{DATA}/$batch"
HEADERS: Final = "LedgerJournalHeaders"
LINES: Final = "LedgerJournalLines"
SWITCHES: Final = "/_sandbox/finance_operations"
_PAGE: Final = 10_000
_KEY = re.compile(rf"{HEADERS}\(dataAreaId='(?P<company>\w+)',JournalBatchNumber='(?P<number>\w+)'\)")

Guard = Callable[[Request], Response | None]
"""Tells why a request may not pass, such as a 401 for a token that is not good here; None lets it pass."""


class Behaviour(BaseModel):
    """The switches; `POST /_sandbox/finance_operations` sets any of them."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[float, Field(ge=0, le=600_000)] = 0.0
    """Milliseconds a request waits between doing what was asked and answering."""
    own_line_numbers: bool = True
    """Whether whoever creates a line may number it."""
    unique_integration_key: bool = False
    """Whether no two journals may have one integration key."""
    continue_on_error: bool = True
    """Whether a batch goes on after a failed changeset when it is asked to."""
    document_length: Annotated[int, Field(ge=1, le=100)] = 20
    """Characters a document number has; more are cut off without a word."""
    page_size: Annotated[int, Field(ge=1, le=_PAGE)] = _PAGE
    """Entries of a page at the most."""
    throttle: Annotated[int, Field(ge=0)] = 0
    """How many of the next requests are answered 429 with Retry-After."""
    batch_answers: Annotated[int, Field(ge=0)] = 5_000
    """How many changesets an answer to a batch tells of; the rest is done all the same."""
    account_format: str = "MainAccount-CostCenter-Project"
    """The active format of accounts for integrating applications; empty where it cannot be read."""
    delimiter: str = "Hyphen"
    """What parts accounts from dimensions, by its name; accounts that are written are parted by a hyphen all the same."""
    accounts: Annotated[int, Field(ge=0, le=200_000)] = 0
    """How many accounts there are besides the usual ones."""


class FinanceOperations:
    """Everything the routes share: create one, hand it to `routes`, ask it for `booked`, `stats`, `reset`.

    `guard` checks the bearer token of every request; without one everybody may do everything. `keep` is
    told of every change, which `restore` can carry out again.
    """

    def __init__(
        self, *, clock: Clock | None = None, keep: Keep | None = None, guard: Guard | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._keep = keep
        self._guard = guard or (lambda _: None)
        self.reset()

    def reset(self) -> None:
        """Forget everything that was booked, counted or changed."""
        self.behaviour = Behaviour()
        self.lists = Lists()
        self.books = Books(self.lists, self._keep)
        self.requests: Counter[str] = Counter()

    def restore(self, change: Row) -> None:
        """Carry out a change `keep` was told of. Raises ValueError for anything else."""
        self.books.restore(change)

    def booked(self) -> list[Row]:
        """Return what is booked, one entry a voucher, in the form of /_sandbox/ledger."""
        return list(self.books.booked())

    def stats(self) -> Row:
        """Return the counts."""
        entries = self.booked()
        references = {entry["reference"] for entry in entries}
        return {
            "requests": dict(self.requests),
            "journals": len(self.books.journals),
            "vouchers": len(entries),
            "lines": len(self.books.lines()),
            "doubles": len({entry["reference"] for entry in entries if entry["count"] > 1}),
            "references": len(references),
        }

    async def read(self, request: Request) -> Response:
        """List an entity set, across companies only where that is asked for."""
        name = request.path_params["entity"]
        return await self._answer(request, lambda: self._read(request, name))

    async def create(self, request: Request) -> Response:
        """Open a journal or write one line."""
        name, body = request.path_params["entity"], await request.body()
        return await self._answer(request, lambda: self._create(name, body))

    async def remove(self, request: Request) -> Response:
        """Delete a journal with all its lines, by its key."""
        return await self._answer(request, lambda: self._remove(request.path_params["entity"]))

    async def batch(self, request: Request) -> Response:
        """Write changesets, each whole or not at all."""
        body = await request.body()
        return await self._answer(request, lambda: self._batch(request, body))

    async def switches(self, request: Request) -> Response:
        """Return the switches; a POST changes some of them first."""
        if request.method == "POST":
            try:
                given = json.loads(await request.body())
                self.behaviour = Behaviour.model_validate(self.behaviour.model_dump() | given)
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)
            self.lists.extra_accounts = self.behaviour.accounts
            self.lists.account_format = self.behaviour.account_format
            self.lists.delimiter = self.behaviour.delimiter
        return JSONResponse(self.behaviour.model_dump())

    async def journal(self, request: Request) -> Response:
        """Post or delete a journal, as an accountant would."""
        done = self.books.change(request.path_params["number"], request.path_params["action"])
        return JSONResponse({"done": done})

    async def suspend(self, request: Request) -> Response:
        """Suspend a main account."""
        self.lists.suspended.add(request.path_params["account"])
        return JSONResponse({"done": True})

    async def _answer(self, request: Request, work: Callable[[], Response]) -> Response:
        """Do what is asked at once and wait afterwards, so that whoever does not wait has booked all the same."""
        self.requests[request.url.path.rpartition("/")[2]] += 1
        refusal = self._guard(request)
        if refusal is not None:
            return refusal
        try:
            if self.behaviour.throttle:
                self.behaviour.throttle -= 1
                raise throttled()
            answer = work()
        except Problem as problem:
            answer = problem.response()
        if self.behaviour.latency_ms:
            await self._clock.sleep(self.behaviour.latency_ms / 1_000)
        return answer

    def _read(self, request: Request, name: str) -> Response:
        rows = self.lists.of(name)
        if rows is None:
            rows = {HEADERS: self.books.headers, LINES: self.books.lines}.get(name, lambda: None)()
        if rows is None:
            raise not_found(name)
        query = dict(request.query_params)
        if query.get(CROSS_COMPANY) != "true":
            rows = [
                row
                for row in rows
                if row.get("dataAreaId", DEFAULT_COMPANY.lower()) == DEFAULT_COMPANY.lower()
            ]
        url = str(request.url.replace(query=""))
        found = page(rows, query, request.headers.get("prefer", ""), self.behaviour.page_size, url)
        return _json(found)

    def _create(self, name: str, body: bytes) -> Response:
        given = entity(body)
        if name == HEADERS:
            return _json(self.books.open(given, unique_key=self.behaviour.unique_integration_key), 201)
        if name == LINES:
            return _json(self._write([given])[0], 201)
        raise not_found(name)

    def _remove(self, name: str) -> Response:
        key = _KEY.fullmatch(name)
        if key is None:
            raise not_found(name)
        self.books.remove(key["company"], key["number"])
        return Response(status_code=204)

    def _batch(self, request: Request, body: bytes) -> Response:
        go_on = "odata.continue-on-error" in request.headers.get("prefer", "")
        answers: list[list[Row] | Problem] = []
        for rows in changesets(request.headers.get("content-type", ""), body, f"{DATA}/{LINES}"):
            try:
                answers.append(self._write(rows))
            except Problem as problem:
                answers.append(problem)
                if not (go_on and self.behaviour.continue_on_error):
                    break
        content_type, content = answered(answers[: self.behaviour.batch_answers])
        return Response(content, 200, media_type=content_type)

    def _write(self, rows: list[Row]) -> list[Row]:
        return self.books.write(
            rows,
            document_length=self.behaviour.document_length,
            own_numbers=self.behaviour.own_line_numbers,
        )


def routes(state: FinanceOperations) -> list[Route]:
    """Return the routes under /data, and those that change how the simulation behaves."""
    post = ["POST"]
    return [
        Route(BATCH, state.batch, methods=post),
        Route(f"{DATA}/{{entity}}", state.read, methods=["GET"]),
        Route(f"{DATA}/{{entity}}", state.create, methods=post),
        Route(f"{DATA}/{{entity}}", state.remove, methods=["DELETE"]),
        Route(SWITCHES, state.switches, methods=["GET", "POST"]),
        Route(f"{SWITCHES}/journals/{{number}}/{{action}}", state.journal, methods=post),
        Route(f"{SWITCHES}/accounts/{{account}}/suspend", state.suspend, methods=post),
    ]


def has_faults(path: str) -> bool:
    """Tell whether the fault plan may hit a path of this interface."""
    return path in {BATCH, f"{DATA}/{LINES}"}


def _json(content: Any, status: int = 200) -> Response:
    return Response(encoded(content), status, media_type="application/json")
