"""The simulated Xledger as an ASGI application: one GraphQL endpoint beside the sandbox's own routes."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.wire import FaultMiddleware
from integration_admin.sandbox.xledger.admin import Admin
from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.engine import Answer
from integration_admin.sandbox.xledger.keeping import Keeper
from integration_admin.sandbox.xledger.limits import cost
from integration_admin.sandbox.xledger.problems import Problem, ProblemKind, bad_request
from integration_admin.sandbox.xledger.resolvers import RequestContext
from integration_admin.sandbox.xledger.simulation import Simulation
from integration_admin.sandbox.xledger.tokens import Token, authenticate, demo_tokens

__all__ = ["create_app", "demo_tokens", "describe"]

ENDPOINT = "/graphql"
_LARGEST_BODY = 16_000_000
_STATUS = {
    ProblemKind.REQUEST: 400,
    ProblemKind.AUTHENTICATION: 401,
    ProblemKind.SCOPE: 200,
    ProblemKind.LIMIT: 200,
    ProblemKind.LOOKUP: 200,
    ProblemKind.VALIDATION: 400,
}
"""Limits answer 200 and validation both 200 and 400 in public clients (facts S5); the rest is assumed."""


def create_app(
    *,
    seed: int = 1,
    limits: bool = True,
    faults: str = "",
    latency: float = 0.0,
    clock: Clock | None = None,
    journal: Journal | None = None,
) -> Starlette:
    """Return a simulated Xledger; without a `journal` its ledger is empty and lives in memory only.

    `seed` decides the demo tokens and the faults, `latency` is in seconds. Raises ConfigurationError
    for a malformed fault plan or journal.
    """
    plan = FaultPlan(faults, seed)
    behaviour = Behaviour(limits=limits, latency=latency)
    keeper = Keeper(journal) if journal else None
    simulation = Simulation(seed, behaviour, plan, clock or SystemClock(), keeper)
    routes = [Route(ENDPOINT, _GraphQL(simulation).answer, methods=["POST"]), *Admin(simulation).routes()]
    faulty = Middleware(FaultMiddleware, plan=plan, applies=lambda path: path == ENDPOINT)
    return Starlette(routes=routes, middleware=[faulty])


def describe(url: str, seed: int) -> dict[str, Any]:
    """Return the addresses and demo credentials of a sandbox served at `url`."""
    return {
        "url": url,
        "endpoint": url + ENDPOINT,
        "ledger": f"{url}/_sandbox/ledger",
        "stats": f"{url}/_sandbox/stats",
        "tokens": demo_tokens(seed),
    }


class _GraphQL:
    """The endpoint: who asks, whether there is room, and then the engine."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def answer(self, request: Request) -> Response:
        """Answer one POST; what is wrong is in `errors[]` whatever the status."""
        self._simulation.requests += 1
        try:
            token = authenticate(request.headers.get("authorization"), self._simulation.tokens)
            answer = await self._admitted(request, token)
        except Problem as problem:
            answer = Answer(None, (problem,), executed=False)
        except ClientDisconnect:
            return Response(status_code=400)
        self._simulation.count(answer.problems)
        return JSONResponse(answer.body(), self._status(answer.problems))

    async def _admitted(self, request: Request, token: Token) -> Answer:
        """Do the work within the token's limits, where limits are on."""
        if not self._simulation.behaviour.limits:
            return (await self._run(request, token))[0]
        limiter = self._simulation.limiters[token.name]
        with limiter.admit():
            answer, rows = await self._run(request, token)
            limiter.charge(cost(rows))
            return answer

    async def _run(self, request: Request, token: Token) -> tuple[Answer, int]:
        """Execute the request; return the answer and how many rows it moved."""
        simulation = self._simulation
        body = _decoded(await request.body())
        if simulation.behaviour.latency:
            await simulation.clock.sleep(simulation.behaviour.latency)
        context = RequestContext(
            simulation.world, simulation.ledger, simulation.behaviour, simulation.clock, token
        )
        return simulation.engine.run(body, context), context.rows

    def _status(self, problems: tuple[Problem, ...]) -> int:
        """Return the HTTP status of an answer with these problems."""
        wanted = self._simulation.behaviour.validation_status
        staging = {ProblemKind.LOOKUP, ProblemKind.VALIDATION}
        return max(
            (
                wanted if problem.kind in staging and wanted != "by_kind" else _STATUS[problem.kind]
                for problem in problems
            ),
            default=200,
        )


def _decoded(body: bytes) -> Any:
    """Decode a JSON body. Raises Problem."""
    if len(body) > _LARGEST_BODY:
        detail = "The request is too large."
        raise bad_request(detail)
    try:
        return json.loads(body)
    except ValueError:
        detail = "The body is not JSON."
        raise bad_request(detail) from None
