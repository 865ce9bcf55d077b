"""The sections of the credentials page that change what an integration in use signs in with, one function each."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.effects import FocusWhen
from integration_admin.pages.own_code import confirm_first
from integration_admin.pages.parts import refusal
from integration_admin.states.credential_rotation import RotationState, SecretRow
from integration_admin.states.reauthentication import ReauthenticationState

_DIALOG = "remove-secrets"


def confirm_section() -> rx.Component:
    """Draw the question who it is, where it is a while since that was proved."""
    return confirm_first(
        t(
            "Whoever can change these secrets decides where the export goes. Type your own password before you change"
            " anything."
        ),
        ReauthenticationState.confirmed[0],
        title=t("Confirm that it is you"),
    )


def outcome_section() -> rx.Component:
    """Draw what the last change came to: a refusal, or what was done, which takes the focus."""
    warnings = rx.foreach(RotationState.done[1:], lambda text: ui.alert("warning", text))
    done = rx.cond(RotationState.done, rx.fragment(ui.alert("success", RotationState.done[0]), warnings))
    return rx.el.div(
        refusal(RotationState),
        FocusWhen.create(
            _place("rotation-done", done),
            element="rotation-done",
            when=RotationState.done,
            times=RotationState.times_told,
        ),
    )


def secrets_section() -> rx.Component:
    """Draw what is told of the stored secrets, and the form that replaces them."""
    press = ui.button(
        rx.cond(RotationState.working, t("Testing the new secrets …"), t("Test and replace")),
        submit=True,
        busy=RotationState.working,
    )
    failed = rx.cond(
        RotationState.failed,
        ui.alert(
            "danger",
            ui.paragraph(RotationState.failed),
            rx.cond(
                RotationState.any_stored,
                ui.paragraph(t("Nothing was changed: the secrets stored before are still in use.")),
            ),
            title=t("The new secrets do not work"),
        ),
    )
    return ui.section(
        "secrets-heading",
        t("Secrets"),
        ui.paragraph(
            t(
                "A stored secret (a key or a password) is never shown again. To replace it, type the new one: it is"
                " tested first, and takes the old one's place only if it works. The schedule stays as it is, and an"
                " export under way ends with the old one."
            )
        ),
        rx.el.div(rx.cond(RotationState.warning, ui.alert("warning", RotationState.warning))),
        ui.form(
            rx.foreach(RotationState.rows, _secret),
            _day("new-expires_on", t("The new secret expires on"), ""),
            ui.row(press),
            on_submit=RotationState.rotate,
            auto_complete="off",
            key=f"rotate:{RotationState.times_read}",
        ),
        rx.el.div(failed, id="rotation-report"),
    )


def expiry_section() -> rx.Component:
    """Draw until when the stored secrets are good, and the form that says so."""
    return ui.section(
        "expiry-heading",
        t("Expiry date"),
        ui.paragraph(RotationState.expiry, id="expiry-known"),
        ui.form(
            _day("expires_on", t("The stored secret expires on"), RotationState.expires_on),
            ui.row(ui.button(t("Save the date"), submit=True, variant="secondary")),
            on_submit=RotationState.set_expiry,
            key=f"expiry:{RotationState.times_read}",
        ),
    )


def remove_section() -> rx.Component:
    """Draw the button that removes the secrets, and the question before it does."""
    sure = ui.dialog(
        _DIALOG,
        t("Remove the stored secrets?"),
        ui.paragraph(
            t(
                "The export stops at once, and goes on only when somebody has entered new secrets that work. What"
                " is removed cannot be brought back. Remember to withdraw them in the accounting system too."
            )
        ),
        ui.row(
            ui.close_dialog(_DIALOG, t("Remove them"), color="danger", on_click=RotationState.remove),
            ui.close_dialog(_DIALOG, t("Keep them"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(_DIALOG, t("Remove the stored secrets"), variant="secondary", color="danger")
    return ui.section(
        "remove-heading",
        t("Remove"),
        ui.paragraph(t("Take the secrets away when this integration is not to sign in any more.")),
        ui.row(button),
        sure,
    )


def _secret(row: rx.Var[SecretRow]) -> rx.Component:
    return ui.stack(
        rx.cond(row["stored"], ui.paragraph(rx.el.strong(row["label"]), ": ", row["stored"])),
        ui.password_field(
            row["field"], row["label"], help=row["help"], error=row["error"], required=row["required"]
        ),
        gap="small",
    )


def _day(name: str, label: Text, value: Text) -> rx.Component:
    return ui.text_field(
        name,
        label,
        help=t(
            "The last day it can be used, if you know it: day, month and year, such as 31.05.2027. The status warns of"
            " it from 30 days before."
        ),
        error=ui.error_for(RotationState.errors, name),
        input_mode="decimal",
        auto_complete="off",
        default_value=value,
    )


def _place(element: str, *children: rx.Component) -> rx.Component:
    """Draw the place of a sentence that takes the focus; it is always there."""
    return rx.el.div(*children, custom_attrs={"id": element, "tabIndex": -1})
