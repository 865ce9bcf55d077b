"""Everybody's own page about how they sign in, recovery codes, and the question who somebody is."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from integration_admin.api import factor_pages as draw
from integration_admin.api import html_parts as ui
from integration_admin.api import passkey_pages, provider_pages
from integration_admin.api.factor_access import (
    Form,
    ask_again,
    guest,
    next_of,
    reader_of,
    sure,
    wait_alert,
)
from integration_admin.api.forms import back_to_sign_in, principal_of, see, text
from integration_admin.api.html_page import Pages
from integration_admin.api.origin import own_path
from integration_admin.api.second_step import codes_page
from integration_admin.core.errors import IntegrationAdminError, InvalidInput, TooManyAttempts
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.signed_in import Principal

_CODES = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){5}")


def add_own_pages(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the page about the caller's own second factors, and the one that asks for the password again."""

    @router.get(draw.OWN_PAGE)
    async def own(request: Request) -> Response:
        principal = await principal_of(request, settings)
        return back_to_sign_in(draw.OWN_PAGE) if principal is None else await own_page(pages, principal)

    @router.get(draw.CONFIRM_PAGE)
    async def confirm(request: Request) -> Response:
        principal = await principal_of(request, settings)
        if principal is None:
            return back_to_sign_in(draw.OWN_PAGE)
        return await confirm_page(pages, principal, next_of(request))


def add_own_forms(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what changes the caller's own second factors."""

    @router.post("/second-factor/remove")
    async def remove(request: Request) -> Response:
        principal = await sure(request, settings)
        if principal is None:
            return ask_again(draw.OWN_PAGE)
        try:
            await container.current().factors.own.remove_app(principal.actor)
        except InvalidInput as error:
            return await own_page(pages, principal, error)
        return await own_page(pages, principal, done=msg("The authenticator app is removed."))

    @router.post("/recovery-codes")
    async def new_codes(request: Request) -> Response:
        principal = await sure(request, settings)
        if principal is None:
            return ask_again(draw.OWN_PAGE)
        try:
            codes = await container.current().factors.own.new_codes(principal.actor)
        except InvalidInput as error:
            return await own_page(pages, principal, error)
        return codes_page(pages, reader_of(principal), codes, draw.OWN_PAGE)

    @router.post("/recovery-codes/file")
    async def codes_file(request: Request, form: Form) -> Response:
        codes = [code for code in text(form, "codes")[:1000].split() if _CODES.fullmatch(code)]
        kept = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
        return PlainTextResponse(draw.codes_file(guest(request), codes), headers=kept)


def add_confirm_form(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the answer to the question who somebody is."""

    @router.post("/confirm")
    async def confirm(request: Request, form: Form) -> Response:
        principal, target = await principal_of(request, settings), own_path(text(form, "next"))
        if principal is None:
            return back_to_sign_in(target)
        password = Secret(text(form, "own_password"))
        try:
            await container.current().reauthentication.confirm(principal, password, text(form, "code"))
        except (InvalidInput, TooManyAttempts) as error:
            return await confirm_page(pages, principal, target, error)
        return see(target)


async def own_page(
    pages: Pages,
    principal: Principal,
    error: IntegrationAdminError | None = None,
    *,
    done: Message | None = None,
) -> HTMLResponse:
    """Return the page about the caller's own second factors, with what became of the last change."""
    services, reader = container.current(), reader_of(principal)
    own = await services.factors.own.own(principal.actor)
    recent = services.reauthentication.is_recent(principal)
    return pages.page(
        reader,
        msg("Your sign-in"),
        ui.alert(reader, "danger", error.message) if error else None,
        ui.alert(reader, "success", done) if done else None,
        draw.own_factors(
            reader,
            own,
            principal.time_zone,
            recent=recent,
            passkeys_available=services.factors.passkeys.available,
        ),
        provider_pages.own_connection(
            reader, await services.factors.provider.own(principal.actor), recent=recent
        ),
        status=error.status if error else 200,
        script=passkey_pages.SCRIPT,
    )


async def confirm_page(
    pages: Pages, principal: Principal, target: str, error: InvalidInput | TooManyAttempts | None = None
) -> HTMLResponse:
    """Return the page that asks who somebody is, with what became of the last answer."""
    reader = reader_of(principal)
    own = await container.current().factors.own.own(principal.actor)
    sign = passkey_pages.sign_form(
        reader, target, action="/auth/passkeys/confirm", words=msg("Confirm with a passkey")
    )
    wrong = error.message if isinstance(error, InvalidInput) else None
    return pages.page(
        reader,
        msg("Confirm that it is you"),
        wait_alert(reader, error),
        sign if own.passkeys else None,
        provider_pages.confirm(
            reader, await container.current().factors.provider.own(principal.actor), target
        ),
        draw.confirm_form(reader, target, wrong, asks_code=own.any),
        status=error.status if error else 200,
        script=passkey_pages.SCRIPT,
    )
