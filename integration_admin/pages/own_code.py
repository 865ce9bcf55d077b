"""The question for a person's own password before a change, and for the second factor beside it."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import NativeLink
from integration_admin.components.effects import FocusFirstWrong, FocusWhen
from integration_admin.pages.parts import refused
from integration_admin.states.reauthentication import ReauthenticationState


def _code() -> rx.Component:
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


def _provider() -> rx.Component:
    """Draw the way to prove oneself with the organisation's sign-in provider instead."""
    words = t("Confirm with {name}", name=ReauthenticationState.provider_name)
    return NativeLink.create(words, href=ReauthenticationState.provider_page, class_name="ds-link")


def confirm_first(why: Text, thanks: Text, title: Text | None = None) -> rx.Component:
    """Draw the question, where it is a while since the person proved who they are, and the thanks, which take the focus.

    With a title it is a section of the page.
    """
    question = _question(why)
    told = rx.cond(ReauthenticationState.confirmed, ui.alert("success", thanks))
    return rx.el.div(
        FocusWhen.create(
            rx.el.div(told, custom_attrs={"id": "confirmed", "tabIndex": -1}),
            element="confirmed",
            when=ReauthenticationState.confirmed,
            times=ReauthenticationState.times_told,
        ),
        rx.cond(
            ReauthenticationState.needed,
            question if title is None else ui.section("confirm-heading", title, question),
        ),
    )


def _question(why: Text) -> rx.Component:
    return ui.form(
        ui.paragraph(why),
        refused(ReauthenticationState),
        ui.password_field(
            "own_password",
            t("Your own password"),
            help=t("The one you sign in here with."),
            error=ui.error_for(ReauthenticationState.errors, "own_password"),
            auto_complete="current-password",
        ),
        FocusFirstWrong.create(
            errors=ReauthenticationState.errors, times=ReauthenticationState.times_refused
        ),
        _code(),
        rx.cond(ReauthenticationState.provider_page, ui.paragraph(_provider())),
        ui.row(ui.button(t("Confirm"), submit=True, variant="secondary")),
        on_submit=ReauthenticationState.confirm,
    )
