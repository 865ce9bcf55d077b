"""One integration: how it is doing, a run now, what failed and why."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.effects import ready_here
from integration_admin.pages.decisions import decisions
from integration_admin.pages.failure_causes import cause
from integration_admin.pages.parts import (
    next_export,
    or_dash,
    pause_button,
    refusal,
    spoken,
    status_tag,
)
from integration_admin.pages.preflight import preflight
from integration_admin.pages.progress import run_progress
from integration_admin.pages.trend import trend
from integration_admin.states.failure_causes import CauseLine
from integration_admin.states.failures import FailureLine
from integration_admin.states.health import HealthState
from integration_admin.states.session import SessionState

FAILURE_COLUMNS = (t("Record"), t("Amount"), t("Why"), t("What to do"))
"""The columns of `failure_row`."""


def _trail() -> rx.Component:
    return ui.breadcrumbs((t("Integrations"), "/settings/integrations"), current=HealthState.name)


@ui.page(
    "/settings/integrations/[id]",
    t("Integration: {name}", name=HealthState.name),
    heading=HealthState.name,
    above=_trail,
    on_load=[SessionState.load, HealthState.load],
)
def integration() -> rx.Component:
    """Draw the sentence, the figures, the actions and the failures."""
    return rx.fragment(
        refusal(HealthState),
        ui.live_region(HealthState),
        ui.loading(
            ready_here(HealthState),
            _status(),
            _actions(),
            decisions(),
            preflight(),
            _figures(),
            _causes(),
            _refused_there(),
            trend(),
            _more(),
            refusal=HealthState.refusal,
        ),
    )


def _status() -> rx.Component:
    return ui.stack(
        ui.row(status_tag(HealthState.status)),
        ui.paragraph(HealthState.sentence, id="sentence"),
        rx.cond(
            HealthState.resting, ui.paragraph(t("The last answer was: {reason}", reason=HealthState.resting))
        ),
        rx.cond(HealthState.left_out, ui.paragraph(HealthState.left_out, id="left-out")),
        rx.el.div(rx.foreach(HealthState.held_back, lambda sentence: ui.paragraph(sentence))),
        rx.cond(HealthState.requests_warning, ui.paragraph(HealthState.requests_warning, id="requests")),
        rx.cond(HealthState.untested, ui.link(t("Test the connection"), _below("credentials"))),
        rx.cond(HealthState.stop_reason, stopped_alert(), rx.cond(HealthState.expiry, _expiry())),
        gap="small",
    )


def stopped_alert() -> rx.Component:
    """Draw why nothing is exported any more, and the way to where it is put right."""
    return ui.alert(
        "danger",
        ui.paragraph(HealthState.stop_reason),
        ui.link(t("Enter new credentials"), _below("credentials")),
        title=t("The export has stopped"),
    )


def _expiry() -> rx.Component:
    """Draw the way to the secrets that expire, and that they do where the status speaks of something else."""
    told = HealthState.expiry == HealthState.sentence
    return ui.stack(
        rx.cond(told, rx.fragment(), ui.paragraph(HealthState.expiry, id="expiry")),
        ui.link(t("Replace the secrets"), _below("credentials")),
        gap="small",
    )


def _actions() -> rx.Component:
    sync = ui.button(
        rx.cond(HealthState.running, t("Exporting …"), t("Sync now")),
        busy=HealthState.running,
        on_click=HealthState.sync,
    )
    dry_run = ui.link_button(t("Try without sending"), _below("dry-run"), variant="secondary")
    return ui.stack(
        rx.cond(
            SessionState.can_run, ui.row(sync, dry_run, rx.cond(SessionState.can_configure, pause_button()))
        ),
        rx.el.div(rx.cond(HealthState.running, run_progress(HealthState))),
    )


def _figures() -> rx.Component:
    last = rx.cond(
        HealthState.last_run_href,
        rx.el.span(
            ui.run_tag(HealthState.last_run_state),
            " ",
            ui.link(HealthState.last_run_at, HealthState.last_run_href),
        ),
        t("None yet"),
    )
    return rx.el.section(
        ui.heading(t("Latest"), id="latest"),
        ui.facts(
            (t("Type"), HealthState.kind),
            (t("Last export"), last),
            (t("What it did"), or_dash(HealthState.last_run, t("Nothing yet"))),
            (t("Amount"), or_dash(HealthState.last_run_amounts, t("None"))),
            (t("How long it took"), or_dash(HealthState.last_run_took, t("Nothing yet"))),
            (t("Next export"), next_export(HealthState.next_run, HealthState.lifecycle)),
            (t("Records exported"), HealthState.delivered),
            (t("Waiting to be exported"), HealthState.waiting),
            (t("Automatic new tries in the last 24 hours"), or_dash(HealthState.retries, t("None"))),
        ),
        rx.el.div(
            rx.foreach(HealthState.after_import, lambda sentence: ui.paragraph(sentence)),
            rx.cond(HealthState.requests, _requests()),
            custom_attrs={"id": "after-import"},
        ),
        aria_labelledby="latest",
        class_name="app-stack app-stack--small",
    )


def _requests() -> rx.Component:
    return ui.paragraph(
        t(
            "{sent} of {included} requests this month.",
            sent=HealthState.requests,
            included=HealthState.requests_included,
        )
    )


def _causes() -> rx.Component:
    """Draw the causes most records failed for, and the way to all failures."""
    retry = ui.button(
        t("Retry what failed"),
        variant="secondary",
        busy=HealthState.running,
        on_click=HealthState.retry,
    )
    shown = rx.fragment(
        rx.foreach(HealthState.causes, _cause),
        rx.cond(SessionState.can_run, ui.row(retry)),
    )
    return rx.el.section(
        ui.heading(t("Records that could not be exported"), id="failures"),
        rx.cond(HealthState.causes, shown, ui.paragraph(t("None. Nothing has to be mended."))),
        ui.link(
            rx.cond(
                HealthState.more_causes,
                t("All causes, what waits for a person, and what has been settled"),
                t("What waits for a person, and what has been settled"),
            ),
            _below("failures"),
        ),
        aria_labelledby="failures",
        class_name="app-stack app-stack--medium",
    )


def _cause(line: rx.Var[CauseLine]) -> rx.Component:
    records = ui.link(
        t("See the records: {records}", records=line["title"]),
        line["href"],
        aria_label=t("See the records: {records}", records=line["name"]),
    )
    return cause(line, HealthState, records)


def _refused_there() -> rx.Component:
    """Draw what was refused after import, each with the answer that it is put right."""
    table = ui.table(
        t("Records that were refused after import"),
        FAILURE_COLUMNS,
        rx.foreach(HealthState.failures, _failure),
        numeric=[1],
        hide_caption=True,
    )
    shown = rx.el.section(
        ui.heading(t("Records that were refused after import"), id="refused-there"),
        table,
        aria_labelledby="refused-there",
        class_name="app-stack app-stack--small",
    )
    return rx.el.div(rx.cond(HealthState.failures, shown))


def _failure(line: rx.Var[FailureLine]) -> rx.Component:
    done = ui.button(
        t("It is put right"),
        variant="secondary",
        on_click=HealthState.put_right(line["kind"], line["record"]),
        aria_label=t("It is put right: {record}", record=line["record"]),
    )
    return _row(line, rx.cond(SessionState.can_run & (line["todo"] == "there"), done))


def failure_row(line: rx.Var[FailureLine]) -> rx.Component:
    """Draw one record that was not delivered, and what is to be done about it."""
    return _row(line, rx.fragment())


def _row(line: rx.Var[FailureLine], answer: rx.Component) -> rx.Component:
    base = line["integration"].to(str)
    to_do = rx.match(
        line["todo"],
        ("mapping", ui.link(t("Change the mapping"), f"{base}/mapping")),
        ("excluded", ui.link(t("Change what is left out"), f"{base}/excluded-data")),
        ("record", rx.fragment(t("Mend it in the expense system"))),
        ("system", rx.fragment(t("Put it right in the accounting system, or book it there by hand."))),
        ("either", rx.fragment(t("Mend it in the expense system or in the accounting system"))),
        ("decide", ui.link(t("Decide about it"), base)),
        (
            "there",
            rx.fragment(t("Put it right in the accounting system, or book it there by hand."), " ", answer),
        ),
        ("done", rx.fragment(t("Nothing. It was exported later."))),
        ("dismissed", rx.fragment(line["dismissed"])),
        rx.fragment(t("Nothing. It is taken care of by itself.")),
    )
    return ui.table_row(
        FAILURE_COLUMNS,
        ui.link(line["record"], line["href"]),
        line["amount"],
        rx.el.div(spoken(line["reason"]), class_name="app-sentence"),
        rx.el.div(to_do, class_name="app-sentence"),
        numeric=[1],
        key=line["record"],
    )


def _more() -> rx.Component:
    """Link to everything else about the integration."""
    setup = rx.fragment(
        rx.el.li(ui.link(t("Field mapping"), _below("mapping"))),
        rx.el.li(ui.link(t("Schedule"), _below("schedule"))),
        rx.el.li(ui.link(t("What is left out"), _below("excluded-data"))),
        rx.el.li(ui.link(t("Credentials"), _below("credentials"))),
    )
    return rx.el.nav(
        rx.el.ul(
            rx.el.li(ui.link(t("Export history"), _below("history"))),
            rx.el.li(ui.link(t("Reconciliation"), _below("reconciliation"))),
            rx.el.li(ui.link(t("Failures"), _below("failures"))),
            rx.cond(SessionState.can_configure, setup),
            class_name="ds-list",
        ),
        aria_label=t("More about this integration"),
    )


def _below(part: str) -> rx.Var[str]:
    return rx.Var.create(f"/settings/integrations/{HealthState.integration_id}/{part}").to(str)
