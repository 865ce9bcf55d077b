"""The organisation: who is told of what, and who is in it."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.notices import notices_section
from integration_admin.pages.parts import refusal
from integration_admin.states.notices import NoticesState
from integration_admin.states.organisation import MemberLine, MembersState
from integration_admin.states.session import SessionState

_COLUMNS = (t("Name"), t("E-mail address"), t("Role"))


@ui.page(
    "/settings/organisation",
    t("Organisation"),
    on_load=[SessionState.load, MembersState.load, NoticesState.load],
)
def organisation() -> rx.Component:
    """Draw the members, and for administrators the notices."""
    members = ui.table(t("Members"), _COLUMNS, rx.foreach(MembersState.members, _member), hide_caption=True)
    return rx.fragment(
        ui.heading(t("Members")),
        refusal(MembersState),
        ui.loading(MembersState.ready, members),
        rx.cond(SessionState.can_configure, notices_section()),
    )


def _member(line: rx.Var[MemberLine]) -> rx.Component:
    role = rx.match(
        line["role"],
        ("administrator", t("Administrator")),
        ("coordinator", t("Coordinator")),
        t("May only look"),
    )
    role_and_state = rx.cond(line["disabled"], rx.fragment(role, ", ", t("cannot sign in any more")), role)
    return ui.table_row(_COLUMNS, line["name"], line["email"], role_and_state, key=line["id"])
