"""What every sandbox has under /_sandbox: its counts, its faults, its switches, and how its ledger is listed.

None of it is part of the simulated interface, and none of it wants credentials: a sandbox listens on this
machine only. Routes that only one sandbox has are in its own admin.py.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.faults import FaultPlan

_CHUNK = 250

Handler = Callable[[Request], Awaitable[Response]]


class Simulated(Protocol):
    """What the shared routes need of a simulation."""

    @property
    def faults(self) -> FaultPlan:
        """The fault plan that is followed."""
        ...

    @property
    def behaviour(self) -> BaseModel:
        """The switches; they are changed where they are."""
        ...

    def reset(self) -> None:
        """Bring everything back to how it started."""
        ...

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset."""
        ...


class Body(BaseModel):
    """The JSON body of an administrative request; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Faults(Body):
    spec: str


@dataclass(frozen=True, slots=True)
class Console:
    """The shared routes over one simulation."""

    simulation: Simulated

    def routes(self, settings: str = "settings") -> list[Route]:
        """Return the routes; all of them answer JSON. `settings` is what the switches are called there."""
        post = ["POST"]
        return [
            Route("/_sandbox/stats", self.stats),
            Route("/_sandbox/reset", self.reset, methods=post),
            Route("/_sandbox/faults", refusing(self.faults), methods=post),
            Route(f"/_sandbox/{settings}", refusing(self.settings), methods=["GET", "POST"]),
        ]

    async def stats(self, _: Request) -> Response:
        """Return the counts."""
        return JSONResponse(self.simulation.stats())

    async def reset(self, _: Request) -> Response:
        """Bring everything back to how it started, with nothing booked."""
        self.simulation.reset()
        return JSONResponse({})

    async def faults(self, request: Request) -> Response:
        """Follow another fault plan from now on."""
        body = _Faults.model_validate_json(await request.body())
        self.simulation.faults.change(body.spec)
        return JSONResponse({"spec": body.spec})

    async def settings(self, request: Request) -> Response:
        """Return the switches; a POST changes some of them first."""
        behaviour = self.simulation.behaviour
        if request.method == "POST":
            given = json.loads(await request.body())
            for name, value in type(behaviour).model_validate(behaviour.model_dump() | given):
                setattr(behaviour, name, value)
        return JSONResponse(behaviour.model_dump())


def refusing(handler: Handler) -> Handler:
    """Let a handler answer 400 and what is wrong, where it cannot use its request."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except (ValueError, TypeError, ConfigurationError) as error:
            return _refuse(error)

    return handle


def listing(entries: Iterator[dict[str, Any]]) -> Response:
    """Answer with a JSON list that may be very long, piece by piece."""

    async def chunks() -> AsyncIterator[str]:
        opening = "["
        while part := list(islice(entries, _CHUNK)):
            yield opening + json.dumps(part)[1:-1]
            opening = ","
            await asyncio.sleep(0)
        yield "[]" if opening == "[" else "]"

    return StreamingResponse(chunks(), media_type="application/json")


def changed(count: int) -> Response:
    """Say how many things were changed; none is 404."""
    return JSONResponse({"changed": count}, 200 if count else 404)


def _refuse(error: Exception) -> Response:
    detail: Any = str(error)
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_input=False, include_context=False)
    return JSONResponse({"error": detail}, 400)
