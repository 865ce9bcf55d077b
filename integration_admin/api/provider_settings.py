"""Setting up the organisation's sign-in provider over HTTP; for administrators.

The page is written on the server, so that the client secret does not pass through Reflex.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from integration_admin.api import html_parts as ui
from integration_admin.api import provider_settings_pages as draw
from integration_admin.api.factor_access import Form, ask_again, note_denied, reader_of, sure
from integration_admin.api.forms import back_to_sign_in, principal_of, see, text
from integration_admin.api.html_page import Pages
from integration_admin.api.origin import require_own_page
from integration_admin.api.problems import Route
from integration_admin.core.actor import Actor
from integration_admin.core.errors import (
    AdapterError,
    IntegrationAdminError,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.identity_providers import ProviderView, Seen
from integration_admin.services.provider_form import ProviderForm
from integration_admin.services.signed_in import Principal

_Answer = TypeVar("_Answer")
_LONGEST = 3_000
_DENIED = "sign-in-provider"


def provider_settings_routes(settings: Settings, pages: Pages) -> APIRouter:
    """Return the routes; a form from a page that is not ours is refused before it is read."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(route_class=Route, include_in_schema=False)

    @router.get(draw.PROVIDER_PAGE)
    async def provider(request: Request) -> Response:
        person = await principal_of(request, settings)
        return back_to_sign_in(draw.PROVIDER_PAGE) if person is None else await _page(pages, person)

    forms = APIRouter(
        prefix="/auth/provider",
        route_class=Route,
        include_in_schema=False,
        dependencies=[Depends(own_page)],
    )
    _add_set_up(forms, settings, pages)
    _add_changes(forms, settings, pages)
    router.include_router(forms)
    return router


def _add_set_up(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what stores the provider and asks the issuer what it says of itself."""

    @router.post("/save")
    async def save(request: Request, form: Form) -> Response:
        person = await sure(request, settings)
        if person is None:
            return ask_again(draw.PROVIDER_PAGE)
        entered = _entered(form)
        try:
            await _allowed(person, container.current().factors.provider.save(person.actor, entered))
        except InvalidInput as error:
            typed = draw.Entered(
                entered.name, entered.issuer, entered.client_id, entered.trusts_mfa, error.fields
            )
            return await _page(pages, person, entered=typed, status=error.status)
        return await _look(pages, person)

    @router.post("/look")
    async def look(request: Request) -> Response:
        person = await sure(request, settings)
        return ask_again(draw.PROVIDER_PAGE) if person is None else await _look(pages, person)


def _add_changes(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what demands the provider, lets people in without it, and forgets it or who somebody is there."""

    async def changed(request: Request, change: Callable[[Actor], Awaitable[object]]) -> Response:
        """Let somebody who is sure change something, and show the page again, with what stood against it."""
        person = await sure(request, settings)
        if person is None:
            return ask_again(draw.PROVIDER_PAGE)
        try:
            await _allowed(person, change(person.actor))
        except InvalidInput as error:
            return await _page(pages, person, error)
        return see(draw.PROVIDER_PAGE)

    @router.post("/demand")
    async def demand(request: Request) -> Response:
        return await changed(request, container.current().factors.provider.demand)

    @router.post("/free")
    async def free(request: Request) -> Response:
        return await changed(request, container.current().factors.provider.free)

    @router.post("/remove")
    async def remove(request: Request) -> Response:
        return await changed(request, container.current().factors.provider.remove)

    @router.post("/disconnect")
    async def disconnect(request: Request, form: Form) -> Response:
        def theirs(actor: Actor) -> Awaitable[object]:
            return container.current().factors.provider.disconnect(actor, _id(text(form, "member")))

        return await changed(request, theirs)


async def _look(pages: Pages, person: Principal) -> HTMLResponse:
    """Ask the issuer, and draw what it says, or why it does not."""
    try:
        answer = await _allowed(person, container.current().factors.provider.look(person.actor))
    except AdapterError as error:
        return await _page(pages, person, error)
    return await _page(pages, person, seen=answer)


async def _page(
    pages: Pages,
    person: Principal,
    error: IntegrationAdminError | None = None,
    *,
    entered: draw.Entered | None = None,
    seen: Seen | None = None,
    status: int = 200,
) -> HTMLResponse:
    services, reader = container.current(), reader_of(person)
    found = await _allowed(person, services.factors.provider.get(person.actor))
    recent = services.reauthentication.is_recent(person)
    return pages.page(
        reader,
        msg("Signing in with a provider"),
        ui.alert(reader, "danger", error.message) if error else None,
        draw.seen(reader, seen) if seen else None,
        draw.provider(
            reader,
            found,
            entered or _stored(found),
            services.factors.provider.redirect_uri,
            person.time_zone,
            recent=recent,
        ),
        status=422 if error else status,
    )


async def _allowed(person: Principal, asked: Awaitable[_Answer]) -> _Answer:
    """Wait for an answer; what the role does not allow, or is another organisation's, goes into the audit log."""
    try:
        return await asked
    except (NotPermitted, NotFound):
        await note_denied(person, _DENIED)
        raise


def _entered(form: FormData) -> ProviderForm:
    name, issuer, client_id = (
        text(form, field).strip()[:_LONGEST] for field in ("name", "issuer", "client_id")
    )
    secret = Secret(text(form, "secret").strip()[:_LONGEST])
    return ProviderForm(name, issuer, client_id, secret, trusts_mfa=text(form, "trusts_mfa") == "yes")


def _stored(found: ProviderView | None) -> draw.Entered:
    if found is None:
        return draw.Entered()
    return draw.Entered(found.name, found.issuer, found.client_id, found.trusts_mfa)


def _id(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise NotFound(msg("There is no such member.")) from None
