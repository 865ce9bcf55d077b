"""Months compared with the accounting system: the list of them, and the page of one month."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import NativeLink, only_spoken
from integration_admin.components.effects import FocusWhen
from integration_admin.pages.parts import integration_trail, or_dash, refusal
from integration_admin.pages.reconciliation_signing import signing
from integration_admin.states.reconciliation import MonthState, ReconciliationsState
from integration_admin.states.reconciliation_rows import (
    FindingRow,
    LineRow,
    PeriodRow,
    SumRow,
    VersionRow,
)
from integration_admin.states.session import SessionState

_PERIODS = (t("Month"), t("Result"), t("Compared"), t("Signed off"))
_SUMS = (
    t("Currency"),
    t("Vouchers here"),
    t("Sum here"),
    t("Vouchers there"),
    t("Sum there"),
    t("Difference"),
)
_FINDINGS = (t("How they compare"), t("Vouchers"), t("Sum here"))
_LINES = (
    t("Record"),
    t("How it compares"),
    t("Here"),
    t("In the accounting system"),
    t("Our reference"),
    t("Voucher there"),
)


def _trail() -> rx.Component:
    return integration_trail(
        ReconciliationsState.name, ReconciliationsState.integration_id, t("Reconciliation")
    )


def _month_trail() -> rx.Component:
    integration = f"/settings/integrations/{MonthState.integration_id}"
    return ui.breadcrumbs(
        (t("Integrations"), "/settings/integrations"),
        (MonthState.name, integration),
        (t("Reconciliation"), f"{integration}/reconciliation"),
        current=MonthState.month,
    )


@ui.page(
    "/settings/integrations/[id]/reconciliation",
    t("Reconciliation"),
    above=_trail,
    on_load=[SessionState.load, ReconciliationsState.load],
)
def reconciliation() -> rx.Component:
    """Draw every month, newest first."""
    table = ui.table(
        t("Reconciliation"), _PERIODS, rx.foreach(ReconciliationsState.rows, _period), hide_caption=True
    )
    about = t(
        "Each month is compared with what the accounting system holds under our references: every night while it"
        " lasts, and once more when it is over. Nothing is changed there."
    )
    return rx.fragment(
        refusal(ReconciliationsState),
        ui.loading(
            ReconciliationsState.ready,
            rx.cond(ReconciliationsState.rows, ui.stack(ui.paragraph(about), table)),
        ),
    )


def _period(row: rx.Var[PeriodRow]) -> rx.Component:
    return ui.table_row(
        _PERIODS,
        ui.link(row["month"], row["href"]),
        rx.el.div(_state_tag(row["state"]), rx.el.div(row["sentence"]), class_name="app-sentence"),
        or_dash(row["at"], "–"),
        or_dash(row["signed"], t("Not yet")),
        key=row["period"],
    )


def _state_tag(state: rx.Var[str]) -> rx.Component:
    """Draw what comparing a month came to, in a word."""
    return rx.match(
        state,
        ("agrees", ui.tag(t("Agrees"), "success", "success")),
        ("differs", ui.tag(t("Differs"), "danger", "danger")),
        ("not_compared", ui.tag(t("Could not be compared"), "warning", "question")),
        ("under_way", ui.tag(t("Under way"), "info", "running")),
        ui.tag(t("Not compared yet"), "neutral", "info"),
    )


@ui.page(
    "/settings/integrations/[id]/reconciliation/[period]",
    t("Reconciliation of {month}", month=MonthState.month),
    heading=t("Reconciliation of {month}", month=MonthState.month),
    above=_month_trail,
    on_load=[SessionState.load, MonthState.load],
)
def one_month() -> rx.Component:
    """Draw what came of comparing a month, the vouchers that differ, and its signing."""
    return rx.fragment(
        refusal(MonthState),
        ui.live_region(MonthState),
        ui.loading(
            MonthState.ready,
            rx.cond(
                MonthState.period,
                ui.stack(_summary(), _details(), gap="large"),
            ),
        ),
    )


def _summary() -> rx.Component:
    compare = ui.button(
        rx.cond(MonthState.running, t("Comparing …"), t("Compare now")),
        busy=MonthState.running,
        on_click=MonthState.compare,
        variant="secondary",
    )
    stop = ui.button(t("Stop"), on_click=MonthState.cancel, variant="secondary", color="neutral")
    done = rx.cond(MonthState.done, ui.alert("info", MonthState.done[0]))
    return ui.stack(
        FocusWhen.create(
            rx.el.div(done, custom_attrs={"id": "done", "tabIndex": -1}),
            element="done",
            when=MonthState.done,
            times=MonthState.times_told,
        ),
        ui.row(_state_tag(MonthState.state)),
        ui.paragraph(MonthState.sentence, id="sentence"),
        rx.el.div(rx.foreach(MonthState.remarks, lambda sentence: ui.paragraph(sentence))),
        rx.cond(MonthState.signed, ui.alert("success", MonthState.signed)),
        rx.cond(SessionState.can_run, ui.row(compare, rx.cond(MonthState.running, stop))),
        gap="small",
    )


def _details() -> rx.Component:
    found = MonthState.id.bool() & ~MonthState.running
    return rx.el.div(
        rx.cond(found, ui.stack(_sums(), _findings(), _lines(), _about(), gap="large")),
        rx.cond(found & SessionState.can_configure, signing()),
        rx.cond(MonthState.versions, _versions()),
        class_name="app-stack app-stack--large",
    )


def _sums() -> rx.Component:
    table = ui.table(
        t("Sums of both sides"),
        _SUMS,
        rx.foreach(MonthState.sums, _sum),
        numeric=[1, 2, 3, 4, 5],
        hide_caption=True,
    )
    return _section("sums", t("Sums of both sides"), MonthState.sums, table, t("Nothing was delivered."))


def _sum(row: rx.Var[SumRow]) -> rx.Component:
    return ui.table_row(
        _SUMS,
        row["currency"],
        row["count_here"],
        row["sum_here"],
        row["count_there"],
        row["sum_there"],
        row["difference"],
        numeric=[1, 2, 3, 4, 5],
        key=row["currency"],
    )


def _findings() -> rx.Component:
    table = ui.table(
        t("How the vouchers compare"),
        _FINDINGS,
        rx.foreach(MonthState.findings, _finding),
        numeric=[1, 2],
    )
    return rx.el.div(rx.cond(MonthState.findings, table))


def _finding(row: rx.Var[FindingRow]) -> rx.Component:
    return ui.table_row(_FINDINGS, row["finding"], row["count"], row["sum"], numeric=[1, 2], key=row["key"])


def _lines() -> rx.Component:
    title = t("Vouchers that do not simply agree")
    table = ui.table(title, _LINES, rx.foreach(MonthState.lines, _line), numeric=[2, 3], hide_caption=True)
    more = ui.more_button(t("Show more"), MonthState.more)
    shown = ui.stack(table, rx.cond(MonthState.next_after, ui.row(more)))
    return _section("lines", title, MonthState.lines, shown, t("There are none."))


def _line(row: rx.Var[LineRow]) -> rx.Component:
    return ui.table_row(
        _LINES,
        ui.link(row["record"], row["href"]),
        rx.el.div(row["finding"], class_name="app-sentence"),
        row["here"],
        row["there"],
        rx.el.code(row["reference"]),
        or_dash(row["external_id"], "–"),
        numeric=[2, 3],
        key=row["key"],
    )


def _about() -> rx.Component:
    """Draw the files to take away, and what they are made from."""
    return rx.el.section(
        ui.heading(t("Statement for the auditor"), id="statement"),
        ui.row(
            _file(MonthState.id, "pdf", t("Download as PDF")),
            _file(MonthState.id, "csv", t("Download every voucher as CSV")),
        ),
        ui.facts(
            (t("Compared as it was"), or_dash(MonthState.at, "–")),
            (t("Started by"), MonthState.started_by),
            (t("Accounting system"), MonthState.system),
            (t("Company reached there"), or_dash(MonthState.entity, t("Not given"))),
            (t("SHA-256 of the file"), rx.el.code(MonthState.sha256)),
        ),
        aria_labelledby="statement",
        class_name="app-stack app-stack--small",
    )


def _versions() -> rx.Component:
    return rx.el.section(
        ui.heading(t("Other comparisons of this month"), id="versions"),
        rx.el.ul(rx.foreach(MonthState.versions, _one_version), class_name="ds-list"),
        aria_labelledby="versions",
        class_name="app-stack app-stack--small",
    )


def _one_version(row: rx.Var[VersionRow]) -> rx.Component:
    return rx.el.li(
        row["text"],
        " ",
        _file(row["id"], "pdf", t("Download as PDF"), of=row["name"]),
        " ",
        _file(row["id"], "csv", t("Download every voucher as CSV"), of=row["name"]),
        key=row["id"],
    )


def _file(reconciliation_id: rx.Var[str], form: str, text: Text, *, of: Text | None = None) -> rx.Component:
    """Link to a file the browser itself fetches, with its session."""
    address = rx.Var.create(f"/download/reconciliations/{reconciliation_id}.{form}").to(str)
    words = [text, *only_spoken(of)]
    return NativeLink.create(*words, href=address, class_name="ds-link", custom_attrs={"download": True})


def _section(
    section_id: str, title: Text, rows: rx.Var[list], shown: rx.Component, none: Text
) -> rx.Component:
    return rx.el.section(
        ui.heading(title, id=section_id),
        rx.cond(rows, shown, ui.paragraph(none)),
        aria_labelledby=section_id,
        class_name="app-stack app-stack--small",
    )
