"""The second step of signing in over HTTP: giving a code, and setting up an authenticator app.

The pages are written on the server, because keys and codes must not go through Reflex; see factor_pages.py.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from integration_admin.api import factor_pages as draw
from integration_admin.api import html_parts as ui
from integration_admin.api import passkey_pages
from integration_admin.api.cookies import find_step
from integration_admin.api.factor_access import (
    Enrolling,
    Form,
    ask_again,
    enrolling,
    half,
    let_in_enrolled,
    next_of,
    wait_alert,
    with_next,
)
from integration_admin.api.forms import back_to_sign_in, cookies, let_in, see, text, visit_of
from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.origin import own_path
from integration_admin.core.errors import IntegrationAdminError, InvalidInput, SignInRequired, TooManyAttempts
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import SignInStepKind
from integration_admin.services import container

_Refusal = InvalidInput | TooManyAttempts


def add_step_pages(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the pages between the password and the session, and the one of a new app."""

    @router.get(draw.CODE_PAGE)
    async def code(request: Request) -> Response:
        who = await half(request, settings, SignInStepKind.CODE)
        if who is None:
            return back_to_sign_in(next_of(request))
        return await _code_page(pages, who, next_of(request))

    @router.get(draw.ENROL_PAGE)
    async def enrol(request: Request) -> Response:
        found = await half(request, settings, SignInStepKind.ENROL)
        if found is None:
            return back_to_sign_in(next_of(request))
        return enrol_page(pages, found.reader, next_of(request))

    @router.get(draw.APP_PAGE)
    async def app(request: Request) -> Response:
        who = await enrolling(request, settings)
        return see(draw.OWN_PAGE) if who is None else await _app_page(pages, who, next_of(request))


def add_code_form(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what gives a code."""

    @router.post("/code")
    async def code(request: Request, form: Form) -> Response:
        target, token = own_path(text(form, "next")), find_step(cookies(request), settings)
        if token is None:
            return back_to_sign_in(target, over="1")
        try:
            session = await container.current().factors.step.give_code(
                token, text(form, "code"), visit_of(request, settings)
            )
        except SignInRequired:
            return back_to_sign_in(target, over="1")
        except (InvalidInput, TooManyAttempts) as error:
            who = await half(request, settings, SignInStepKind.CODE)
            if who is None:
                return back_to_sign_in(target, over="1")
            return await _code_page(pages, who, target, error)
        response = see(target)
        await let_in(response, request, session, settings)
        return response


def add_app_forms(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what sets up an authenticator app."""

    @router.post("/second-factor/begin")
    async def begin(request: Request, form: Form) -> Response:
        who = await enrolling(request, settings)
        if who is None:
            return ask_again(draw.OWN_PAGE)
        await container.current().factors.own.begin(who.actor, who.email)
        return see(with_next(draw.APP_PAGE, own_path(text(form, "next")) if who.step else draw.OWN_PAGE))

    @router.post("/second-factor/confirm")
    async def confirm(request: Request, form: Form) -> Response:
        who, target = await enrolling(request, settings), own_path(text(form, "next"))
        if who is None:
            return ask_again(draw.OWN_PAGE)
        try:
            codes = await container.current().factors.own.confirm(who.actor, text(form, "code"))
        except (InvalidInput, TooManyAttempts) as error:
            return await _app_page(pages, who, target, error)
        response = codes_page(pages, who.reader, codes, target) if codes else see(target)
        await let_in_enrolled(response, request, who, settings)
        return response


def codes_page(pages: Pages, reader: Reader, codes: list[Secret], target: str) -> HTMLResponse:
    """Return the page that shows new recovery codes, once."""
    return pages.page(reader, msg("Your recovery codes"), draw.recovery_codes(reader, codes, target))


def enrol_page(
    pages: Pages, reader: Reader, target: str, error: IntegrationAdminError | None = None
) -> HTMLResponse:
    """Return the page of somebody who must set up a second factor before anything else."""
    passkey = (
        passkey_pages.make_form(reader, target) if container.current().factors.passkeys.available else None
    )
    return pages.page(
        reader,
        msg("Set up a second factor"),
        ui.alert(reader, "danger", error.message) if error else None,
        draw.enrol_question(reader, target),
        ui.section(reader, "passkey", msg("Or a passkey"), passkey) if passkey else None,
        status=error.status if error else 200,
        script=passkey_pages.SCRIPT,
    )


async def _code_page(
    pages: Pages, who: Enrolling, target: str, error: _Refusal | None = None
) -> HTMLResponse:
    """Draw the second step; a refusal stands beside the field, a wait above the form."""
    own, reader = await container.current().factors.own.own(who.actor), who.reader
    sign = passkey_pages.sign_form(
        reader, target, action="/auth/passkeys/sign-in", words=msg("Sign in with a passkey")
    )
    wrong = error.message if isinstance(error, InvalidInput) else None
    return pages.page(
        reader,
        msg("Sign in: the second step"),
        wait_alert(reader, error),
        sign if own.passkeys else None,
        draw.code_form(reader, target, wrong, has_app=own.app_since is not None),
        status=error.status if error else 200,
        script=passkey_pages.SCRIPT,
    )


async def _app_page(pages: Pages, who: Enrolling, target: str, error: _Refusal | None = None) -> Response:
    waiting = await container.current().factors.own.waiting(who.actor, who.email)
    if waiting is None:
        return see(draw.ENROL_PAGE if who.step else draw.OWN_PAGE)
    wrong = error.message if isinstance(error, InvalidInput) else None
    return pages.page(
        who.reader,
        msg("Set up an authenticator app"),
        wait_alert(who.reader, error),
        draw.enrolment(who.reader, waiting, target, wrong),
        status=error.status if error else 200,
    )
