"""The routes under /_sandbox and the page at /: looking into the simulated ledger and changing it.

They are not part of the interface under /api and want no key; the sandbox listens on this machine only.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox import ledger_page
from integration_admin.sandbox.rest.behaviour import Behaviour
from integration_admin.sandbox.rest.simulation import Simulation

_CHUNK = 250


class _Faults(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    spec: str


@dataclass(frozen=True, slots=True)
class Admin:
    """The routes' handlers over one simulation."""

    simulation: Simulation

    def routes(self) -> list[Route]:
        """Return the routes; all of them answer JSON but the page."""
        post = ["POST"]
        return [
            Route("/", self.page),
            Route("/_sandbox/ledger", self.ledger),
            Route("/_sandbox/stats", self.stats),
            Route("/_sandbox/reset", self.reset, methods=post),
            Route("/_sandbox/faults", self.faults, methods=post),
            Route("/_sandbox/settings", self.settings, methods=["GET", "POST"]),
            Route("/_sandbox/tokens/revoke", self.revoke, methods=post),
        ]

    async def page(self, _: Request) -> Response:
        """Show a person what has been booked."""
        ledger = self.simulation.ledger
        entries = [_for_page(entry) for entry in ledger.listing(limit=ledger_page.SHOWN, newest=True)]
        counts = {
            "vouchers": len(ledger.vouchers),
            "waiting": self.simulation.faults.pending,
            "doubles": ledger.doubles,
        }
        return HTMLResponse(ledger_page.render("Simulert REST-regnskap", entries, **counts))

    async def ledger(self, request: Request) -> Response:
        """List what is booked; `?reference=` keeps one reference, `?offset=&limit=` some of the vouchers."""
        query = request.query_params
        try:
            offset = _count(query.get("offset", "0"))
            limit = _count(query["limit"]) if "limit" in query else None
        except ValueError as error:
            return _refuse(error)
        entries = self.simulation.ledger.listing(query.get("reference"), offset=offset, limit=limit)

        async def chunks() -> AsyncIterator[str]:
            opening = "["
            while part := list(islice(entries, _CHUNK)):
                yield opening + json.dumps(part)[1:-1]
                opening = ","
                await asyncio.sleep(0)
            yield "[]" if opening == "[" else "]"

        return StreamingResponse(chunks(), media_type="application/json")

    async def stats(self, _: Request) -> Response:
        """Return the counts."""
        return JSONResponse(self.simulation.stats())

    async def reset(self, _: Request) -> Response:
        """Bring everything back to how it started, with nothing booked."""
        self.simulation.reset()
        return JSONResponse({})

    async def faults(self, request: Request) -> Response:
        """Follow another fault plan from now on."""
        try:
            body = _Faults.model_validate_json(await request.body())
            self.simulation.faults.change(body.spec)
        except (ValidationError, ConfigurationError) as error:
            return _refuse(error)
        return JSONResponse({"spec": body.spec})

    async def settings(self, request: Request) -> Response:
        """Return the switches in behaviour.py; a POST changes some of them first."""
        simulation = self.simulation
        if request.method == "POST":
            try:
                given = json.loads(await request.body())
                simulation.behaviour = Behaviour.model_validate(simulation.behaviour.model_dump() | given)
            except (ValueError, TypeError) as error:
                return _refuse(error)
        return JSONResponse(simulation.behaviour.model_dump())

    async def revoke(self, _: Request) -> Response:
        """Let every token given out at /oauth/token run out now."""
        return JSONResponse({"changed": self.simulation.access.revoke()})


def _for_page(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the page shows it."""
    return {**entry, "lines": [{**line, "tax_rule": line["vat_code"]} for line in entry["lines"]]}


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        detail = "offset and limit count from 0."
        raise ValueError(detail)
    return number


def _refuse(error: Exception) -> Response:
    """Say what is wrong with an administrative request."""
    detail: Any = str(error)
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_input=False, include_context=False)
    return JSONResponse({"error": detail}, 400)
