"""Signing in, signing out and choosing a language, as forms the browser posts.

They are HTTP routes and not Reflex events because only a response can set an HttpOnly cookie.
"""

import math
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from integration_admin.api.cookies import clear_session, find_session, set_session
from integration_admin.api.origin import client_address, own_path, page_before, require_own_page
from integration_admin.api.problems import Route
from integration_admin.core.errors import InvalidInput, SignInRequired, TooManyAttempts
from integration_admin.core.messages import LANGUAGES, msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.languages import LANGUAGE_COOKIE, chosen_language
from integration_admin.services.sign_in import Principal

SIGN_IN_PAGE = "/sign-in"
_ONE_YEAR = 31_536_000


def auth_routes(settings: Settings) -> APIRouter:
    """Return the three form routes; a form from a page that is not ours is refused before it is read."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(
        prefix="/auth", route_class=Route, include_in_schema=False, dependencies=[Depends(own_page)]
    )

    @router.post("/sign-in")
    async def sign_in(request: Request, form: Annotated[FormData, Depends(_form)]) -> RedirectResponse:
        return await _sign_in(request, form, settings)

    @router.post("/sign-out")
    async def sign_out(request: Request) -> RedirectResponse:
        if token := find_session(_cookies(request), settings):
            await container.current().sign_in.sign_out(token)
        response = _see(SIGN_IN_PAGE)
        clear_session(response, settings)
        return response

    @router.post("/language")
    async def language(request: Request, form: Annotated[FormData, Depends(_form)]) -> RedirectResponse:
        return await _choose_language(request, _text(form, "language"), settings)

    return router


async def _sign_in(request: Request, form: FormData, settings: Settings) -> RedirectResponse:
    target = own_path(_text(form, "next"))
    address = client_address(request, settings)
    service = container.current().sign_in
    try:
        session = await service.sign_in(
            _text(form, "email"), Secret(_text(form, "password")), address, chosen_language(_cookies(request))
        )
    except SignInRequired:
        return _back_to_form(target, failed="1")
    except TooManyAttempts as error:
        return _back_to_form(target, wait=str(math.ceil(error.retry_after)))
    if earlier := find_session(_cookies(request), settings):
        await service.sign_out(earlier)
    response = _see(target)
    set_session(response, session.token, settings)
    if session.language is not None:
        # The sign-in page greets them in it next time.
        _remember_language(response, session.language, settings)
    return response


async def _choose_language(request: Request, language: str, settings: Settings) -> RedirectResponse:
    if language not in LANGUAGES:
        raise InvalidInput(msg("Choose bokmål, nynorsk or English."))
    principal = await _principal(request, settings)
    if principal is not None:
        await container.current().organisations.set_language(principal.actor, language)
    response = _see(page_before(request, settings))
    _remember_language(response, language, settings)
    return response


def _remember_language(response: RedirectResponse, language: str, settings: Settings) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=_ONE_YEAR,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


async def _principal(request: Request, settings: Settings) -> Principal | None:
    token = find_session(_cookies(request), settings)
    return None if token is None else await container.current().sign_in.resolve(token)


async def _form(request: Request) -> FormData:
    """Read a form of a few short fields and no files."""
    return await request.form(max_files=0, max_fields=10)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _cookies(request: Request) -> str:
    return "; ".join(request.headers.getlist("cookie"))


def _see(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


def _back_to_form(target: str, **why: str) -> RedirectResponse:
    return _see(f"{SIGN_IN_PAGE}?{urlencode(why | {'next': target})}")
