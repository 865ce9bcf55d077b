"""What routes that take a browser's own forms have in common: reading the form, who sent it, where it leads."""

from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from integration_admin.api.cookies import (
    clear_step,
    find_session,
    find_step,
    set_device,
    set_session,
    set_step,
)
from integration_admin.api.origin import client_address
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import SignInStepKind
from integration_admin.services import container
from integration_admin.services.identity_providers import PAGE as PROVIDER_STEP
from integration_admin.services.languages import LANGUAGE_COOKIE, chosen_language
from integration_admin.services.signed_in import Halfway, Principal, SignedIn, Visit

SIGN_IN_PAGE = "/sign-in"
_STEP_PAGES = {
    SignInStepKind.CODE: "/sign-in/code",
    SignInStepKind.ENROL: "/sign-in/enrol",
    SignInStepKind.PROVIDER: PROVIDER_STEP,
}
_ONE_YEAR = 31_536_000


async def read_form(request: Request) -> FormData:
    """Read a form of a few short fields and no files."""
    return await request.form(max_files=0, max_fields=10)


def text(form: FormData, name: str) -> str:
    """Return what was typed into a field; a file is nothing."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def cookies(request: Request) -> str:
    """Return the whole Cookie header."""
    return "; ".join(request.headers.getlist("cookie"))


def visit_of(request: Request, settings: Settings) -> Visit:
    """Return what is known of the browser a request comes from."""
    return Visit(
        client_address(request, settings),
        chosen_language(cookies(request)),
        request.headers.get("user-agent", ""),
    )


async def principal_of(request: Request, settings: Settings) -> Principal | None:
    """Return who is signed in, or None."""
    token = find_session(cookies(request), settings)
    return None if token is None else await container.current().sign_in.resolve(token)


def see(path: str) -> RedirectResponse:
    """Lead the browser to a page."""
    return RedirectResponse(path, status_code=303)


def back_to_sign_in(target: str, **why: str) -> RedirectResponse:
    """Lead back to the sign-in page, which says why, and from there to `target`."""
    return see(f"{SIGN_IN_PAGE}?{urlencode(why | {'next': target})}")


def after(found: SignedIn | Halfway, target: str) -> str:
    """Return where somebody goes on who has signed in, or has to take another step first."""
    return (
        f"{_STEP_PAGES[found.kind]}?{urlencode({'next': target})}" if isinstance(found, Halfway) else target
    )


async def let_on(response: Response, request: Request, found: SignedIn | Halfway, settings: Settings) -> None:
    """Give the browser its new session, or what it needs for the next step."""
    if isinstance(found, Halfway):
        set_step(response, found, settings)
    else:
        await let_in(response, request, found, settings)


async def let_in(response: Response, request: Request, session: SignedIn, settings: Settings) -> None:
    """Give the browser its new session, in place of an earlier one and of a half-finished sign-in."""
    if earlier := find_session(cookies(request), settings):
        await container.current().sign_in.sign_out(earlier)
    if find_step(cookies(request), settings):
        clear_step(response, settings)
    set_session(response, session.token, settings)
    if session.device is not None:
        set_device(response, session.device, settings)
    if session.language is not None:
        # The sign-in page greets them in it next time.
        remember_language(response, session.language, settings)


def remember_language(response: Response, language: str, settings: Settings) -> None:
    """Keep the chosen language in the browser."""
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=_ONE_YEAR,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
