"""The sign-in page: a plain form that the browser itself posts to /auth/sign-in."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.content import NativeLink
from integration_admin.states.session import SignInState


@ui.page("/sign-in", t("Sign in"), on_load=SignInState.load, guest=True)
def sign_in() -> rx.Component:
    """Draw the form, and above it why the last attempt failed."""
    wrong = ui.alert("danger", t("The e-mail address or the password is wrong."))
    wait = ui.alert(
        "warning",
        t(
            "There have been too many attempts to sign in. Minutes until you can try again: {minutes}",
            minutes=SignInState.wait_minutes,
        ),
    )
    over = ui.alert("warning", t("This took too long, or the code was wrong too often. Sign in again."))
    # That page is written on the server, so the browser goes there by itself.
    passkey = NativeLink.create(
        t("Sign in with a passkey"), href=SignInState.passkey_page, class_name="ds-link"
    )
    provider = NativeLink.create(
        t("Sign in with {name}", name=SignInState.provider_name),
        href=SignInState.provider_page,
        class_name="ds-button",
        custom_attrs={"data-variant": "secondary", "data-color": "accent"},
    )
    left = ui.alert(
        "info",
        t(
            "You are signed out here, and may still be signed in with {name}. On a computer others use, sign out there too.",
            name=SignInState.provider_name,
        ),
        ui.paragraph(
            NativeLink.create(
                t("Sign out at the provider too"), href=SignInState.leave_page, class_name="ds-link"
            )
        ),
        in_live_region=True,
    )
    return ui.stack(
        rx.el.div(rx.cond(SignInState.leave_page, left), aria_live="polite"),
        rx.el.div(rx.cond(SignInState.failed, wrong)),
        rx.el.div(rx.cond(SignInState.over, over)),
        rx.el.div(rx.cond(SignInState.wait_minutes > 0, wait)),
        ui.native_form(
            ui.text_field(
                "email", t("E-mail address"), required=True, type="email", auto_complete="username"
            ),
            ui.password_field("password", t("Password"), auto_complete="current-password"),
            rx.el.input(type="hidden", name="next", value=SignInState.next_path),
            ui.button(t("Sign in"), submit=True),
            action="/auth/sign-in",
            class_name="app-stack app-stack--medium",
        ),
        rx.cond(SignInState.provider_page, rx.el.p(provider)),
        rx.cond(SignInState.passkey_page, ui.paragraph(passkey)),
        ui.paragraph(
            NativeLink.create(t("Forgotten your password?"), href="/forgotten-password", class_name="ds-link")
        ),
    )
