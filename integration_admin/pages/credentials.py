"""The credential form: in the wizard, and as a page of its own for a set-up integration."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.effects import FocusWhen, in_slices, ready_here
from integration_admin.components.kept import CarrySecrets, keep_typed_here
from integration_admin.pages.credential_rotation import (
    confirm_section,
    expiry_section,
    outcome_section,
    remove_section,
    secrets_section,
)
from integration_admin.pages.description import description_form
from integration_admin.pages.parts import integration_trail, refusal
from integration_admin.states.credential_rotation import RotationState
from integration_admin.states.credentials import CredentialRow, CredentialState
from integration_admin.states.description import DescriptionState
from integration_admin.states.health import HealthState
from integration_admin.states.reauthentication import ReauthenticationState
from integration_admin.states.session import SessionState


def _trail() -> rx.Component:
    return integration_trail(HealthState.name, HealthState.integration_id, t("Credentials"))


@ui.page(
    "/settings/integrations/[id]/credentials",
    t("Credentials"),
    above=_trail,
    # The sections come before the form, so that all of it is drawn at once.
    on_load=[
        SessionState.load,
        HealthState.load,
        ReauthenticationState.load,
        RotationState.load,
        CredentialState.load,
        DescriptionState.load,
    ],
)
def credentials() -> rx.Component:
    """Draw why an integration has stopped, where it has, its secrets, and the form with its settings."""
    stopped = ui.alert("danger", HealthState.stop_reason, title=t("The export has stopped"))
    in_use = in_slices(ready_here(CredentialState) & ready_here(RotationState))
    expiry = rx.cond(RotationState.any_stored, expiry_section())
    heading = ui.heading(t("Address and settings"))
    return rx.fragment(
        keep_typed_here(),
        CarrySecrets.create(),
        rx.cond(HealthState.stop_reason, stopped),
        confirm_section(),
        outcome_section(),
        rx.cond(in_use, ui.stack(secrets_section(), expiry, heading, gap="large")),
        credential_form(secrets_above=True),
        rx.cond(in_use & RotationState.any_stored, remove_section()),
    )


def credential_form(*, secrets_above: bool = False) -> rx.Component:
    """Draw the fields the accounting system asks for, the test button and what the test said.

    `secrets_above` leaves out the secrets that a form of their own on the same page asks for.
    """
    then = [RotationState.load, HealthState.load] if secrets_above else []
    press = ui.button(
        rx.cond(CredentialState.testing, t("Testing the connection …"), t("Test Connection")),
        submit=True,
        busy=CredentialState.testing,
    )
    to_choose = rx.cond(CredentialState.undecided, CredentialState.undecided[0], "")
    return ui.stack(
        rx.cond(CredentialState.describable, description_form()),
        refusal(CredentialState),
        FocusWhen.create(element=to_choose, when=CredentialState.undecided, times=CredentialState.times_told),
        ui.loading(
            ready_here(CredentialState),
            ui.form(
                rx.foreach(CredentialState.rows, lambda row: _field(row, secrets_above)),
                ui.row(press),
                on_submit=[CredentialState.store_and_test, *then],
                auto_complete="off",
            ),
            refusal=CredentialState.refusal,
        ),
        _report(),
    )


def _report() -> rx.Component:
    """Draw what the test said; the place is there before the words are, so that they are read out."""
    refused = rx.cond(
        CredentialState.undecided,
        ui.alert("info", CredentialState.report, in_live_region=True),
        ui.alert("danger", CredentialState.report, in_live_region=True),
    )
    connected = ui.alert("success", CredentialState.report, in_live_region=True)
    outcome = rx.cond(CredentialState.passed, connected, refused)
    warnings = rx.foreach(
        CredentialState.warnings, lambda text: ui.alert("warning", text, in_live_region=True)
    )
    return rx.el.div(
        rx.cond(CredentialState.report, outcome),
        warnings,
        class_name="app-stack app-stack--small",
        aria_live="polite",
        id="report",
    )


def _field(row: rx.Var[CredentialRow], secrets_above: bool) -> rx.Component:  # noqa: FBT001, the page knows
    applies = (row["only_when_field"] == "") | (
        CredentialState.chosen[row["only_when_field"]] == row["only_when_value"]
    )
    written = rx.cond(row["multiline"], _long_text(row), _text(row))
    offered = rx.cond(row["options"].length() > 0, _choice(row), written)
    plain = rx.cond(row["listed"], _found(row), offered)
    secret = _secret(row)
    if secrets_above:
        # One that is missing because the address was changed is asked for here, as one not asked for above is.
        replaced_above = RotationState.names.contains(row["name"]) & (row["error"] == "")
        secret = rx.cond(replaced_above, rx.fragment(), secret)
    return rx.el.div(
        rx.cond(applies, rx.cond(row["masked"], secret, plain)),
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


def _found(row: rx.Var[CredentialRow]) -> rx.Component:
    """Draw what the connection test found; what is stored is chosen, or nothing yet."""
    return ui.select_field(
        row["name"],
        row["label"],
        row["options"],
        help=row["help"],
        error=row["error"],
        required=row["required"],
        placeholder=t("Choose from the list"),
        default_value=row["value"],
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
