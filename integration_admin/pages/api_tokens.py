"""The organisation's API tokens: which there are, making one, which is shown once, and revoking one."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.kept import keep_typed_here
from integration_admin.pages.organisation_parts import API_TOKENS, confirm_access, organisation_parts
from integration_admin.pages.parts import or_dash, refusal, saved_again
from integration_admin.states.api_tokens import TOKEN_FIELD, ApiTokenLine, ApiTokensState, ScopeLine
from integration_admin.states.session import SessionState

_COLUMNS = (t("Name"), t("May"), t("Made"), t("Last used"), t("Good until"), t("Change"))


@ui.page(
    "/settings/organisation/api-tokens",
    t("API tokens"),
    heading=t("Organisation"),
    on_load=[SessionState.load, ApiTokensState.load],
)
def api_tokens() -> rx.Component:
    """Draw the list and the form, for administrators."""
    return rx.fragment(
        keep_typed_here(boxes=True),
        organisation_parts(API_TOKENS),
        refusal(ApiTokensState),
        confirm_access(),
        rx.el.div(rx.cond(SessionState.can_configure, ui.loading(ApiTokensState.ready, _list(), _make()))),
    )


def _list() -> rx.Component:
    table = ui.table(t("API tokens"), _COLUMNS, rx.foreach(ApiTokensState.lines, _row), hide_caption=True)
    revoked = rx.foreach(
        ApiTokensState.revoked, lambda sentence: ui.alert("success", sentence, in_live_region=True)
    )
    return ui.stack(
        ui.heading(t("API tokens")),
        ui.paragraph(
            t("With an API token another program of yours hands over records, or asks where they are.")
        ),
        saved_again(ApiTokensState.revoked, rx.el.div(revoked), ApiTokensState.times_told),
        rx.cond(ApiTokensState.lines, table, ui.paragraph(t("There are none."))),
    )


def _row(line: rx.Var[ApiTokenLine]) -> rx.Component:
    until = rx.cond(line["is_over"], t("{day}, which is over", day=line["good_until"]), line["good_until"])
    return ui.table_row(
        _COLUMNS,
        line["name"],
        line["may"],
        line["made"],
        or_dash(line["used"], t("Never")),
        rx.cond(line["good_until"], until, t("Until it is revoked")),
        _revoke(line),
        key=line["id"],
    )


def _revoke(line: rx.Var[ApiTokenLine]) -> rx.Component:
    """Draw the button, and the question that comes before it."""
    dialog_id = f"revoke-{line['id']}"
    sure = ui.dialog(
        dialog_id,
        t("Revoke “{name}”?", name=line["name"]),
        ui.paragraph(
            t("The program that uses it is refused from its next request on. This cannot be undone.")
        ),
        ui.row(
            ui.close_dialog(
                dialog_id, t("Revoke it"), color="danger", on_click=ApiTokensState.revoke(line["id"])
            ),
            ui.close_dialog(dialog_id, t("Leave it as it is"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(
        dialog_id,
        t("Revoke"),
        variant="secondary",
        color="danger",
        aria_label=t("Revoke “{name}”", name=line["name"]),
    )
    return rx.fragment(button, sure)


def _make() -> rx.Component:
    form = ui.form(
        ui.drawn(ApiTokensState.times_read),
        ui.text_field(
            "name",
            t("Name"),
            help=t("What the token is for, such as the program that uses it."),
            required=True,
            error=ui.error_for(ApiTokensState.errors, "name"),
            auto_complete="off",
        ),
        ui.fieldset(
            t("The token may"),
            rx.foreach(ApiTokensState.scopes, _scope),
            error=ui.error_for(ApiTokensState.errors, "scopes"),
            field_id="scopes",
        ),
        ui.date_field(
            "last_day",
            t("Good to the end of"),
            help=t("Leave it empty if the token is to work until somebody revokes it."),
            error=ui.error_for(ApiTokensState.errors, "last_day"),
        ),
        ui.row(ui.button(t("Make the API token"), submit=True)),
        on_submit=ApiTokensState.make,
        key=ApiTokensState.times_read.to_string(),
    )
    return ui.stack(ui.heading(t("Make an API token")), form, _new())


def _scope(line: rx.Var[ScopeLine]) -> rx.Component:
    return rx.el.div(ui.checkbox(line["name"], line["label"]), key=line["name"])


def _new() -> rx.Component:
    """Draw the field that shows the new token once."""
    said = ui.alert("success", t("The API token is made. Copy it from the field below."), in_live_region=True)
    field = ui.text_field(
        TOKEN_FIELD,
        t("New API token"),
        help=t("It is shown this once. Copy it into the program that uses it."),
        required=True,
        read_only=True,
        auto_complete="off",
        spell_check=False,
    )
    return ui.stack(
        saved_again(ApiTokensState.shows_new, said, ApiTokensState.times_read),
        rx.el.div(field, hidden=~ApiTokensState.shows_new),
    )
