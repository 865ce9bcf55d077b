"""A simulated Finance & Operations with Entra ID's tokens on a real socket, and its state for tests to look at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from integration_admin.core.clock import SystemClock
from integration_admin.sandbox.dynamics.behaviour import Behaviour
from integration_admin.sandbox.dynamics.credentials import demo_credentials
from integration_admin.sandbox.dynamics.entra import Entra
from integration_admin.sandbox.dynamics.finance_operations import (
    SWITCHES,
    FinanceOperations,
    has_faults,
    routes,
)
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.wire import FaultMiddleware
from tests.trust import TLS


@dataclass
class FinanceSandbox:
    """One running sandbox, and what is behind it."""

    url: str
    state: FinanceOperations
    entra: Entra
    plan: FaultPlan

    @property
    def demo(self) -> dict[str, Any]:
        """The demo tenant and its apps."""
        return demo_credentials(1)

    def booked(self) -> list[str]:
        """Return the references that are booked, in their order."""
        return [entry["reference"] for entry in self.state.booked()]

    async def reached(self, condition: Callable[[], bool]) -> None:
        """Wait until something has come about; asking the server gives it its turn."""
        async with asyncio.timeout(20), httpx2.AsyncClient(verify=TLS) as http:
            while not condition():
                await http.get(f"{self.url}{SWITCHES}")

    def reset(self) -> None:
        """Bring everything back to its start."""
        self.state.reset()
        self.entra.reset()
        self.plan.reset()


@asynccontextmanager
async def finance_sandbox() -> AsyncIterator[FinanceSandbox]:
    """Serve a sandbox."""
    entra = Entra(1, Behaviour(), SystemClock())
    plan = FaultPlan("", 1)

    def guard(request: Request) -> Response | None:
        holder = entra.holder(request.headers.get("authorization"))
        if holder is None or not holder.app.enabled:
            return Response(status_code=401)
        return Response(status_code=403) if request.method != "GET" and not holder.app.may_write else None

    state = FinanceOperations(guard=guard)
    faulty = Middleware(FaultMiddleware, plan=plan, applies=has_faults)
    app = Starlette(routes=[*entra.routes(), *routes(state)], middleware=[faulty])
    async with running(app) as url:
        yield FinanceSandbox(url, state, entra, plan)
