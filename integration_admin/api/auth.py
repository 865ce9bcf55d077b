"""Signing in, signing out and choosing a language, as forms the browser posts.

They are HTTP routes and not Reflex events because only a response can set an HttpOnly cookie.
"""

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from integration_admin.api.cookies import clear_session, find_device, find_session
from integration_admin.api.forms import (
    SIGN_IN_PAGE,
    after,
    back_to_sign_in,
    cookies,
    let_on,
    principal_of,
    read_form,
    remember_language,
    see,
    text,
    visit_of,
)
from integration_admin.api.origin import next_in_address, own_path, page_before, require_own_page
from integration_admin.api.problems import Route
from integration_admin.core.errors import InvalidInput, SignInRequired, TooManyAttempts
from integration_admin.core.messages import LANGUAGES, msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services import container


def auth_routes(settings: Settings) -> APIRouter:
    """Return the three form routes; a form from a page that is not ours is refused before it is read."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(
        prefix="/auth", route_class=Route, include_in_schema=False, dependencies=[Depends(own_page)]
    )

    @router.post("/sign-in")
    async def sign_in(request: Request, form: Annotated[FormData, Depends(read_form)]) -> RedirectResponse:
        return await _sign_in(request, form, settings)

    @router.post("/sign-out")
    async def sign_out(request: Request) -> RedirectResponse:
        if token := find_session(cookies(request), settings):
            await container.current().sign_in.sign_out(token)
        came_by_provider = container.current().factors.provider.handle_in(cookies(request))
        response = see(f"{SIGN_IN_PAGE}?out=1" if came_by_provider else SIGN_IN_PAGE)
        clear_session(response, settings)
        return response

    @router.post("/language")
    async def language(request: Request, form: Annotated[FormData, Depends(read_form)]) -> RedirectResponse:
        return await _choose_language(request, text(form, "language"), settings)

    return router


async def _sign_in(request: Request, form: FormData, settings: Settings) -> RedirectResponse:
    target, visit = own_path(text(form, "next") or next_in_address(request)), visit_of(request, settings)
    try:
        found = await container.current().sign_in.sign_in(
            text(form, "email"),
            Secret(text(form, "password")),
            visit.address,
            visit.language,
            visit.user_agent,
            find_device(cookies(request), settings),
        )
    except SignInRequired:
        return back_to_sign_in(target, failed="1")
    except TooManyAttempts as error:
        return back_to_sign_in(target, wait=str(math.ceil(error.retry_after)))
    response = see(after(found, target))
    await let_on(response, request, found, settings)
    return response


async def _choose_language(request: Request, language: str, settings: Settings) -> RedirectResponse:
    if language not in LANGUAGES:
        raise InvalidInput(msg("Choose bokmål, nynorsk or English."))
    principal = await principal_of(request, settings)
    if principal is not None:
        await container.current().organisations.set_language(principal.actor, language)
    response = see(page_before(request, settings))
    remember_language(response, language, settings)
    return response
