"""The organisation: who is in it and who is invited, and the way to its other parts."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.kept import keep_typed_here
from integration_admin.pages.notices import notices_section
from integration_admin.pages.organisation_parts import (
    MEMBERS,
    NOTICES,
    ROLES,
    confirm_access,
    one_time_link,
    organisation_parts,
    role_name,
)
from integration_admin.pages.parts import refusal, saved_again
from integration_admin.states.notices import NoticesState
from integration_admin.states.organisation import InvitationLine, MemberLine, MembersState
from integration_admin.states.session import SessionState

_COLUMNS = (t("Name"), t("E-mail address"), t("Role"))
_INVITED = (
    t("Name"),
    t("E-mail address"),
    t("Role"),
    t("Invited by"),
    t("The link works until"),
    t("Change"),
)


@ui.page("/settings/organisation", t("Organisation"), on_load=[SessionState.load, MembersState.load])
def organisation() -> rx.Component:
    """Draw the members and, for administrators, the invitations."""
    members = ui.table(t("Members"), _COLUMNS, rx.foreach(MembersState.members, _member), hide_caption=True)
    return rx.fragment(
        keep_typed_here(),
        organisation_parts(MEMBERS),
        refusal(MembersState),
        confirm_access(),
        ui.loading(
            MembersState.ready,
            ui.stack(ui.heading(t("Members")), members),
            rx.el.div(rx.cond(SessionState.can_configure, _inviting())),
        ),
    )


@ui.page(
    "/settings/organisation/notices",
    t("Notices"),
    heading=t("Organisation"),
    on_load=[SessionState.load, NoticesState.load],
)
def notices() -> rx.Component:
    """Draw the notices, for administrators."""
    return rx.fragment(
        keep_typed_here(boxes=True),
        organisation_parts(NOTICES),
        rx.el.div(rx.cond(SessionState.can_configure, notices_section())),
    )


def _member(line: rx.Var[MemberLine]) -> rx.Component:
    role = role_name(line["role"])
    role_and_state = rx.cond(line["disabled"], rx.fragment(role, ", ", t("cannot sign in any more")), role)
    name = rx.cond(line["href"], ui.link(line["name"], line["href"]), line["name"])
    return ui.table_row(_COLUMNS, name, line["email"], role_and_state, key=line["id"])


def _inviting() -> rx.Component:
    invited = ui.table(
        t("Invitations"), _INVITED, rx.foreach(MembersState.invitations, _invitation), hide_caption=True
    )
    said = ui.alert("success", MembersState.withdrawn, in_live_region=True)
    return ui.stack(
        ui.heading(t("Invite somebody")),
        _form(),
        one_time_link(MembersState),
        ui.heading(t("Invitations nobody has used yet")),
        saved_again(MembersState.withdrawn, said, MembersState.times_told),
        rx.cond(MembersState.invitations, invited, ui.paragraph(t("There are none."))),
    )


def _form() -> rx.Component:
    by_mail = t("They get an e-mail with a link that works once, within three days.")
    by_hand = t("This server sends no e-mail. You get a link to pass on; it works once, within three days.")
    return ui.form(
        ui.drawn(MembersState.times_read),
        ui.paragraph(rx.cond(MembersState.mail_is_set_up, by_mail, by_hand)),
        ui.text_field(
            "name",
            t("Name"),
            required=True,
            error=ui.error_for(MembersState.errors, "name"),
            auto_complete="off",
        ),
        ui.text_field(
            "email",
            t("E-mail address"),
            required=True,
            error=ui.error_for(MembersState.errors, "email"),
            type="email",
            auto_complete="off",
        ),
        ui.select_field(
            "role",
            t("Role"),
            ROLES,
            help=t("Coordinators start exports and mend what failed. Administrators change all settings."),
            error=ui.error_for(MembersState.errors, "role"),
            required=True,
            default_value="viewer",
        ),
        ui.row(ui.button(t("Invite"), submit=True)),
        on_submit=MembersState.invite,
        key=MembersState.times_read.to_string(),
    )


def _invitation(line: rx.Var[InvitationLine]) -> rx.Component:
    again = ui.button(
        t("New link"),
        variant="secondary",
        on_click=MembersState.invite_again(line["id"]),
        aria_label=t("New link for {person}", person=line["email"]),
    )
    withdraw = ui.button(
        t("Withdraw"),
        variant="secondary",
        color="danger",
        on_click=MembersState.withdraw(line["id"]),
        aria_label=t("Withdraw the invitation of {person}", person=line["email"]),
    )
    return ui.table_row(
        _INVITED,
        line["name"],
        line["email"],
        role_name(line["role"]),
        line["invited_by"],
        line["until"],
        ui.row(again, withdraw),
        key=line["id"],
    )
