"""The audit log: who did what to which setting, signed in or was refused."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.content import NativeLink
from integration_admin.components.kept import KeepInAddress
from integration_admin.pages.parts import refusal
from integration_admin.states.audit_log import AuditLogState, AuditRow
from integration_admin.states.session import SessionState

_COLUMNS = (t("Number"), t("When"), t("Who"), t("What"))
_AREAS = (
    ("sign_in", t("Signing in and out")),
    ("refused", t("What was refused")),
    ("integration", t("Integrations and connections")),
    ("credentials", t("Secrets")),
    ("mapping", t("Field mapping")),
    ("schedule", t("Schedule")),
    ("exclusions", t("What is left out")),
    ("run", t("Exports")),
    ("reconciliation", t("Reconciliation")),
    ("record", t("Records")),
    ("people", t("Members and API tokens")),
    ("organisation", t("Notices and the organisation")),
)


@ui.page("/settings/audit-log", t("Audit log"), on_load=[SessionState.load, AuditLogState.load])
def audit_log() -> rx.Component:
    """Draw the filters, the lines, the downloads and the check."""
    return rx.fragment(
        ui.paragraph(
            t(
                "Every change of a setting, every sign-in and every refusal is written down here, by whom and"
                " when. A line that is changed afterwards shows."
            )
        ),
        KeepInAddress.create(query=AuditLogState.asked),
        refusal(AuditLogState),
        ui.loading(AuditLogState.ready, _filters(), _lines(), _files(), _check()),
    )


def _filters() -> rx.Component:
    return ui.form(
        ui.select_field(
            "who",
            t("Who"),
            AuditLogState.people,
            placeholder=t("Everybody"),
            default_value=AuditLogState.query["who"],
        ),
        ui.select_field(
            "area",
            t("What"),
            _AREAS,
            placeholder=t("Everything"),
            default_value=AuditLogState.query["area"],
        ),
        ui.select_field(
            "integration",
            t("Integration"),
            AuditLogState.integrations,
            placeholder=t("All integrations"),
            default_value=AuditLogState.query["integration"],
        ),
        ui.date_field(
            "since",
            t("From and including"),
            error=ui.error_for(AuditLogState.errors, "since"),
            default_value=AuditLogState.query["since"],
        ),
        ui.date_field(
            "until",
            t("Up to and including"),
            error=ui.error_for(AuditLogState.errors, "until"),
            default_value=AuditLogState.query["until"],
        ),
        ui.row(ui.button(t("Show"), submit=True)),
        on_submit=AuditLogState.filter,
        key=AuditLogState.times_read.to_string(),
    )


def _lines() -> rx.Component:
    table = ui.table(t("Audit log"), _COLUMNS, rx.foreach(AuditLogState.lines, _row), hide_caption=True)
    none = ui.paragraph(t("There are no lines like that."))
    more = ui.more_button(t("Show older lines"), AuditLogState.more)
    return ui.stack(
        ui.live_region(AuditLogState),
        rx.el.div(rx.cond(AuditLogState.lines, table, none)),
        rx.el.div(rx.cond(AuditLogState.before > 0, ui.row(more))),
    )


def _row(line: rx.Var[AuditRow]) -> rx.Component:
    details = rx.el.ul(rx.foreach(line["details"], lambda detail: rx.el.li(detail)), class_name="ds-list")
    return ui.table_row(
        _COLUMNS,
        line["number"],
        line["at"],
        line["who"],
        rx.el.div(line["sentence"], rx.cond(line["details"], details), class_name="app-sentence"),
        key=line["number"],
    )


def _files() -> rx.Component:
    return ui.stack(
        ui.heading(t("Download the log")),
        ui.paragraph(t("The files hold everything that is asked for above, not only what is shown.")),
        ui.row(
            NativeLink.create(t("Download as CSV"), href=AuditLogState.csv_address, class_name="ds-link"),
            NativeLink.create(t("Download as JSON"), href=AuditLogState.json_address, class_name="ds-link"),
        ),
    )


def _check() -> rx.Component:
    """Draw the check of the whole log; the place for its answer is always there."""
    listed = rx.el.ul(
        rx.foreach(AuditLogState.faults, lambda sentence: rx.el.li(sentence)), class_name="ds-list"
    )
    return ui.stack(
        ui.heading(t("Is every line as it was written?")),
        ui.paragraph(
            t(
                "Each line carries a hash of itself and of the line before, so that a line that was changed,"
                " removed or inserted shows."
            )
        ),
        ui.row(ui.button(t("Check the whole log"), variant="secondary", on_click=AuditLogState.verify)),
        rx.el.div(
            rx.el.div(
                rx.cond(AuditLogState.found, ui.alert("success", AuditLogState.found, in_live_region=True)),
                rx.cond(
                    AuditLogState.faults,
                    ui.alert(
                        "danger",
                        listed,
                        title=t("The log is not as it was written"),
                        in_live_region=True,
                    ),
                ),
                key=AuditLogState.times_checked.to_string(),
            ),
            aria_live="polite",
        ),
    )
