"""Two pages of one's own: where one is signed in, and the password. Second factors are in second_factors.py.

They are written on the server, so that no password passes through Reflex.
"""

import uuid
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from integration_admin.api import html_parts as ui
from integration_admin.api.factor_access import Form, reader_of, wait_alert
from integration_admin.api.factor_pages import OWN_PAGE
from integration_admin.api.forms import back_to_sign_in, principal_of, see, text
from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.link_pages import new_password_field
from integration_admin.api.markup import Markup, join, tag
from integration_admin.api.origin import require_own_page
from integration_admin.api.own_pages import PASSWORD_PAGE, SESSIONS_PAGE
from integration_admin.api.problems import Route
from integration_admin.core.errors import InvalidInput, NotFound, TooManyAttempts
from integration_admin.core.figures import LOCALES
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.sessions import SessionView
from integration_admin.services.signed_in import Principal

_INSTANTS: Final = {"nb": "d. MMMM y 'kl.' HH:mm", "nn": "d. MMMM y 'kl.' HH:mm", "en": "d MMMM y, HH:mm"}


def own_account_routes(settings: Settings, pages: Pages) -> APIRouter:
    """Return the routes; whoever is not signed in is led to where one signs in, and back."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(route_class=Route, include_in_schema=False)
    ours = [Depends(own_page)]

    @router.get(SESSIONS_PAGE)
    async def sessions(request: Request) -> Response:
        person = await principal_of(request, settings)
        return back_to_sign_in(SESSIONS_PAGE) if person is None else await _show_sessions(pages, person)

    @router.post("/auth/sessions/end", dependencies=ours)
    async def end(request: Request, form: Form) -> RedirectResponse:
        person = await principal_of(request, settings)
        return back_to_sign_in(SESSIONS_PAGE) if person is None else await _end(person, text(form, "session"))

    @router.get(PASSWORD_PAGE)
    async def password(request: Request) -> Response:
        person = await principal_of(request, settings)
        return back_to_sign_in(PASSWORD_PAGE) if person is None else await _ask(pages, person)

    @router.post("/auth/password", dependencies=ours)
    async def change(request: Request, form: Form) -> Response:
        person = await principal_of(request, settings)
        return back_to_sign_in(PASSWORD_PAGE) if person is None else await _change(pages, person, form)

    return router


async def _show_sessions(pages: Pages, person: Principal) -> HTMLResponse:
    reader = reader_of(person)
    found = await container.current().people.sessions.own(person)
    about = msg(
        "Every browser you are signed in with. End those you do not know, and change your password then."
    )
    items = [
        tag("li", _session(reader, place, one, person.time_zone), class_="ds-card")
        for place, one in enumerate(found, start=1)
    ]
    others = ui.form(
        "/auth/sessions/end",
        ui.button(reader.say(msg("End all others")), variant="secondary", color="danger"),
    )
    return pages.page(
        reader,
        msg("Where you are signed in"),
        ui.paragraph(reader.say(about)),
        tag("ul", *items, class_="app-plain-list app-stack app-stack--small"),
        others if len(found) > 1 else None,
        ui.paragraph(ui.link(reader.say(msg("Change your password")), PASSWORD_PAGE)),
        ui.paragraph(ui.link(reader.say(msg("Your sign-in")), OWN_PAGE)),
    )


def _session(reader: Reader, place: int, one: SessionView, time_zone: str) -> Markup:
    """Draw one browser: what it is, since when, when it was last used, and the button that ends it."""
    name, begun = reader.say(one.device), _instant(one.created_at, reader, time_zone)
    seen = _instant(one.last_seen_at, reader, time_zone)
    mark = reader.say(msg("This is the one you are using now."))
    # Read out, each button says which session it ends; seen, it stands in that session's own box. Two may have begun
    # in the same minute and the same kind of browser, so its place in the list is read out, too.
    which = tag("span", f" ({place}: {name}, {begun})", class_="ds-sr-only")
    press = ui.button(join(reader.say(msg("End this session")), which), variant="secondary")
    return tag(
        "div",
        tag("h2", name, class_="ds-heading", data_size="xs"),
        ui.paragraph(tag("strong", mark)) if one.is_this else None,
        ui.paragraph(reader.say(msg("Signed in: {time}", time=begun))),
        ui.paragraph(reader.say(msg("Last used: {time}", time=seen))),
        None if one.is_this else ui.form("/auth/sessions/end", press, session=str(one.id)),
        class_="app-stack app-stack--small",
    )


async def _end(person: Principal, session: str) -> RedirectResponse:
    """End one session or, where none is named, all others; one that has ended already is no error."""
    sessions = container.current().people.sessions
    if not session:
        await sessions.end_others(person)
        return see(SESSIONS_PAGE)
    try:
        await sessions.end(person, uuid.UUID(session))
    except ValueError as error:
        raise NotFound(msg("This session has ended already.")) from error
    except NotFound:
        pass
    return see(SESSIONS_PAGE)


async def _ask(pages: Pages, person: Principal, error: InvalidInput | None = None) -> HTMLResponse:
    reader, wrong = reader_of(person), error.fields if error else {}
    asks_code = await container.current().reauthentication.asks_code(person)
    code = ui.code_field(
        reader, msg("Code"), msg("From your authenticator app, or one of your recovery codes."), None
    )
    form = ui.form(
        "/auth/password",
        tag("input", type="hidden", name="username", value=person.email, autocomplete="username"),
        ui.password_field(reader, "own_password", msg("Present password"), wrong.get("own_password")),
        code if asks_code else None,
        new_password_field(reader, wrong.get("password")),
        ui.button(reader.say(msg("Change the password"))),
        mark=await container.current().people.own_password.mark(person),
    )
    about = ui.paragraph(reader.say(msg("When it is changed, you are signed out everywhere but here.")))
    return pages.page(reader, msg("Change your password"), about, form, status=422 if error else 200)


async def _change(pages: Pages, person: Principal, form: FormData) -> HTMLResponse:
    reader, own_password = reader_of(person), container.current().people.own_password
    present, wanted = Secret(text(form, "own_password")), Secret(text(form, "password"))
    try:
        await own_password.change(person, present, wanted, text(form, "code"))
    except InvalidInput as error:
        if text(form, "mark") not in {"", await own_password.mark(person)}:
            return _changed_meanwhile(pages, reader)
        return await _ask(pages, person, error)
    except TooManyAttempts as error:
        title, told = msg("Change your password"), wait_alert(reader, error)
        return pages.page(reader, title, told, status=error.status)
    changed = msg("Your password is changed. You are signed out everywhere but here.")
    back = ui.paragraph(ui.link(reader.say(msg("Where you are signed in")), SESSIONS_PAGE))
    return pages.page(reader, msg("Change your password"), ui.alert(reader, "success", changed), back)


def _changed_meanwhile(pages: Pages, reader: Reader) -> HTMLResponse:
    """Answer a form that was sent twice, or drawn before the password was changed somewhere else."""
    sentence = msg(
        "Your password has been changed since this page was opened, so nothing is done now. If you sent the page"
        " twice, the new password counts."
    )
    back = ui.paragraph(ui.link(reader.say(msg("Where you are signed in")), SESSIONS_PAGE))
    return pages.page(
        reader, msg("Change your password"), ui.alert(reader, "info", sentence), back, status=409
    )


def _instant(at: datetime, reader: Reader, time_zone: str) -> str:
    language = reader.language
    return format_datetime(at, _INSTANTS[language], ZoneInfo(time_zone), locale=LOCALES[language])
