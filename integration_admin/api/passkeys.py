"""Passkeys over HTTP: questions as JSON for our script, and the forms it sends with the answers."""

import uuid

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from integration_admin.api import html_parts as ui
from integration_admin.api import passkey_pages as draw
from integration_admin.api.cookies import find_step
from integration_admin.api.factor_access import (
    Form,
    ask_again,
    enrolling,
    guest,
    let_in_enrolled,
    next_of,
    sure,
    wait_alert,
)
from integration_admin.api.factor_pages import OWN_PAGE
from integration_admin.api.forms import (
    after,
    back_to_sign_in,
    cookies,
    let_on,
    principal_of,
    see,
    text,
    visit_of,
)
from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.origin import own_path
from integration_admin.api.own_factors import confirm_page, own_page
from integration_admin.api.second_step import codes_page, enrol_page
from integration_admin.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SignInRequired,
    TooManyAttempts,
)
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.passkeys import refused

_Refusal = InvalidInput | SignInRequired | TooManyAttempts


def add_passkey_page(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the page that signs in with a passkey."""
    del settings

    @router.get(draw.PASSKEY_PAGE)
    async def passkey(request: Request) -> Response:
        return _sign_in_page(pages, guest(request), next_of(request))


def add_passkey_questions(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what our script asks before it lets the browser answer."""
    del pages

    @router.post("/passkeys/question")
    async def question(request: Request) -> Response:
        return _json(await container.current().factors.passkeys.question(visit_of(request, settings)))

    @router.post("/passkeys/new")
    async def new(request: Request) -> Response:
        who = await enrolling(request, settings)
        if who is None:
            raise SignInRequired(msg("You have been signed out. Sign in to go on."))
        return _json(await container.current().factors.passkeys.creation_question(who.actor, who.email))


def add_passkey_answers(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what takes the browser's signatures: signing in, and proving who somebody is."""

    @router.post("/passkeys/sign-in")
    async def sign_in(request: Request, form: Form) -> Response:
        target = own_path(text(form, "next"))
        try:
            found = await container.current().factors.passkeys.sign_in(
                text(form, "answer"), visit_of(request, settings), find_step(cookies(request), settings)
            )
        except (SignInRequired, TooManyAttempts) as error:
            return _sign_in_page(pages, guest(request), target, error)
        response = see(after(found, target))
        await let_on(response, request, found, settings)
        return response

    @router.post("/passkeys/confirm")
    async def confirm(request: Request, form: Form) -> Response:
        principal, target = await principal_of(request, settings), own_path(text(form, "next"))
        if principal is None:
            return back_to_sign_in(target)
        services, visit = container.current(), visit_of(request, settings)
        try:
            if not await services.factors.passkeys.is_theirs(principal, text(form, "answer"), visit):
                return await confirm_page(pages, principal, target, refused())
        except TooManyAttempts as error:
            return await confirm_page(pages, principal, target, error)
        await services.reauthentication.note_confirmed(principal)
        return see(target)


def add_passkey_form(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what takes a passkey that was just made."""

    @router.post("/passkeys/add")
    async def add(request: Request, form: Form) -> Response:
        who, target = await enrolling(request, settings), own_path(text(form, "next"))
        if who is None:
            return ask_again(OWN_PAGE)
        try:
            codes = await container.current().factors.passkeys.add(
                who.actor, text(form, "answer"), text(form, "name")
            )
        except (InvalidInput, Conflict) as error:
            principal = await sure(request, settings)
            if principal is None:
                return enrol_page(pages, who.reader, target, error)
            return await own_page(pages, principal, error)
        response = codes_page(pages, who.reader, codes, target) if codes else see(target)
        await let_in_enrolled(response, request, who, settings)
        return response


def add_passkey_changes(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what names and removes one's own passkeys."""

    @router.post("/passkeys/rename")
    async def rename(request: Request, form: Form) -> Response:
        principal = await sure(request, settings)
        if principal is None:
            return ask_again(OWN_PAGE)
        passkeys = container.current().factors.passkeys
        try:
            await passkeys.rename(principal.actor, _id(text(form, "passkey")), text(form, "name"))
        except (InvalidInput, NotFound) as error:
            return await own_page(pages, principal, error)
        return see(OWN_PAGE)

    @router.post("/passkeys/remove")
    async def remove(request: Request, form: Form) -> Response:
        principal = await sure(request, settings)
        if principal is None:
            return ask_again(OWN_PAGE)
        try:
            await container.current().factors.passkeys.remove(principal.actor, _id(text(form, "passkey")))
        except (InvalidInput, NotFound) as error:
            return await own_page(pages, principal, error)
        return await own_page(pages, principal, done=msg("The passkey is removed."))


def _sign_in_page(
    pages: Pages, reader: Reader, target: str, error: SignInRequired | TooManyAttempts | None = None
) -> HTMLResponse:
    wrong = ui.alert(reader, "danger", error.message) if isinstance(error, SignInRequired) else None
    words = msg("Sign in with a passkey")
    return pages.page(
        reader,
        words,
        wrong,
        wait_alert(reader, error),
        ui.paragraph(
            reader.say(msg("Your browser asks which passkey to use, and your device whether it is you."))
        ),
        draw.sign_form(reader, target, action="/auth/passkeys/sign-in", words=words),
        ui.paragraph(ui.link(reader.say(msg("Sign in with a password")), "/sign-in")),
        status=error.status if error else 200,
        script=draw.SCRIPT,
    )


def _json(options: str) -> Response:
    return Response(options, media_type="application/json")


def _id(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise NotFound(msg("There is no such passkey.")) from None
