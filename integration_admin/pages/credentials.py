"""The credential form: in the wizard, and as a page of its own for a set-up integration."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.description import description_form
from integration_admin.pages.parts import integration_trail, refusal
from integration_admin.states.credentials import CredentialRow, CredentialState
from integration_admin.states.description import DescriptionState
from integration_admin.states.health import HealthState
from integration_admin.states.session import SessionState


def _trail() -> rx.Component:
    return integration_trail(HealthState.name, HealthState.integration_id, t("Credentials"))


@ui.page(
    "/settings/integrations/[id]/credentials",
    t("Credentials"),
    above=_trail,
    on_load=[SessionState.load, HealthState.load, CredentialState.load, DescriptionState.load],
)
def credentials() -> rx.Component:
    """Draw the form with the reason an integration stopped, where it did."""
    stopped = ui.alert("danger", HealthState.stop_reason, title=t("The export has stopped"))
    return rx.fragment(rx.cond(HealthState.stop_reason, stopped), credential_form())


def credential_form() -> rx.Component:
    """Draw the fields the accounting system asks for, the test button and what the test said."""
    press = ui.button(
        rx.cond(CredentialState.testing, t("Testing the connection …"), t("Test Connection")),
        submit=True,
        busy=CredentialState.testing,
    )
    return ui.stack(
        rx.cond(CredentialState.describable, description_form()),
        refusal(CredentialState),
        ui.loading(
            CredentialState.ready,
            ui.form(
                rx.foreach(CredentialState.rows, _field),
                ui.row(press),
                on_submit=CredentialState.store_and_test,
                auto_complete="off",
            ),
        ),
        _report(),
    )


def _report() -> rx.Component:
    """Draw what the test said; the place is there before the words are, so that they are read out."""
    outcome = rx.cond(
        CredentialState.passed,
        ui.alert("success", CredentialState.report),
        ui.alert("danger", CredentialState.report),
    )
    warnings = rx.foreach(CredentialState.warnings, lambda text: ui.alert("warning", text))
    return rx.el.div(rx.cond(CredentialState.report, outcome), warnings, aria_live="polite", id="report")


def _field(row: rx.Var[CredentialRow]) -> rx.Component:
    applies = (row["only_when_field"] == "") | (
        CredentialState.chosen[row["only_when_field"]] == row["only_when_value"]
    )
    written = rx.cond(row["multiline"], _long_text(row), _text(row))
    plain = rx.cond(row["options"].length() > 0, _choice(row), written)
    return rx.el.div(
        rx.cond(applies, rx.cond(row["masked"], _secret(row), plain)),
        key=f"{row['name']}:{CredentialState.times_read}",
    )


def _choice(row: rx.Var[CredentialRow]) -> rx.Component:
    return ui.select_field(
        row["name"],
        row["label"],
        row["options"],
        help=row["help"],
        error=row["error"],
        required=row["required"],
        default_value=row["value"],
        on_change=lambda value: CredentialState.choose(row["name"], value),
    )


def _text(row: rx.Var[CredentialRow]) -> rx.Component:
    return ui.text_field(
        row["name"],
        row["label"],
        help=row["help"],
        error=row["error"],
        required=row["required"],
        default_value=row["value"],
    )


def _long_text(row: rx.Var[CredentialRow]) -> rx.Component:
    return ui.text_area(
        row["name"],
        row["label"],
        help=row["help"],
        error=row["error"],
        required=row["required"],
        rows=8,
        default_value=row["value"],
        spell_check=False,
    )


def _secret(row: rx.Var[CredentialRow]) -> rx.Component:
    return ui.stack(
        ui.password_field(
            row["name"], row["label"], help=row["help"], error=row["error"], required=row["required"]
        ),
        rx.cond(row["stored"], ui.paragraph(row["stored"])),
        gap="small",
    )
