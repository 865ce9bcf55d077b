"""Notices, a part of the organisation's page: what is told and to whom, the webhook's key, the test, the log."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.own_code import confirm_first
from integration_admin.pages.parts import refusal, saved_again
from integration_admin.states.notices import KEY_FIELD, KindLine, NoticeLine, NoticesState

_COLUMNS = (t("When"), t("Notice"), t("Integration"), t("To"), t("Status"))


def notices_section() -> rx.Component:
    """Draw all about notices."""
    no_mail = ui.alert(
        "warning", t("E-mail is not set up on this server. Its operator has to set SMTP_URL and MAIL_FROM.")
    )
    return ui.stack(
        ui.heading(t("Notices")),
        ui.paragraph(
            t(
                "You are told when something changes: once when it goes wrong, and once when it is well again."
                " E-mails go to every administrator."
            )
        ),
        refusal(NoticesState),
        confirm_first(
            t("Before a new signing key is made, confirm that it is you: type your own password."),
            t("Thank you. Do again what you were about to do; you are not asked for the next ten minutes."),
        ),
        ui.loading(
            NoticesState.ready,
            rx.el.div(rx.cond(NoticesState.mail_is_set_up, rx.fragment(), no_mail)),
            _form(),
            rx.el.div(rx.cond(NoticesState.webhook, _key())),
            _test(),
            _log(),
        ),
        gap="large",
    )


def _form() -> rx.Component:
    saved = ui.alert("success", t("What you are told is saved."), in_live_region=True)
    return ui.form(
        ui.fieldset(t("Tell us when"), rx.foreach(NoticesState.kinds, _kind)),
        ui.facts((t("E-mails go to"), NoticesState.administrators)),
        ui.text_field(
            "deputy_email",
            t("Deputy’s e-mail address"),
            help=t("Somebody who is told as well, so that holidays leave no gap."),
            error=ui.error_for(NoticesState.errors, "deputy_email"),
            default_value=NoticesState.deputy,
            type="email",
            auto_complete="off",
        ),
        ui.text_field(
            "webhook_url",
            t("Webhook address"),
            help=t("A program of yours that is called with every notice. Leave it empty if you have none."),
            error=ui.error_for(NoticesState.errors, "webhook_url"),
            default_value=NoticesState.webhook,
            type="url",
            auto_complete="off",
            spell_check=False,
        ),
        ui.row(ui.button(t("Save"), submit=True)),
        saved_again(NoticesState.saved, saved, NoticesState.times_told),
        on_submit=NoticesState.save,
        key=NoticesState.times_read.to_string(),
    )


def _kind(line: rx.Var[KindLine]) -> rx.Component:
    return rx.el.div(
        ui.checkbox(line["name"], line["label"], default_checked=line["chosen"]), key=line["name"]
    )


def _key() -> rx.Component:
    """Draw when the webhook's key was made, a way to a new one, and the field that shows it once."""
    none = ui.alert("warning", t("The webhook is not called before it has a signing key. Make one."))
    made = ui.paragraph(t("The signing key was made on {time}.", time=NoticesState.key_made))
    shown = rx.el.div(
        ui.text_field(
            KEY_FIELD,
            t("Signing key"),
            help=t(
                "It is shown this once. Copy it into the program that is called; it checks each call with it."
            ),
            required=True,
            read_only=True,
            auto_complete="off",
            spell_check=False,
        ),
        hidden=~NoticesState.key_is_shown,
    )
    said = ui.alert(
        "success", t("The signing key is made. Copy it from the field below."), in_live_region=True
    )
    return ui.stack(
        ui.heading(t("Signing key of the webhook"), level=3),
        rx.cond(NoticesState.key_made, made, none),
        ui.row(ui.button(t("Make a new signing key"), variant="secondary", on_click=NoticesState.renew_key)),
        saved_again(NoticesState.key_is_shown, said, NoticesState.keys_made),
        shown,
    )


def _test() -> rx.Component:
    outcomes = rx.foreach(NoticesState.tested, _outcome)
    sentences = rx.el.div(outcomes, class_name="app-stack app-stack--small")
    return ui.stack(
        ui.heading(t("Try it"), level=3),
        ui.paragraph(t("The test goes to your own e-mail address and to the webhook, at once.")),
        ui.row(ui.button(t("Send me a test"), variant="secondary", on_click=NoticesState.test)),
        saved_again(NoticesState.tested, sentences, NoticesState.times_told),
    )


def _outcome(line: rx.Var[NoticeLine]) -> rx.Component:
    sent = ui.alert("success", t("Sent. To: {to}.", to=line["to"]), in_live_region=True)
    failed = ui.alert(
        "danger",
        t("Not sent. To: {to}. {reason}", to=line["to"], reason=line["about"]),
        in_live_region=True,
    )
    return rx.el.div(rx.cond(line["state"] == "sent", sent, failed), key=line["key"])


def _log() -> rx.Component:
    table = ui.table(
        t("The latest notices"), _COLUMNS, rx.foreach(NoticesState.lines, _row), hide_caption=True
    )
    return ui.stack(
        ui.heading(t("The latest notices"), level=3),
        rx.cond(NoticesState.lines, table, ui.paragraph(t("Nothing has been told yet."))),
    )


def _row(line: rx.Var[NoticeLine]) -> rx.Component:
    tag = rx.match(
        line["state"],
        ("sent", ui.tag(t("Sent"), "success", "success")),
        ("waiting", ui.tag(t("On its way"), "info", "waiting")),
        ("given_up", ui.tag(t("Given up"), "danger", "danger")),
        ui.tag(t("Not sent"), "neutral", "info"),
    )
    return ui.table_row(
        _COLUMNS,
        line["at"],
        line["heading"],
        line["integration"],
        line["to"],
        rx.el.div(tag, rx.el.div(line["about"]), class_name="app-sentence"),
        key=line["key"],
    )
