"""The part of an integration's page that says what will happen at the next run, as this evening's check found it."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.parts import spoken
from integration_admin.states.health import HealthState
from integration_admin.states.preflight import PreflightLine
from integration_admin.states.session import SessionState

_COLUMNS = (t("Why"), t("Records"), t("What to do"))


def preflight() -> rx.Component:
    """Draw what will happen, what would fail and where to mend it; nothing where it is not known."""
    return rx.el.div(rx.cond(HealthState.preflight_time, _section()))


def _section() -> rx.Component:
    title = t("What will happen at {time}", time=HealthState.preflight_time)
    reasons = ui.table(title, _COLUMNS, rx.foreach(HealthState.preflight_reasons, _reason), hide_caption=True)
    return rx.el.section(
        ui.heading(title, id="preflight"),
        ui.paragraph(spoken(HealthState.preflight)),
        rx.el.div(rx.cond(HealthState.preflight_reasons, reasons)),
        rx.el.div(rx.foreach(HealthState.preflight_remarks, lambda remark: ui.paragraph(remark))),
        ui.paragraph(t("Checked without sending anything: {time}.", time=HealthState.preflight_at)),
        rx.cond(
            HealthState.preflight_kept_out,
            ui.link(t("Credentials"), _below("credentials")),
            rx.cond(SessionState.can_run, ui.link(t("See every record"), _below("dry-run"))),
        ),
        aria_labelledby="preflight",
        class_name="app-stack app-stack--small",
    )


def _reason(line: rx.Var[PreflightLine]) -> rx.Component:
    to_do = rx.match(
        line["fix"],
        ("mapping", ui.link(t("Change the mapping"), _below("mapping"))),
        ("excluded", ui.link(t("Change what is left out"), _below("excluded-data"))),
        ("record", rx.fragment(t("Mend it in the expense system"))),
        rx.fragment(t("Mend it in the expense system or in the accounting system")),
    )
    return ui.table_row(_COLUMNS, spoken(line["reason"]), line["records"], to_do, key=line["key"])


def _below(part: str) -> rx.Var[str]:
    return rx.Var.create(f"/settings/integrations/{HealthState.integration_id}/{part}").to(str)
