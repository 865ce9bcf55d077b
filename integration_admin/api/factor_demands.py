"""What an organisation demands of its members at sign-in, over HTTP; for administrators."""

import uuid

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from integration_admin.api.demand_pages import demands as draw_demands
from integration_admin.api.factor_access import Form, ask_again, note_denied, reader_of, sure
from integration_admin.api.factor_pages import DEMANDS_PAGE
from integration_admin.api.forms import back_to_sign_in, principal_of, see, text
from integration_admin.api.html_page import Pages
from integration_admin.core.errors import InvalidInput, NotFound, NotPermitted
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import FactorDemand
from integration_admin.services import container
from integration_admin.services.signed_in import Principal


def add_demand_page(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add the page that says who must have a second factor, and who has one."""

    @router.get(DEMANDS_PAGE)
    async def demands(request: Request) -> Response:
        principal = await principal_of(request, settings)
        if principal is None:
            return back_to_sign_in(DEMANDS_PAGE)
        return await _demands_page(pages, principal)


def add_demand_forms(router: APIRouter, settings: Settings, pages: Pages) -> None:
    """Add what changes that."""

    @router.post("/second-factor/demand")
    async def demand(request: Request, form: Form) -> Response:
        principal = await sure(request, settings)
        if principal is None:
            return ask_again(DEMANDS_PAGE)
        try:
            chosen = FactorDemand(text(form, "demand"))
            await container.current().factors.demands.set(principal.actor, chosen)
        except InvalidInput as error:
            return await _demands_page(pages, principal, error)
        except ValueError:
            return await _demands_page(pages, principal, InvalidInput(msg("Choose one of the three.")))
        except NotPermitted:
            await note_denied(principal, "second-factor/demand")
            raise
        return see(DEMANDS_PAGE)

    @router.post("/second-factor/reset")
    async def reset(request: Request, form: Form) -> Response:
        principal = await sure(request, settings)
        if principal is None:
            return ask_again(DEMANDS_PAGE)
        try:
            await container.current().factors.demands.reset(principal.actor, _id(text(form, "member")))
        except InvalidInput as error:
            return await _demands_page(pages, principal, error)
        except (NotPermitted, NotFound):
            await note_denied(principal, "second-factor/reset")
            raise
        return see(DEMANDS_PAGE)


async def _demands_page(
    pages: Pages, principal: Principal, error: InvalidInput | None = None
) -> HTMLResponse:
    services, reader = container.current(), reader_of(principal)
    try:
        members = await services.factors.demands.members(principal.actor)
    except NotPermitted:
        await note_denied(principal, "sign-in/members")
        raise
    own = await services.factors.own.own(principal.actor)
    recent = services.reauthentication.is_recent(principal)
    shown = draw_demands(reader, own, members, error.message if error else None, recent=recent)
    return pages.page(
        reader, msg("Second factors in the organisation"), shown, status=error.status if error else 200
    )


def _id(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise NotFound(msg("There is no such member.")) from None
