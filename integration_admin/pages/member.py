"""One member of the organisation: the role, a link for a new password, the sessions, and removing them."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.pages.organisation_parts import MEMBERS, ROLES, confirm_access, one_time_link
from integration_admin.pages.parts import refusal, saved_again
from integration_admin.states.member import MemberState
from integration_admin.states.session import SessionState

_REMOVE = "remove-member"


def _trail() -> rx.Component:
    return ui.breadcrumbs((t("Organisation"), MEMBERS), current=_name())


def _name() -> Text:
    return rx.cond(MemberState.name, MemberState.name, t("Member"))


@ui.page(
    "/settings/organisation/members/[member]",
    t("Member"),
    heading=_name(),
    above=_trail,
    on_load=[SessionState.load, MemberState.load],
)
def member() -> rx.Component:
    """Draw what an administrator may do for one member."""
    done = rx.foreach(MemberState.done, lambda sentence: ui.alert("success", sentence, in_live_region=True))
    there = ui.loading(
        MemberState.ready,
        ui.facts((t("E-mail address"), MemberState.email)),
        _role(),
        _password(),
        _sessions(),
        _remove(),
    )
    shown = SessionState.can_configure & ~MemberState.missing
    return rx.fragment(
        refusal(MemberState),
        confirm_access(),
        saved_again(MemberState.done, rx.el.div(done), MemberState.times_told),
        rx.el.div(rx.cond(shown, there)),
    )


def _role() -> rx.Component:
    form = ui.form(
        ui.select_field(
            "role",
            t("Role"),
            ROLES,
            help=t("Coordinators start exports and mend what failed. Administrators change all settings."),
            error=ui.error_for(MemberState.errors, "role"),
            required=True,
            default_value=MemberState.role,
        ),
        ui.row(ui.button(t("Save the role"), submit=True)),
        on_submit=MemberState.change_role,
        key=MemberState.times_read.to_string(),
    )
    return ui.stack(ui.heading(t("Role")), form)


def _password() -> rx.Component:
    about = t(
        "With a link they choose a new password themselves. It works once, within an hour. Their present password"
        " works until then."
    )
    make = ui.button(t("Make a link for a new password"), variant="secondary", on_click=MemberState.make_link)
    return ui.stack(
        ui.heading(t("New password")), ui.paragraph(about), ui.row(make), one_time_link(MemberState)
    )


def _sessions() -> rx.Component:
    end = ui.button(t("End all sessions"), variant="secondary", on_click=MemberState.end_sessions)
    about = t("They are signed out everywhere, at once, and can sign in again.")
    return ui.stack(ui.heading(t("Sessions")), ui.paragraph(about), ui.row(end))


def _remove() -> rx.Component:
    """Draw the button, and the question that comes before it."""
    left = t(
        "API tokens they made go on working: {tokens}. Whoever has one of them can still use it. Revoke those that"
        " nobody else answers for, under API tokens.",
        tokens=MemberState.goes_on,
    )
    sure = ui.dialog(
        _REMOVE,
        t("Remove {person}?", person=MemberState.name),
        ui.paragraph(
            t(
                "They are signed out everywhere and cannot sign in any more. What they did stays in the audit log."
            )
        ),
        ui.paragraph(t("Invitations and links for new passwords that they made for others work no more.")),
        rx.cond(MemberState.goes_on, ui.paragraph(left)),
        ui.row(
            ui.close_dialog(_REMOVE, t("Remove"), color="danger", on_click=MemberState.remove),
            ui.close_dialog(_REMOVE, t("Leave it as it is"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(_REMOVE, t("Remove the member"), variant="secondary", color="danger")
    return ui.stack(ui.heading(t("Remove")), ui.row(button), sure)
