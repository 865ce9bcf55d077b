"""For whatever watches the server: whether the process answers, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from integration_admin.api.problems import Route

Ready = Callable[[], Awaitable[object]]
"""Raises unless the database and Redis, if there is one, answer and the vault's keys are the right ones."""

_WITHIN_SECONDS = 5.0

log = structlog.get_logger(__name__)


def health_routes(ready: Ready) -> APIRouter:
    """Return the two routes; neither says anything about the inside."""
    router = APIRouter(route_class=Route, include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        try:
            async with asyncio.timeout(_WITHIN_SECONDS):
                await ready()
        except Exception as error:  # noqa: BLE001, whatever it is, the server is not ready
            log.warning("api.not_ready", error=type(error).__name__)
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ok"})

    return router
