"""The simulated Microsoft Dynamics as an ASGI application: Entra, Business Central and Finance & Operations."""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.sandbox.dynamics import finance_operations
from integration_admin.sandbox.dynamics.admin import Admin
from integration_admin.sandbox.dynamics.business_central.endpoint import PREFIX
from integration_admin.sandbox.dynamics.credentials import ENVIRONMENT, demo_credentials
from integration_admin.sandbox.dynamics.finance_operations_lists import FINANCE_COMPANY
from integration_admin.sandbox.dynamics.simulation import Simulation
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.wire import FaultMiddleware

__all__ = ["create_app", "demo_credentials", "describe"]

COMPANY = "Eksempelforbundet"


_BOOKING = ("/$batch", "/microsoft.nav.post")


def create_app(
    *,
    seed: int = 1,
    limits: bool = True,
    faults: str = "",
    clock: Clock | None = None,
    journal: Journal | None = None,
) -> Starlette:
    """Return a simulated Dynamics; without a `journal` its books are empty and live in memory only.

    `seed` decides the demo credentials and the faults, which hit Business Central and what is written to
    Finance & Operations, never the sign-in. Raises ConfigurationError for a malformed fault plan or journal.
    """
    plan = FaultPlan(faults, seed)
    simulation = Simulation(seed, limits=limits, faults=plan, clock=clock or SystemClock(), journal=journal)

    async def gone(_: Request, _error: Exception) -> Response:
        # The client left in the middle of its request; nobody reads the answer.
        return Response(status_code=400)

    return Starlette(
        routes=[
            *Admin(simulation).routes(),
            *simulation.business_central.routes(),
            *finance_operations.routes(simulation.finance),
            *simulation.entra.routes(),
        ],
        middleware=[Middleware(FaultMiddleware, plan=plan, applies=_may_fail)],
        exception_handlers={ClientDisconnect: gone},
    )


def describe(url: str, seed: int) -> dict[str, Any]:
    """Return the addresses and demo credentials of a sandbox served at `url`."""
    credentials = demo_credentials(seed)
    tenant = credentials["tenant"]
    return {
        "url": url,
        "endpoint": url,
        "token_endpoint": f"{url}/{tenant}/oauth2/v2.0/token",
        "business_central": f"{url}/v2.0/{tenant}/{ENVIRONMENT}/api/v2.0",
        "finance_operations": f"{url}/data",
        "ledger": f"{url}/_sandbox/ledger",
        "stats": f"{url}/_sandbox/stats",
        "environment": ENVIRONMENT,
        "company": COMPANY,
        "journal": "UTLEGG",
        "finance_company": FINANCE_COMPANY,
        **credentials,
    }


def _may_fail(path: str) -> bool:
    """Tell whether faults may hit a path: where vouchers are sent and posted."""
    books = path.startswith(PREFIX) and path.lower().endswith(_BOOKING)
    return books or finance_operations.has_faults(path)
