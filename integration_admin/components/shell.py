"""What is around every page: skip link, header, navigation, notices, main, footer; and how pages are registered."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import reflex as rx
from reflex_components_core.core.banner import has_too_many_connection_errors
from reflex_components_core.react_router.dom import ReactRouterLink

from integration_admin.components.content import NativeLink, button, jump_link
from integration_admin.components.effects import (
    DialogButtons,
    FindLostFocus,
    FocusOnNavigation,
    FollowLanguage,
    RefuseUnfinishedDates,
    SayNewVersion,
)
from integration_admin.components.feedback import alert
from integration_admin.components.fields import native_form
from integration_admin.components.texts import Text, t
from integration_admin.states.language import LanguageState
from integration_admin.states.shell import ShellState

PRODUCT = "Integration Admin"
LANGUAGE_NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}


class NavLink(ReactRouterLink):
    """A link that carries `aria-current` while its address or one below it is shown."""

    tag = "NavLink"
    alias = "NavLink"


def page(
    route: str,
    title: Text,
    *,
    heading: Text = "",
    on_load: Any = None,
    above: Callable[[], rx.Component] | None = None,
    guest: bool = False,
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Register a function as the page at `route`, drawn inside the shell.

    `title` is the document's title and, unless `heading` says otherwise, the page's only h1.
    `above` draws what stands before the h1, such as breadcrumbs; `guest` says that people come here
    without having signed in. Every page takes part in the state, so its `on_load` handlers run on each visit.
    """
    shown = title if isinstance(heading, str) and not heading else heading

    def register(draw: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        @wraps(draw)
        def drawn() -> rx.Component:
            return shell(shown, draw(), above=above() if above else None, guest=guest)

        rx.page(route=route, title=document_title(title), on_load=on_load)(drawn)
        return draw

    return register


def document_title(title: Text) -> Text:
    """Return a page's title with the product's name after it."""
    whole = f"{title} | {PRODUCT}"
    return rx.Var.create(whole).to(str) if isinstance(title, rx.Var) else whole


def shell(
    title: Text, *children: rx.Component, above: rx.Component | None = None, guest: bool = False
) -> rx.Component:
    """Draw a whole page: `title` is its h1."""
    return rx.fragment(
        jump_link(t("Skip to content"), "main", class_name="ds-skip-link"),
        guest_header() if guest else site_header(),
        rx.el.main(
            _notices(),
            above or rx.fragment(),
            rx.el.h1(
                title, class_name="ds-heading ds-focus", custom_attrs={"data-size": "md", "tabIndex": -1}
            ),
            *children,
            class_name="app-main app-stack app-stack--large",
            custom_attrs={"id": "main", "tabIndex": -1},
        ),
        _footer(),
    )


@rx.memo
def around_all_pages() -> rx.Component:
    """Draw what lives as long as the document: the browser effects and the word about a lost connection.

    It is a memo so that its hooks run inside Reflex's state provider.
    """
    lost = alert(
        "warning", t("The connection to the server is lost. It is being restored; wait before you go on.")
    )
    return rx.fragment(
        FollowLanguage.create(),
        FocusOnNavigation.create(),
        FindLostFocus.create(),
        DialogButtons.create(),
        RefuseUnfinishedDates.create(),
        SayNewVersion.create(
            words=t("There is a new version of this program. Load the page again to go on."),
            again=t("Load the page again"),
        ),
        rx.el.div(rx.cond(has_too_many_connection_errors, lost), class_name="app-connection"),
    )


@rx.memo
def site_header() -> rx.Component:
    """Draw the header; a memo, so that its code is in the bundle once and not once a page.

    All of it is there before the state is, so that nothing below it moves when the names arrive.
    """
    return _header(_organisation(), _sign_out(), _navigation())


@rx.memo
def guest_header() -> rx.Component:
    """Draw the header for somebody who has perhaps not signed in."""
    parts = (_organisation(), _sign_out(), _navigation())
    return _header(*(rx.cond(ShellState.person, part) for part in parts))


def _header(organisation: rx.Component, leave: rx.Component, parts: rx.Component) -> rx.Component:
    brand = ReactRouterLink.create(PRODUCT, to="/settings/integrations", class_name="app-brand")
    side = rx.el.div(_languages(), leave, class_name="app-row")
    return rx.el.header(
        rx.el.div(rx.el.div(brand, organisation), side, class_name="app-bar"), parts, class_name="app-header"
    )


def _organisation() -> rx.Component:
    return rx.el.span(ShellState.organisation, class_name="app-organisation")


def _navigation() -> rx.Component:
    """Draw the parts of the product; the one this page belongs to is marked."""
    parts = (_part("/settings/integrations", t("Integrations")), _part("/records", t("Records")))
    # Until it is known who reads, the links of administrators have their room, and are for nobody to see or hear.
    unseen = rx.cond(ShellState.administers, "", "app-unseen")
    administration = (
        _part("/settings/organisation", t("Organisation"), unseen),
        _part("/settings/audit-log", t("Audit log"), unseen),
    )
    shown = ShellState.administers | (ShellState.person == "")
    items = rx.el.ul(*parts, rx.cond(shown, rx.fragment(*administration)))
    return rx.el.nav(items, class_name="app-nav", aria_label=t("Main menu"))


def _part(address: str, text: Text, class_name: Text = "") -> rx.Component:
    link = NavLink.create(text, to=address, custom_attrs={"aria-current": "true"})
    return rx.el.li(link, class_name=class_name)


def _languages() -> rx.Component:
    """Draw one button a language, each named in its own; the chosen one is marked."""
    choices = [
        rx.el.button(
            name,
            type="submit",
            class_name="ds-button",
            custom_attrs={
                "name": "language",
                "value": code,
                "lang": code,
                "data-variant": "tertiary",
                "data-color": "neutral",
                "data-size": "sm",
                "aria-pressed": rx.cond(LanguageState.language == code, "true", "false"),
            },
        )
        for code, name in LANGUAGE_NAMES.items()
    ]
    return native_form(
        *choices, action="/auth/language", class_name="app-languages", aria_label=t("Language")
    )


def _sign_out() -> rx.Component:
    leave = button(t("Sign out"), submit=True, variant="secondary", custom_attrs={"data-size": "sm"})
    # That page is written on the server, so the browser goes there by itself.
    person = NativeLink.create(
        ShellState.person,
        rx.el.span(" – ", t("Your sign-in"), class_name="ds-sr-only"),
        href="/settings/sign-in",
        class_name="ds-link app-person",
    )
    return rx.fragment(person, native_form(leave, action="/auth/sign-out"))


def _notices() -> rx.Component:
    """Draw the page-wide notice and problem; the places for them are there before the words are."""
    return rx.el.div(
        rx.el.div(
            rx.cond(ShellState.notice, alert("success", ShellState.notice, in_live_region=True)),
            aria_live="polite",
        ),
        rx.el.div(rx.cond(ShellState.problem, alert("danger", ShellState.problem))),
        class_name="app-notices",
    )


def while_starting() -> rx.Component:
    """Draw what is seen at an address that leads nowhere, before the first script has run."""
    bars = [rx.el.div(class_name="ds-skeleton") for _ in range(3)]
    return rx.fragment(
        rx.el.title(PRODUCT),
        rx.el.header(
            rx.el.div(rx.el.div(PRODUCT, class_name="app-brand"), class_name="app-bar"),
            class_name="app-header",
        ),
        rx.el.main(
            rx.el.div(*bars, class_name="app-stack app-stack--small app-bars"),
            class_name="app-main",
            custom_attrs={"aria-busy": "true"},
        ),
    )


def _footer() -> rx.Component:
    return rx.el.footer(
        rx.el.p(
            t("Each approved expense claim is sent to your accounting system exactly once."),
            class_name="app-bar",
        ),
        class_name="app-footer",
    )
