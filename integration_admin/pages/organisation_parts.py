"""What the organisation's pages share: the links between them, the roles in words, and a one-time link to pass on."""

from typing import Any

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import NativeLink
from integration_admin.states.handing import LINK_FIELD
from integration_admin.states.session import SessionState

MEMBERS = "/settings/organisation"
NOTICES = "/settings/organisation/notices"
API_TOKENS = "/settings/organisation/api-tokens"
_FACTORS = "/settings/sign-in/members"
"""Written on the server, so the browser itself goes there."""

ROLES = (
    ("viewer", t("May only look")),
    ("coordinator", t("Coordinator")),
    ("administrator", t("Administrator")),
)


def organisation_parts(current: str) -> rx.Component:
    """Draw the links between the organisation's pages, for administrators; everybody else has but one of them."""
    parts = ((MEMBERS, t("Members")), (NOTICES, t("Notices")), (API_TOKENS, t("API tokens")))
    links = [rx.el.li(_link(text, address, current)) for address, text in parts]
    factors = rx.el.li(NativeLink.create(t("Second factors"), href=_FACTORS, class_name="ds-link"))
    items = rx.el.ul(*links, factors, class_name="app-plain-list app-row app-parts")
    nav = rx.el.nav(items, aria_label=t("Parts of the organisation"))
    return rx.el.div(rx.cond(SessionState.can_configure, nav))


def role_name(role: rx.Var[str]) -> rx.Component:
    """Draw a role in words."""
    return rx.match(
        role,
        ("administrator", t("Administrator")),
        ("coordinator", t("Coordinator")),
        t("May only look"),
    )


def one_time_link(state: Any) -> rx.Component:
    """Draw how the link that was just made got on its way, and the field that shows it once."""
    field = ui.text_field(
        LINK_FIELD,
        t("Link"),
        help=t("It is shown this once."),
        required=True,
        read_only=True,
        auto_complete="off",
        spell_check=False,
    )
    return ui.stack(
        rx.el.div(rx.cond(state.mailed, ui.alert("success", state.mailed)), aria_live="polite"),
        rx.el.div(rx.cond(state.to_pass_on, ui.alert("info", state.to_pass_on)), aria_live="polite"),
        rx.el.div(field, hidden=state.to_pass_on == ""),
    )


def _link(text: Text, address: str, current: str) -> rx.Component:
    marked = {"custom_attrs": {"aria-current": "page"}} if address == current else {}
    return ui.link(text, address, **marked)
