"""Who comes to the pages about second factors: signed in and sure lately, half signed in, or neither."""

import math
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from integration_admin.api import html_parts as ui
from integration_admin.api.cookies import find_step
from integration_admin.api.factor_pages import CONFIRM_PAGE
from integration_admin.api.forms import cookies, let_in, principal_of, read_form, see, visit_of
from integration_admin.api.html_page import Reader
from integration_admin.api.language import language_of
from integration_admin.api.markup import Markup
from integration_admin.api.origin import own_path
from integration_admin.core.actor import Actor
from integration_admin.core.errors import IntegrationAdminError, TooManyAttempts
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import Permission, SignInStepKind
from integration_admin.services import container
from integration_admin.services.signed_in import Principal

Form = Annotated[FormData, Depends(read_form)]


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Somebody who may set up a factor: signed in and sure lately, or half signed in because they must."""

    actor: Actor
    email: str
    reader: Reader
    step: Secret | None


def reader_of(principal: Principal) -> Reader:
    """Return a signed-in person as a reader of pages."""
    actor = principal.actor
    return Reader(
        principal.language, actor.name, principal.organisation, administers=actor.may(Permission.CONFIGURE)
    )


def guest(request: Request) -> Reader:
    """Return somebody who has not signed in as a reader of pages."""
    return Reader(language_of(request))


async def sure(request: Request, settings: Settings) -> Principal | None:
    """Return who is signed in if they proved who they are lately; else they are asked again."""
    principal = await principal_of(request, settings)
    if principal is None or not container.current().reauthentication.is_recent(principal):
        return None
    return principal


async def enrolling(request: Request, settings: Settings) -> Enrolling | None:
    """Return who may set up a factor."""
    principal = await sure(request, settings)
    if principal is not None:
        return Enrolling(principal.actor, principal.email, reader_of(principal), None)
    return await half(request, settings, SignInStepKind.ENROL)


async def half(request: Request, settings: Settings, kind: SignInStepKind) -> Enrolling | None:
    """Return who is half signed in and has to do `kind` next."""
    token = find_step(cookies(request), settings)
    half = None if token is None else await container.current().factors.step.who(token)
    if half is None or half.kind is not kind:
        return None
    return Enrolling(half.actor, half.email, guest(request), token)


async def let_in_enrolled(response: Response, request: Request, who: Enrolling, settings: Settings) -> None:
    """Open the session of somebody who had to set up a factor first."""
    if who.step is not None:
        session = await container.current().factors.step.enrolled(who.step, visit_of(request, settings))
        await let_in(response, request, session, settings)


async def note_denied(principal: Principal, what: str) -> None:
    """Put into the audit log that somebody tried what their role does not allow."""
    await container.current().sign_in.note_denied(principal.actor, what)


def wait_alert(reader: Reader, error: IntegrationAdminError | None) -> Markup | None:
    """Return how long to wait after too many attempts."""
    if not isinstance(error, TooManyAttempts):
        return None
    minutes = math.ceil(error.retry_after / 60)
    sentence = msg(
        "There have been too many attempts. Minutes until you can try again: {count}", count=minutes
    )
    return ui.alert(reader, "warning", sentence)


def ask_again(target: str) -> RedirectResponse:
    """Lead to the question who it is; whoever is not signed in at all goes on to the sign-in page from there."""
    return see(with_next(CONFIRM_PAGE, target))


def with_next(page: str, target: str) -> str:
    """Return a page's address with where to go from there."""
    return f"{page}?{urlencode({'next': target})}"


def next_of(request: Request) -> str:
    """Return where somebody wants to go, as the address says."""
    return own_path(request.query_params.get("next", ""))
