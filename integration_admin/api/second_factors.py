"""Second factors over HTTP, put together: pages for anybody's browser, and forms that only our own pages send."""

from fastapi import APIRouter, Depends, Request

from integration_admin.api.factor_demands import add_demand_forms, add_demand_page
from integration_admin.api.html_page import Pages
from integration_admin.api.origin import require_own_page
from integration_admin.api.own_factors import add_confirm_form, add_own_forms, add_own_pages
from integration_admin.api.passkeys import (
    add_passkey_answers,
    add_passkey_changes,
    add_passkey_form,
    add_passkey_page,
    add_passkey_questions,
)
from integration_admin.api.problems import Route
from integration_admin.api.second_step import add_app_forms, add_code_form, add_step_pages
from integration_admin.core.settings import Settings


def factor_routes(settings: Settings, pages: Pages) -> APIRouter:
    """Return the pages and forms of the second step and of everybody's own second factors."""

    def own_page(request: Request) -> None:
        require_own_page(request, settings)

    router = APIRouter(route_class=Route, include_in_schema=False)
    for add in (add_step_pages, add_own_pages, add_demand_page, add_passkey_page):
        add(router, settings, pages)
    forms = APIRouter(
        prefix="/auth", route_class=Route, include_in_schema=False, dependencies=[Depends(own_page)]
    )
    for add in (add_code_form, add_app_forms, add_own_forms, add_confirm_form, add_demand_forms):
        add(forms, settings, pages)
    for add in (add_passkey_questions, add_passkey_answers, add_passkey_form, add_passkey_changes):
        add(forms, settings, pages)
    router.include_router(forms)
    return router
