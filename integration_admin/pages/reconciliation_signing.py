"""The part of a month's page that signs it off, for administrators."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.own_code import confirm_first
from integration_admin.states.reconciliation import MonthState


def signing() -> rx.Component:
    """Draw the form that signs a month, or why it cannot be signed."""
    form = ui.form(
        ui.paragraph(
            t(
                "With your name you say that you have looked through the month and that what differs is explained."
                " What is signed cannot be changed any more; a later comparison is a new version."
            )
        ),
        ui.text_area(
            "note",
            t("Remark"),
            help=t("Such as why something differs. It stands in the statement."),
            error=ui.error_for(MonthState.errors, "note"),
            rows=3,
        ),
        ui.row(ui.button(t("Sign off"), submit=True)),
        on_submit=MonthState.sign,
    )
    confirm = confirm_first(
        t("Before you sign off, confirm that it is you: type your own password."),
        t("Thank you. You can sign off for the next ten minutes."),
    )
    return rx.el.section(
        ui.heading(t("Sign off"), id="signing"),
        rx.cond(
            MonthState.signed,
            ui.paragraph(rx.cond(MonthState.note, MonthState.note, t("No remark."))),
            rx.cond(
                MonthState.not_signable,
                ui.paragraph(MonthState.not_signable),
                ui.stack(confirm, form),
            ),
        ),
        aria_labelledby="signing",
        class_name="app-stack app-stack--small",
    )
