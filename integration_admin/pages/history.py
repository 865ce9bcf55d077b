"""Export history, and the page of one run."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import NativeLink
from integration_admin.components.effects import FocusWhen
from integration_admin.components.kept import KeepInAddress
from integration_admin.pages.integration import FAILURE_COLUMNS, failure_row
from integration_admin.pages.parts import integration_trail, or_dash, refusal, spoken
from integration_admin.pages.progress import run_progress
from integration_admin.pages.voucher_link import voucher
from integration_admin.states.history import HistoryState, RunState
from integration_admin.states.run_lines import RunLine, RunRecordLine
from integration_admin.states.session import SessionState

_COLUMNS = (
    t("When"),
    t("Result"),
    t("Exported"),
    t("Not exported"),
    t("Amount"),
    t("Started by"),
    t("How long it took"),
)

_TOLD = "run-told"
_RECORD_COLUMNS = (
    t("Record"),
    t("Amount"),
    t("In this export"),
    t("Now"),
    t("Our reference"),
    t("Voucher in the accounting system"),
)
_OUTCOMES = (
    ("succeeded", t("Succeeded")),
    ("partly_failed", t("Partly failed")),
    ("failed", t("Failed")),
    ("cancelled", t("Cancelled")),
)
_TRIGGERS = (
    ("schedule", t("The schedule")),
    ("catch_up", t("Catching up after a pause")),
    ("retry", t("A new try")),
    ("manual", t("A person")),
)


def _trail() -> rx.Component:
    return integration_trail(HistoryState.name, HistoryState.integration_id, t("Export history"))


def _run_trail() -> rx.Component:
    return integration_trail(RunState.name, RunState.integration_id, t("One export"))


@ui.page(
    "/settings/integrations/[id]/history",
    t("Export history"),
    above=_trail,
    on_load=[SessionState.load, HistoryState.load],
)
def history() -> rx.Component:
    """Draw every run, newest first."""
    table = ui.table(
        t("Export history"),
        _COLUMNS,
        rx.foreach(HistoryState.runs, _row),
        numeric=[2, 3, 4],
        hide_caption=True,
    )
    none = ui.paragraph(
        rx.cond(HistoryState.filtered, t("No export is like that."), t("Nothing has been exported yet."))
    )
    more = ui.more_button(t("Show older exports"), HistoryState.more)
    return rx.fragment(
        refusal(HistoryState),
        ui.live_region(HistoryState),
        KeepInAddress.create(query=HistoryState.query),
        ui.loading(
            HistoryState.ready,
            rx.cond(
                HistoryState.found,
                ui.stack(
                    _filter(),
                    rx.cond(HistoryState.runs, table, none),
                    rx.cond(HistoryState.next_cursor, ui.row(more)),
                ),
            ),
        ),
    )


def _filter() -> rx.Component:
    """Draw what narrows the list down; folded away, because most people look at the newest."""
    return ui.details(
        t("Show only some exports"),
        ui.form(
            ui.select_field(
                "outcome",
                t("Result"),
                _OUTCOMES,
                placeholder=t("Any result"),
                default_value=HistoryState.typed["outcome"],
            ),
            ui.select_field(
                "trigger",
                t("Started by"),
                _TRIGGERS,
                placeholder=t("Anybody"),
                default_value=HistoryState.typed["trigger"],
            ),
            ui.date_field(
                "since",
                t("From and including this day"),
                error=ui.error_for(HistoryState.errors, "since"),
                default_value=HistoryState.typed["since"],
            ),
            ui.date_field(
                "until",
                t("Up to and including this day"),
                error=ui.error_for(HistoryState.errors, "until"),
                default_value=HistoryState.typed["until"],
            ),
            ui.row(ui.button(t("Show these"), submit=True, variant="secondary")),
            on_submit=HistoryState.choose,
            key=HistoryState.times_read.to_string(),
        ),
        open=HistoryState.unfolded,
    )


def trigger_word(trigger: rx.Var[str]) -> Text:
    """Return what started a run."""
    return rx.match(
        trigger,
        ("schedule", t("The schedule")),
        ("catch_up", t("Catching up after a pause")),
        ("retry", t("A new try")),
        t("A person"),
    )


def _starter(run: rx.Var[RunLine]) -> Text:
    """Return who started a run, and what did where that says more or nobody is named."""
    word, name = trigger_word(run["trigger"]), run["started_by"]
    return rx.cond(name, rx.cond(run["trigger"] == "manual", name, f"{word}: {name}"), word)


def _told(run: rx.Var[RunLine]) -> rx.Component:
    """Draw how a run went, and that it was interrupted if it was."""
    return rx.fragment(run["summary"], " ", run["resumed"])


def _row(run: rx.Var[RunLine]) -> rx.Component:
    return ui.table_row(
        _COLUMNS,
        ui.link(run["at"], run["href"]),
        rx.el.div(ui.run_tag(run["state"]), rx.el.div(_told(run)), class_name="app-sentence"),
        run["delivered"],
        run["failed"],
        run["amounts"],
        _starter(run),
        or_dash(run["took"], t("Not ended yet")),
        numeric=[2, 3, 4],
        key=run["id"],
    )


@ui.page(
    "/settings/integrations/[id]/runs/[run]",
    t("One export"),
    above=_run_trail,
    on_load=[SessionState.load, RunState.load],
)
def run() -> rx.Component:
    """Draw what one run does or did, and every record it left behind."""
    there = ui.loading(RunState.ready, _summary(), _stopped(), _left_behind(), _records())
    return rx.fragment(
        refusal(RunState),
        ui.live_region(RunState),
        rx.cond(RunState.gone, ui.paragraph(RunState.gone, role="status"), there),
    )


def _stopped() -> rx.Component:
    """Draw why nothing is exported any more, and the way to where it is put right."""
    credentials = rx.Var.create(f"/settings/integrations/{RunState.integration_id}/credentials").to(str)
    box = ui.alert(
        "danger",
        ui.paragraph(RunState.stop_reason),
        ui.link(t("Enter new credentials"), credentials),
        title=t("The export has stopped"),
    )
    return rx.el.div(rx.cond(RunState.stop_reason, box))


def _summary() -> rx.Component:
    line = RunState.run
    ended = ui.paragraph(_told(line), id=_TOLD, tab_index=-1)
    return ui.stack(
        ui.row(ui.run_tag(line["state"])),
        # A paragraph that takes the focus, because the button that stopped the export is gone.
        FocusWhen.create(
            rx.el.div(rx.cond(RunState.running, run_progress(RunState), ended)),
            element=_TOLD,
            when=RunState.told,
            times=RunState.times_told,
        ),
        ui.facts(
            (t("When"), line["at"]),
            (t("Started by"), _starter(line)),
            (t("Exported"), line["delivered"]),
            (t("Not exported"), line["failed"]),
            (t("Amount"), or_dash(line["amounts"], t("None"))),
            (t("How long it took"), or_dash(line["took"], t("Not ended yet"))),
        ),
        rx.el.div(rx.cond(line["left_out"], _left_out())),
    )


def _left_out() -> rx.Component:
    """Draw what was left out, and that none of it could be read when the vouchers were made."""
    line = RunState.run
    return ui.facts(
        (t("Left out"), line["left_out"]),
        (t("Excluded fields sent"), line["excluded_sent"]),
    )


def _records() -> rx.Component:
    """Draw every record of the run, those that failed first, and the files to take away."""
    table = ui.table(
        t("All records of this export"),
        _RECORD_COLUMNS,
        rx.foreach(RunState.records, _record),
        numeric=[1],
        hide_caption=True,
    )
    more = ui.more_button(t("Show more"), RunState.more)
    shown = rx.el.section(
        ui.heading(t("All records of this export"), id="records"),
        ui.row(_file("csv", t("Download as CSV")), _file("json", t("Download as JSON"))),
        table,
        rx.cond(RunState.next_cursor, ui.row(more)),
        aria_labelledby="records",
        class_name="app-stack app-stack--small",
    )
    return rx.el.div(rx.cond(RunState.records, shown))


def _file(form: str, text: Text) -> rx.Component:
    """Link to a file the browser itself fetches, with its session."""
    address = rx.Var.create(f"/download/runs/{RunState.run['id']}.{form}").to(str)
    return NativeLink.create(text, href=address, class_name="ds-link", custom_attrs={"download": True})


def _record(line: rx.Var[RunRecordLine]) -> rx.Component:
    reason = rx.cond(line["reason"], spoken(line["reason"]), t("Not exported"))
    outcome = rx.cond(line["exported"], t("Exported"), reason)
    return ui.table_row(
        _RECORD_COLUMNS,
        ui.link(line["record"], line["href"]),
        or_dash(line["amount"], "–"),
        rx.el.div(outcome, class_name="app-sentence"),
        ui.delivery_tag(line["now"]),
        rx.el.code(line["reference"]),
        voucher(line["external_id"], line["voucher_href"], "–"),
        numeric=[1],
        key=line["key"],
    )


def _not_all_shown() -> Text:
    return t(
        "There are more than the {count} shown here. All records of this export are listed below, those that failed"
        " first, and the files hold them all.",
        count=RunState.failures.length().to_string(),
    )


def _left_behind() -> rx.Component:
    """Draw the records the run did not deliver, and the button that tries what failed once more."""
    table = ui.table(
        t("Records that could not be exported"),
        FAILURE_COLUMNS,
        rx.foreach(RunState.failures, failure_row),
        numeric=[1],
        hide_caption=True,
    )
    retry = ui.button(t("Retry what failed"), variant="secondary", on_click=RunState.retry)
    shown = rx.el.section(
        ui.heading(t("Records that could not be exported"), id="left-behind"),
        rx.cond(RunState.more_failures, ui.paragraph(_not_all_shown(), id="not-all")),
        table,
        rx.cond(RunState.may_retry & SessionState.can_run, ui.row(retry)),
        aria_labelledby="left-behind",
        class_name="app-stack app-stack--small",
    )
    return rx.el.div(rx.cond(RunState.failures, shown))
