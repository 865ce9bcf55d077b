"""The second factor beside the password, where a form asks who somebody is before a change."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.content import NativeLink
from integration_admin.states.reauthentication import ReauthenticationState


def own_code() -> rx.Component:
    """Draw the field for a code, and for people with a passkey the way to use that instead; nothing without either."""
    code = ui.text_field(
        "code",
        t("Code"),
        help=t("From your authenticator app, or one of your recovery codes."),
        required=True,
        auto_complete="one-time-code",
        auto_capitalize="none",
        spell_check=False,
    )
    # That page is written on the server, so the browser goes there by itself.
    passkey = NativeLink.create(
        t("Confirm with a passkey"), href=ReauthenticationState.passkey_page, class_name="ds-link"
    )
    return rx.cond(
        ReauthenticationState.asks_code,
        ui.stack(code, rx.cond(ReauthenticationState.passkey_page, ui.paragraph(passkey)), gap="small"),
    )
