"""The simulated REST ledger as an ASGI application: its interface under /api beside the sandbox's own routes."""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.rest.access import demo_credentials
from integration_admin.sandbox.rest.admin import Admin
from integration_admin.sandbox.rest.intake import Intake
from integration_admin.sandbox.rest.journals import Journals
from integration_admin.sandbox.rest.lists import Lists
from integration_admin.sandbox.rest.problems import Problem
from integration_admin.sandbox.rest.simulation import Simulation
from integration_admin.sandbox.wire import FaultMiddleware

__all__ = ["create_app", "demo_credentials", "describe"]

VOUCHERS = "/api/vouchers"


def create_app(
    *,
    seed: int = 1,
    limits: bool = True,
    faults: str = "",
    clock: Clock | None = None,
    journal: Journal | None = None,
) -> Starlette:
    """Return a simulated REST ledger; without a `journal` it is empty and lives in memory only.

    `seed` decides the demo credentials and the faults, which hit everything under /api/vouchers. Raises
    ConfigurationError for a malformed fault plan or journal.
    """
    plan = FaultPlan(faults, seed)
    simulation = Simulation(seed, limits=limits, faults=plan, clock=clock or SystemClock(), journal=journal)
    faulty = Middleware(FaultMiddleware, plan=plan, applies=lambda path: path.startswith(VOUCHERS))

    async def refuse(_: Request, error: Exception) -> Response:
        if not isinstance(error, Problem):
            # The client left in the middle of its request; nobody reads the answer.
            return Response(status_code=400)
        simulation.errors[error.code] += 1
        return error.response()

    handlers = {Problem: refuse, ClientDisconnect: refuse}
    return Starlette(routes=_routes(simulation), middleware=[faulty], exception_handlers=handlers)


def describe(url: str, seed: int) -> dict[str, Any]:
    """Return the addresses and demo credentials of a sandbox served at `url`."""
    return {
        "url": url,
        "vouchers": url + VOUCHERS,
        "accounts": f"{url}/api/accounts",
        "description": f"{url}/api/openapi.json",
        "token_endpoint": f"{url}/oauth/token",
        "ledger": f"{url}/_sandbox/ledger",
        "stats": f"{url}/_sandbox/stats",
        **demo_credentials(seed),
    }


def _routes(simulation: Simulation) -> list[Route]:
    intake, lists = Intake(simulation), Lists(simulation)
    journals = Journals(simulation)
    return [
        Route(VOUCHERS, intake.post, methods=["POST"]),
        Route(VOUCHERS, intake.get, methods=["GET"]),
        Route(VOUCHERS + "/{voucher_id}", intake.get_one),
        Route("/api/journals", journals.post, methods=["POST"]),
        Route("/api/openapi.json", lists.description),
        Route("/api/accounts", lists.accounts),
        Route("/api/me", lists.me),
        Route("/api/health", lists.health),
        Route("/oauth/token", lists.token, methods=["POST"]),
        *Admin(simulation).routes(),
    ]
