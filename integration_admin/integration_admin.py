"""The front door: the Reflex app and its pages. Nothing is drawn or decided here."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import reflex as rx

from integration_admin.api.app import edge
from integration_admin.api.prerendered import PrerenderedPages
from integration_admin.bootstrap import bootstrap
from integration_admin.components.last_resort import around_what_may_fail
from integration_admin.components.shell import around_all_pages, while_starting
from integration_admin.core.messages import DEFAULT_LANGUAGE
from integration_admin.pages import (
    api_tokens,
    audit_log,
    credentials,
    dashboard,
    dry_run,
    excluded_data,
    failures,
    history,
    integration,
    mapping,
    member,
    not_found,
    organisation,
    reconciliation,
    records,
    schedule,
    sign_in,
    wizard,
)
from integration_admin.states.access import AccessMiddleware, is_handler
from integration_admin.states.mishaps import handler_failed, page_failed

application = bootstrap()

app = rx.App(
    # Designsystemet brings its own base styles.
    reset_style=False,
    stylesheets=["/app.css"],
    html_lang=DEFAULT_LANGUAGE,
    # Light or dark as the reader's device asks.
    html_custom_attrs={"data-color-scheme": "auto"},
    head_components=[rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml")],
    # Toasts vanish before some have read them; pages say it in place.
    toaster=None,
    backend_exception_handler=handler_failed,
    frontend_exception_handler=page_failed,
    hydrate_fallback=while_starting,
    api_transformer=[
        lambda app: PrerenderedPages(app, Path(".web/build/client")),
        *edge(application.settings, application.ready, knows=is_handler),
    ],
    extra_app_wraps={
        (55, "ErrorBoundary"): lambda _: around_what_may_fail(),
        (3, "AroundAllPages"): lambda _: rx.fragment(around_all_pages()),
    },
)
# Reflex's own words about a lost connection are English and toasts.
app.app_wraps.pop((5, "Overlay"))

app.add_middleware(AccessMiddleware())


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[None]:
    """Check the database and the keys; on SQLite, export for as long as the server runs."""
    async with application.serving():
        yield


app.register_lifespan_task(serving)

PAGES = (
    api_tokens,
    audit_log,
    credentials,
    dashboard,
    dry_run,
    excluded_data,
    failures,
    history,
    integration,
    mapping,
    member,
    not_found,
    organisation,
    reconciliation,
    records,
    schedule,
    sign_in,
    wizard,
)
"""Importing a page registers it."""
