"""The audit log as a file, for administrators who are signed in."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from integration_admin.api.downloads import as_file, signed_in
from integration_admin.api.problems import Route
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.audit_log import AuditQuery, Format

_Typed = Annotated[str, Query(max_length=200)]


def audit_log_routes(settings: Settings) -> APIRouter:
    """Return the route the audit log is downloaded from; it takes the filters of the page."""
    router = APIRouter(prefix="/download", route_class=Route, include_in_schema=False)

    @router.get("/audit-log.{form}")
    async def download(
        request: Request,
        form: Format,
        who: _Typed = "",
        area: _Typed = "",
        integration: _Typed = "",
        since: _Typed = "",
        until: _Typed = "",
    ) -> StreamingResponse:
        person = await signed_in(request, settings)
        services = container.current()
        if not person.actor.may(Permission.CONFIGURE):
            await services.sign_in.note_denied(person.actor, "audit_log.download")
        query = AuditQuery(who, area, integration, since, until)
        pieces = await services.audit_log.export(person.actor, query, form, person.language)
        return as_file(pieces, "audit-log", form)

    return router
