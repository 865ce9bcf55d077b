"""What the organisation's pages share: the links between them, roles in words, who one is, a one-time link."""

from typing import Any

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import NativeLink
from integration_admin.pages.own_code import confirm_first
from integration_admin.pages.parts import saved_again
from integration_admin.states.handing import LINK_FIELD
from integration_admin.states.session import SessionState

MEMBERS = "/settings/organisation"
NOTICES = "/settings/organisation/notices"
API_TOKENS = "/settings/organisation/api-tokens"
_FACTORS = "/settings/sign-in/members"
_PROVIDER = "/settings/sign-in/provider"
"""Both are written on the server, so the browser itself goes there."""

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
    provider = rx.el.li(NativeLink.create(t("Sign-in provider"), href=_PROVIDER, class_name="ds-link"))
    items = rx.el.ul(*links, factors, provider, class_name="app-plain-list app-row app-parts")
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


def confirm_access() -> rx.Component:
    """Draw the question for the person's own password before somebody is let in, or further in."""
    return confirm_first(
        t(
            "Before you let anybody in, or change who may do what, confirm that it is you: type your own password."
        ),
        t("Thank you. Do again what you were about to do; you are not asked for the next ten minutes."),
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
        saved_again(state.mailed, ui.alert("success", state.mailed, in_live_region=True), state.times_handed),
        saved_again(
            state.to_pass_on, ui.alert("info", state.to_pass_on, in_live_region=True), state.times_handed
        ),
        rx.el.div(field, hidden=state.to_pass_on == ""),
    )


def _link(text: Text, address: str, current: str) -> rx.Component:
    marked = {"custom_attrs": {"aria-current": "page"}} if address == current else {}
    return ui.link(text, address, **marked)
