"""Pages for whoever has no password yet or any more: opening a one-time link, and asking for one.

They are written on the server, so that neither the link nor the password passes through Reflex. What a link
carries stands after its # and comes in a form's body: no log of addresses ever holds it.
"""

import math

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from integration_admin.api import html_parts as ui
from integration_admin.api.factor_access import Form, guest, wait_alert
from integration_admin.api.forms import SIGN_IN_PAGE, text
from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.markup import Markup, tag
from integration_admin.api.origin import client_address, require_own_page
from integration_admin.api.problems import Route
from integration_admin.core.errors import IntegrationAdminError, InvalidInput, TooManyAttempts
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import LinkPurpose
from integration_admin.services import container
from integration_admin.services.link_letters import LINK_PATH
from integration_admin.services.one_time_links import OpenedLink
from integration_admin.services.passwords import MIN_LENGTH

FORGOTTEN_PATH = "/forgotten-password"
_SCRIPT = "/link.js"
_CHOOSE = {
    LinkPurpose.INVITATION: msg("Choose a password and begin"),
    LinkPurpose.RESET: msg("Choose a new password"),
}


def link_routes(settings: Settings, pages: Pages) -> APIRouter:
    """Return the routes; a form from a page that is not ours is refused before it is read."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(route_class=Route, include_in_schema=False)
    ours = [Depends(own_page)]

    @router.get(LINK_PATH)
    async def link(request: Request) -> HTMLResponse:
        return _ask_for_link(pages, guest(request))

    @router.post("/auth/link", dependencies=ours)
    async def open_link(request: Request, form: Form) -> HTMLResponse:
        return await _open(pages, guest(request), form)

    @router.get(FORGOTTEN_PATH)
    async def forgotten(request: Request) -> HTMLResponse:
        return _ask_for_account(pages, guest(request))

    @router.post("/auth/forgotten-password", dependencies=ours)
    async def send_link(request: Request, form: Form) -> HTMLResponse:
        return await _send(pages, guest(request), text(form, "email"), client_address(request, settings))

    return router


def new_password_field(reader: Reader, error: Message | None) -> Markup:
    """Draw the field for a password that is chosen, with what is asked of it."""
    return ui.field(
        reader,
        "password",
        msg("New password"),
        about=msg(
            "At least {count} characters. A few words that have nothing to do with each other are easy to"
            " remember and hard to guess.",
            count=MIN_LENGTH,
        ),
        error=error,
        type="password",
        autocomplete="new-password",
        spellcheck="false",
    )


def _ask_for_link(pages: Pages, reader: Reader) -> HTMLResponse:
    """Draw the page a link leads to; its script hands the link in, and where none runs a person does."""
    field = ui.field(
        reader,
        "link",
        msg("The link you were sent"),
        about=msg("It is filled in by itself when you open the link. Otherwise copy it from the e-mail."),
        autocomplete="off",
        spellcheck="false",
    )
    form = ui.form("/auth/link", field, ui.button(reader.say(msg("Go on"))))
    return pages.page(reader, msg("Open a link"), form, script=_SCRIPT)


async def _open(pages: Pages, reader: Reader, form: FormData) -> HTMLResponse:
    """Open a link and ask for a password, or take the password that came with it."""
    carried = text(form, "link").rpartition("#")[2].strip()
    token, links = Secret(carried), container.current().people.links
    opened: OpenedLink | None = None
    try:
        opened = await links.open(token)
        if "password" not in form:
            return _choose(pages, reader, opened, carried, None)
        await links.accept(token, Secret(text(form, "password")))
    except InvalidInput as error:
        assert opened is not None  # noqa: S101, opening a link refuses no field
        return _choose(pages, reader, opened, carried, error.message)
    except IntegrationAdminError as error:
        if error.status >= 500:
            raise
        return _does_not_work(pages, reader, error)
    saved = ui.paragraph(reader.say(msg("From now on you sign in with it.")))
    go_on = tag("p", ui.link_button(reader.say(msg("Sign in")), SIGN_IN_PAGE))
    return pages.page(reader, msg("Your password is saved"), saved, go_on)


def _choose(
    pages: Pages, reader: Reader, opened: OpenedLink, carried: str, error: Message | None
) -> HTMLResponse:
    about = msg(
        "Your account is {email}, at {organisation}.", email=opened.email, organisation=opened.organisation
    )
    # Password managers keep a password under the name they find beside it.
    account = tag("input", type="hidden", name="username", value=opened.email, autocomplete="username")
    form = ui.form(
        "/auth/link",
        account,
        new_password_field(reader, error),
        ui.button(reader.say(msg("Save the password"))),
        link=carried,
    )
    told = ui.paragraph(reader.say(about))
    return pages.page(reader, _CHOOSE[opened.purpose], told, form, status=422 if error else 200)


def _does_not_work(pages: Pages, reader: Reader, error: IntegrationAdminError) -> HTMLResponse:
    new = ui.link(reader.say(msg("Ask for a link for a new password")), FORGOTTEN_PATH)
    told = ui.alert(reader, "danger", error.message)
    return pages.page(reader, msg("Open a link"), told, ui.paragraph(new), status=error.status)


def _ask_for_account(pages: Pages, reader: Reader, error: TooManyAttempts | None = None) -> HTMLResponse:
    back = ui.paragraph(ui.link(reader.say(msg("Back to signing in")), SIGN_IN_PAGE))
    if not container.current().people.links.mail_is_set_up:
        sentence = msg(
            "This server sends no e-mail. Ask an administrator of your organisation for a link with which you"
            " choose a new password."
        )
        return pages.page(reader, msg("Forgotten password"), ui.paragraph(reader.say(sentence)), back)
    field = ui.field(reader, "email", msg("E-mail address"), type="email", autocomplete="username")
    form = ui.form("/auth/forgotten-password", field, ui.button(reader.say(msg("Send me a link"))))
    told, status = wait_alert(reader, error), error.status if error else 200
    return pages.page(reader, msg("Forgotten password"), told, form, back, status=status)


async def _send(pages: Pages, reader: Reader, email: str, address: str) -> HTMLResponse:
    """Say the same whether there is such an account or not."""
    links = container.current().people.links
    if not links.mail_is_set_up:
        return _ask_for_account(pages, reader)
    try:
        await links.forgotten(email, address)
    except TooManyAttempts as error:
        answer = _ask_for_account(pages, reader, error)
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after))
        return answer
    sentence = msg(
        "If there is an account with this address, an e-mail is on its way to it, with a link that works for an"
        " hour. Look among unwanted mail too."
    )
    back = ui.paragraph(ui.link(reader.say(msg("Back to signing in")), SIGN_IN_PAGE))
    return pages.page(reader, msg("Look in your mailbox"), ui.paragraph(reader.say(sentence)), back)
