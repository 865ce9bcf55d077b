"""Signing in with an organisation's OpenID Connect provider over HTTP: the way there, and the way back.

The ways there are links and not forms, because the pages' policy lets a form lead to no other site. They are
followed only from our own pages, so that no other page begins a sign-in.
"""

import math
from collections.abc import Awaitable
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from integration_admin.api import html_parts as ui
from integration_admin.api import provider_pages as draw
from integration_admin.api.cookies import clear_step, clear_way, find_step, find_way, set_way
from integration_admin.api.factor_access import (
    ask_again,
    guest,
    half,
    next_of,
    reader_of,
    sure,
    wait_alert,
    with_next,
)
from integration_admin.api.factor_pages import OWN_PAGE
from integration_admin.api.forms import (
    SIGN_IN_PAGE,
    after,
    back_to_sign_in,
    cookies,
    let_on,
    principal_of,
    see,
    visit_of,
)
from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.markup import Markup
from integration_admin.api.origin import require_own_page
from integration_admin.api.problems import Route
from integration_admin.core.errors import (
    AdapterError,
    IntegrationAdminError,
    SignInRequired,
    TooManyAttempts,
)
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import FlowPurpose, SignInStepKind
from integration_admin.services import container
from integration_admin.services.identity_providers import LEAVE, PAGE
from integration_admin.services.openid_flows import Departure
from integration_admin.services.signed_in import Principal, SignedIn

_ONE_YEAR = 31_536_000
_SIGN_OUT = msg("Sign out at the provider too")


def provider_routes(settings: Settings, pages: Pages) -> APIRouter:
    """Return the routes."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(route_class=Route, include_in_schema=False)
    for add in (_add_page, _add_ways, _add_own_ways, _add_way_back, _add_way_out):
        add(router, settings, pages)

    @router.post("/auth/openid/disconnect", dependencies=[Depends(own_page)])
    async def disconnect(request: Request) -> Response:
        person = await sure(request, settings)
        if person is not None and person.actor.member_id is not None:
            await container.current().factors.provider.disconnect(person.actor, person.actor.member_id)
        return ask_again(OWN_PAGE) if person is None else see(OWN_PAGE)

    return router


def _add_page(router: APIRouter, settings: Settings, pages: Pages) -> None:
    @router.get(PAGE)
    async def page(request: Request) -> Response:
        return await _page(request, settings, pages)


def _add_ways(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the ways of those who are not signed in."""

    @router.get("/auth/openid/start")
    async def start(request: Request) -> Response:
        handle, target = request.query_params.get("with", ""), next_of(request)
        if not _from_own_page(request, settings):
            return see(f"{PAGE}?{urlencode({'with': handle, 'next': target})}")
        if await principal_of(request, settings) is not None:
            return see(target)
        begun = container.current().factors.openid.begin(handle, target, visit_of(request, settings))
        return await _depart(request, settings, pages, begun)

    @router.get(draw.FINISH)
    async def finish(request: Request) -> Response:
        token, target = find_step(cookies(request), settings), next_of(request)
        if not _from_own_page(request, settings):
            return see(with_next(PAGE, target))
        if token is None:
            return back_to_sign_in(target, over="1")
        begun = container.current().factors.openid.begin_to_finish(token, target, visit_of(request, settings))
        return await _depart(request, settings, pages, begun)


def _add_way_out(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the way to sign out at the provider as well, for whoever has signed out here."""

    @router.get(LEAVE)
    async def leave(request: Request) -> Response:
        factors, reader = container.current().factors, guest(request)
        if not _from_own_page(request, settings):
            return see(SIGN_IN_PAGE)
        try:
            handle = factors.provider.handle_in(cookies(request))
            address = await factors.openid.way_out(handle, visit_of(request, settings))
        except (AdapterError, SignInRequired, TooManyAttempts) as error:
            return pages.page(reader, _SIGN_OUT, _why(reader, error), status=error.status)
        none = msg("The provider does not say where one signs out there. Sign out on its own pages.")
        return see(address) if address else pages.page(reader, _SIGN_OUT, ui.alert(reader, "info", none))


def _add_own_ways(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the ways of those who are signed in."""

    @router.get(draw.CONNECT)
    async def connect(request: Request) -> Response:
        person = await sure(request, settings) if _from_own_page(request, settings) else None
        if person is None:
            return ask_again(OWN_PAGE)
        begun = container.current().factors.openid.begin_own(
            person, FlowPurpose.CONNECT, OWN_PAGE, visit_of(request, settings)
        )
        return await _depart(request, settings, pages, begun, person)

    @router.get(draw.CONFIRM)
    async def confirm(request: Request) -> Response:
        target = next_of(request)
        person = await principal_of(request, settings) if _from_own_page(request, settings) else None
        if person is None:
            return ask_again(target)
        begun = container.current().factors.openid.begin_own(
            person, FlowPurpose.CONFIRM, target, visit_of(request, settings)
        )
        return await _depart(request, settings, pages, begun, person)


def _add_way_back(router: APIRouter, settings: Settings, pages: Pages) -> None:
    @router.get("/auth/openid/callback")
    async def callback(request: Request) -> Response:
        token, answer = find_way(cookies(request), settings), dict(request.query_params)
        visit, reader = visit_of(request, settings), guest(request)
        try:
            arrival = await container.current().factors.openid.arrive(token, answer, visit)
        except SignInRequired as error:
            response: Response = _refused(pages, reader, error)
        else:
            target = after(arrival.result, arrival.target) if arrival.result else arrival.target
            # A redirect would still be another site's doing, and leave our strict cookies out.
            shown = draw.going_on(reader, target)
            response = pages.page(reader, msg("One moment"), shown, leads_to=target)
            if isinstance(arrival.result, SignedIn):
                clear_step(response, settings)
            if arrival.result is not None:
                await let_on(response, request, arrival.result, settings)
                _remember(response, arrival.handle, settings)
        clear_way(response, settings)
        return response


async def _page(
    request: Request, settings: Settings, pages: Pages, error: IntegrationAdminError | None = None
) -> Response:
    """Draw the provider's button: of a sign-in address, or for somebody who has given the password."""
    factors, reader, target = container.current().factors, guest(request), next_of(request)
    who = await half(request, settings, SignInStepKind.PROVIDER)
    name = await factors.provider.name_of(who.actor.organisation_id) if who else None
    handle = request.query_params.get("with", "") or factors.provider.handle_in(cookies(request))
    button = await factors.provider.button(handle) if name is None else None
    if name is None and button is None:
        return _no_such_address(pages, reader)
    shown = (
        draw.step(reader, name, target) if name else draw.question(reader, button, target) if button else None
    )
    return pages.page(
        reader,
        msg("Sign in"),
        _why(reader, error),
        shown,
        status=error.status if error else 200,
    )


async def _depart(
    request: Request,
    settings: Settings,
    pages: Pages,
    begun: Awaitable[Departure],
    person: Principal | None = None,
) -> Response:
    """Send the browser to the provider, or say why not; `person` is signed in already."""
    try:
        departure = await begun
    except (AdapterError, SignInRequired, TooManyAttempts) as error:
        if person is None:
            response = await _page(request, settings, pages, error)
        else:
            response = _stay(pages, reader_of(person), error)
        if isinstance(error, TooManyAttempts):
            response.headers["Retry-After"] = str(math.ceil(error.retry_after))
        return response
    response = see(departure.address)
    set_way(response, departure.token, settings)
    return response


def _stay(pages: Pages, reader: Reader, error: IntegrationAdminError) -> Response:
    """Tell somebody who is signed in why they were not sent to the provider."""
    back = ui.paragraph(ui.link(reader.say(msg("Your sign-in")), OWN_PAGE))
    return pages.page(
        reader, msg("Signing in with a provider"), _why(reader, error), back, status=error.status
    )


def _why(reader: Reader, error: IntegrationAdminError | None) -> Markup | None:
    """Draw why nobody was sent to the provider; what the way there answers is not told."""
    if isinstance(error, AdapterError):
        away = msg("The sign-in provider cannot be reached just now. Try again in a few minutes.")
        return ui.alert(reader, "warning", away)
    if isinstance(error, SignInRequired):
        return ui.alert(reader, "danger", error.message)
    return wait_alert(reader, error)


def _no_such_address(pages: Pages, reader: Reader) -> Response:
    sentence = msg(
        "This sign-in address leads nowhere. Ask an administrator of your organisation for theirs."
    )
    back = ui.paragraph(ui.link(reader.say(msg("Sign in with a password")), "/sign-in"))
    return pages.page(reader, msg("Sign in"), ui.alert(reader, "warning", sentence), back, status=404)


def _refused(pages: Pages, reader: Reader, error: SignInRequired) -> Response:
    back = ui.paragraph(ui.link(reader.say(msg("Back to signing in")), "/sign-in"))
    return pages.page(
        reader, msg("Sign in"), ui.alert(reader, "danger", error.message), back, status=error.status
    )


def _remember(response: Response, handle: str, settings: Settings) -> None:
    """Let the sign-in page have the provider's button from now on.

    Not before somebody has come in by it: else a link of another organisation's would put its own there.
    """
    response.set_cookie(
        container.current().factors.provider.handle_cookie,
        handle,
        max_age=_ONE_YEAR,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def _from_own_page(request: Request, settings: Settings) -> bool:
    """Tell whether a link was followed on one of our pages; older browsers say only where they come from."""
    site = request.headers.get("sec-fetch-site")
    referer = request.headers.get("referer", "")
    return referer.startswith(f"{settings.public_url}/") if site is None else site == "same-origin"
