"""The HTTP edge put together: our routes around Reflex's application, and what wraps both."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Scope

from integration_admin.api import (
    decisions,
    dry_run,
    failures,
    integrations,
    reconciliations,
    records,
    run_records,
)
from integration_admin.api.audit_log import audit_log_routes
from integration_admin.api.auth import auth_routes
from integration_admin.api.body_limit import BodyLimit
from integration_admin.api.content_policy import content_policy
from integration_admin.api.docs import docs_page
from integration_admin.api.failed_page import failed_page
from integration_admin.api.head_requests import HeadRequests, is_looked_at
from integration_admin.api.headers import ResponseHeaders
from integration_admin.api.health import Ready, health_routes
from integration_admin.api.html_page import Pages
from integration_admin.api.language import language_of
from integration_admin.api.link_pages import link_routes
from integration_admin.api.metrics import metrics_routes
from integration_admin.api.one_address import OneAddress
from integration_admin.api.origin import OwnOrigin
from integration_admin.api.own_account import own_account_routes
from integration_admin.api.problems import NoSuchAddress, Problem, WrongMethod, problem_response
from integration_admin.api.provider_settings import provider_settings_routes
from integration_admin.api.provider_sign_in import provider_routes
from integration_admin.api.rate_limits import EVENTS, REQUESTS, Limits, RateLimits, RequestLimit
from integration_admin.api.second_factors import factor_routes
from integration_admin.api.socket_cookie import SocketCookie
from integration_admin.api.socket_gate import SocketGate
from integration_admin.core.settings import Settings

BUILT_SITE = Path(".web/build/client")
"""Where Reflex puts the built frontend, seen from the project's folder, in which the server runs."""
_ABOUT = (
    "Hand over expense claims, reimbursements and activities, ask where they are, and start export runs. "
    "Every request carries an API token of one organisation. Errors are problem+json (RFC 9457), with their "
    "sentences in the language Accept-Language asks for: nb, nn or en."
)
_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_api(settings: Settings, ready: Ready, site: Path = BUILT_SITE) -> FastAPI:
    """Return the application with our routes; everything else is Reflex's, which mounts itself below.

    `ready` raises unless what every page needs is there.
    """
    api = _Api(
        title="Integration Admin API",
        description=_ABOUT,
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    api.include_router(health_routes(ready))
    api.include_router(metrics_routes(settings))
    api.include_router(auth_routes(settings))
    pages = Pages(site)
    api.state.failed_page = failed_page(settings, pages)
    api.include_router(factor_routes(settings, pages))
    api.include_router(provider_routes(settings, pages))
    api.include_router(provider_settings_routes(settings, pages))
    api.include_router(link_routes(settings, pages))
    api.include_router(own_account_routes(settings, pages))
    api.include_router(records.router)
    api.include_router(integrations.router)
    api.include_router(decisions.router)
    api.include_router(failures.router)
    api.include_router(dry_run.router)
    api.include_router(run_records.router)
    api.include_router(run_records.download_routes(settings))
    api.include_router(reconciliations.router)
    api.include_router(reconciliations.download_routes(settings))
    api.include_router(audit_log_routes(settings))

    @api.get("/api/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(api.openapi()))

    for path in ("/", "/settings"):
        api.add_route(path, _to_the_dashboard, methods=["GET", "HEAD"], include_in_schema=False)

    # Reflex would answer the rest of /api with a page, and run handlers for anybody who posts to /_upload.
    otherwise = _otherwise(list(api.routes))
    for path in (
        "/api/{rest:path}",
        "/auth/{rest:path}",
        "/download/{rest:path}",
        "/_upload",
        "/_upload/{rest:path}",
    ):
        api.add_route(path, otherwise, methods=_ANY_METHOD, include_in_schema=False)
    return api


def edge(
    settings: Settings,
    ready: Ready,
    site: Path = BUILT_SITE,
    *,
    knows: Callable[[str], bool],
    event_limits: Limits = EVENTS,
    request_limits: Limits = REQUESTS,
) -> list[FastAPI | Callable[[ASGIApp], ASGIApp]]:
    """Return what `rx.App(api_transformer=...)` takes: the routes first, then the wrappers, outermost last.

    `site` is the folder of the built frontend; it is read when the server starts. `knows` tells whether there is
    an event handler of a name.
    """
    # Counted in this process: the API goes on when Redis is down, and no event waits for a round trip to it.
    requests, events = RateLimits(request_limits), RateLimits(event_limits)
    return [
        create_api(settings, ready, site),
        HeadRequests,
        BodyLimit,
        lambda app: RequestLimit(app, settings, requests),
        lambda app: SocketGate(app, settings, events, knows),
        lambda app: SocketCookie(app, settings),
        lambda app: OwnOrigin(app, settings, Pages(site)),
        lambda app: OneAddress(app, settings),
        lambda app: ResponseHeaders(app, content_policy(settings, site), https=settings.secure_cookies),
    ]


class _Api(FastAPI):
    """FastAPI, with the shapes it cannot see by itself in its document."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document; records are validated by the service and problems made by hand."""
        if self.openapi_schema is None:
            schemas = super().openapi()["components"]["schemas"]
            schemas.update(records.RECORD_SCHEMAS)
            schemas["Problem"] = Problem.model_json_schema()
        return super().openapi()


async def _to_the_dashboard(_: Request) -> Response:
    return RedirectResponse("/settings/integrations", status_code=303)


def _otherwise(known: Sequence[BaseRoute]) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers where none of `known` does: a wrong method is told the right ones."""

    async def answer(request: Request) -> Response:
        allowed = _methods_of(known, request.scope)
        error = WrongMethod(allowed) if allowed else NoSuchAddress()
        return problem_response(error, language_of(request))

    return answer


def _methods_of(known: Sequence[BaseRoute], scope: Scope) -> list[str]:
    found = [
        method
        for method in _ANY_METHOD
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in known)
    ]
    if "GET" in found and "HEAD" not in found and is_looked_at(scope["path"]):
        found.append("HEAD")
    return sorted(found)
