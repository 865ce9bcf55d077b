"""The routes under /_sandbox and the page at /: looking into the simulation and changing it.

They are not part of Xledger and want no token; the sandbox listens on this machine only.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox import ledger_page
from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.simulation import Simulation
from integration_admin.sandbox.xledger.tokens import named

_CHUNK = 250


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Faults(_Body):
    spec: str


class _Open(_Body):
    open: bool


class _Credits(_Body):
    remaining: int
    reset_in: float = Field(ge=0, le=86_400)


class Admin:
    """The routes' handlers over one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[Route]:
        """Return the routes; all of them answer JSON but the page."""
        post = ["POST"]
        return [
            Route("/", self.page),
            Route("/_sandbox/ledger", self.ledger),
            Route("/_sandbox/stats", self.stats),
            Route("/_sandbox/reset", self.reset, methods=post),
            Route("/_sandbox/faults", self.faults, methods=post),
            Route("/_sandbox/behaviour", self.behaviour, methods=post),
            Route("/_sandbox/accounts/{code}", self.account, methods=post),
            Route("/_sandbox/periods/{month}", self.period, methods=post),
            Route("/_sandbox/tokens/{name}/expire", self.expire, methods=post),
            Route("/_sandbox/tokens/{name}/credits", self.credits, methods=post),
        ]

    async def page(self, _: Request) -> Response:
        """Show a person what has been booked."""
        ledger = self._simulation.ledger
        ledger.process()
        entries = ledger.listing(latest=ledger_page.SHOWN)
        counts = {"vouchers": len(ledger.vouchers), "waiting": ledger.staged, "doubles": ledger.doubles}
        return HTMLResponse(ledger_page.render("Simulert Xledger", entries, **counts))

    async def ledger(self, request: Request) -> Response:
        """List what is booked; `?reference=` keeps one reference only."""
        ledger = self._simulation.ledger
        ledger.process()
        entries = ledger.listing(request.query_params.get("reference"))

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
        return JSONResponse(self._simulation.stats())

    async def reset(self, _: Request) -> Response:
        """Bring everything back to how it started."""
        self._simulation.reset()
        return JSONResponse({})

    async def faults(self, request: Request) -> Response:
        """Follow another fault plan from now on."""
        try:
            body = _Faults.model_validate_json(await request.body())
            self._simulation.faults.change(body.spec)
        except (ValidationError, ConfigurationError) as error:
            return _refuse(error)
        return JSONResponse({"spec": body.spec})

    async def behaviour(self, request: Request) -> Response:
        """Change some of the switches in behaviour.py."""
        behaviour = self._simulation.behaviour
        try:
            given = json.loads(await request.body())
            changed = Behaviour.model_validate(behaviour.model_dump() | given)
        except (ValueError, TypeError) as error:
            return _refuse(error)
        for name, value in changed:
            setattr(behaviour, name, value)
        return JSONResponse(behaviour.model_dump())

    async def account(self, request: Request) -> Response:
        """Open or close the accounts with one code."""
        try:
            body = _Open.model_validate_json(await request.body())
        except ValidationError as error:
            return _refuse(error)
        changed = self._simulation.world.set_account(request.path_params["code"], is_open=body.open)
        return _changed(changed)

    async def period(self, request: Request) -> Response:
        """Open or close one month (yyyy-MM)."""
        try:
            body = _Open.model_validate_json(await request.body())
        except ValidationError as error:
            return _refuse(error)
        changed = self._simulation.world.set_period(request.path_params["month"], closed=not body.open)
        return _changed(changed)

    async def expire(self, request: Request) -> Response:
        """Let one demo token expire now."""
        token = named(request.path_params["name"], self._simulation.tokens.values())
        if token is not None:
            token.expired = True
        return _changed(int(token is not None))

    async def credits(self, request: Request) -> Response:
        """Leave one token so many credits for so many seconds."""
        try:
            body = _Credits.model_validate_json(await request.body())
        except ValidationError as error:
            return _refuse(error)
        limiter = self._simulation.limiters.get(request.path_params["name"])
        if limiter is not None:
            limiter.set_credits(body.remaining, body.reset_in)
        return _changed(int(limiter is not None))


def _changed(count: int) -> Response:
    return JSONResponse({"changed": count}, 200 if count else 404)


def _refuse(error: Exception) -> Response:
    """Say what is wrong with the body of an administrative request."""
    detail: Any = str(error)
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_input=False, include_context=False)
    return JSONResponse({"error": detail}, 400)
