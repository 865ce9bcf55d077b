"""Reflex's settings. Reflex imports this file before the app and before every build."""

import reflex as rx

from integration_admin.commands.build import SameOrigin
from integration_admin.commands.first_paint import PrerenderEveryPage, StylesFirst
from integration_admin.commands.lighter_scripts import (
    BegunApart,
    CompiledAhead,
    NoCookies,
    NoErrorsBeforehand,
)
from integration_admin.core.settings import load_settings

settings = load_settings()

config = rx.Config(
    app_name="integration_admin",
    backend_host="127.0.0.1",
    # The websocket accepts only pages from the address people open; the default accepts any site.
    cors_allowed_origins=[settings.public_url],
    deploy_url=settings.public_url,
    trusted_proxy_hops=settings.trusted_proxies,
    # The default writes every state, cookies included, to disk as pickles.
    state_manager_mode="redis" if settings.redis_url else "memory",
    redis_url=settings.redis_url or None,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_packages=["@digdir/designsystemet-css@1.22.0"],
    frontend_compression_formats=["brotli", "gzip"],
    plugins=[
        SameOrigin(),
        PrerenderEveryPage(),
        StylesFirst(),
        NoCookies(),
        NoErrorsBeforehand(),
        BegunApart(),
        CompiledAhead(),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
