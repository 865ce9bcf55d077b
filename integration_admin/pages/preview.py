"""The part of the mapping's page that shows one real record as it came in and as it would be sent."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.effects import FocusWhen, ready_here
from integration_admin.pages.dry_run import exact_payload
from integration_admin.pages.parts import or_dash, refused, spoken
from integration_admin.states.preview import OutlayLine, PostingLine, PreviewState, ValueLine

_FIELD = "preview_record"
_LIST = "preview-records"
_COLUMNS = (t("Account"), t("Text"), t("Debit"), t("Credit"))


def preview_section() -> rx.Component:
    """Draw the choice of a record, and the record before and after the saved mapping.

    It is read once the section is there: read with all else it would keep the browser and the server busy at the
    same time, and what stands above would appear later.
    """
    return rx.el.section(
        ui.heading(t("Preview"), id="preview"),
        ui.paragraph(
            t(
                "One real record, as it came in and as it would be sent with the saved mapping. Nothing is sent."
            )
        ),
        ui.live_region(PreviewState),
        refused(PreviewState),
        ui.loading(ready_here(PreviewState), _shown()),
        on_mount=PreviewState.load,
        aria_labelledby="preview",
        class_name="app-stack app-stack--medium",
    )


def _shown() -> rx.Component:
    nothing = ui.paragraph(t("No claim has come in yet. The preview begins with the first one."))
    return ui.stack(
        _choice(),
        rx.cond(PreviewState.record, ui.stack(_verdict(), _before(), _after()), nothing),
    )


def _choice() -> rx.Component:
    """Draw the field for a record's number, which offers the newest ones."""
    options = rx.foreach(
        PreviewState.choices, lambda choice: rx.el.option(choice[0], value=choice[0], key=choice[0])
    )
    return ui.form(
        rx.el.datalist(options, id=_LIST),
        FocusWhen.create(element=_FIELD, when=PreviewState.errors, times=PreviewState.times_refused),
        ui.text_field(
            _FIELD,
            t("Number of the claim or reimbursement"),
            help=t("Choose one of the newest, or type any number."),
            error=ui.error_for(PreviewState.errors, _FIELD),
            required=True,
            default_value=PreviewState.record,
            list=_LIST,
            auto_complete="off",
        ),
        ui.row(ui.button(t("Show it"), submit=True, variant="secondary")),
        on_submit=PreviewState.choose,
    )


def _verdict() -> rx.Component:
    tag = rx.match(
        PreviewState.would,
        ("send", ui.tag(t("Would be sent"), "success", "success")),
        ("fail", ui.tag(t("Would fail"), "danger", "danger")),
        ui.tag(t("Stays where it is"), "neutral", "info"),
    )
    return ui.stack(
        ui.heading(PreviewState.record, level=3, id="preview-shown"),
        ui.row(tag),
        rx.foreach(PreviewState.reasons, lambda reason: ui.paragraph(spoken(reason))),
        gap="small",
    )


def _before() -> rx.Component:
    return ui.details(
        t("Before: the record as it came in"),
        ui.stack(_values(PreviewState.received), rx.foreach(PreviewState.outlays, _outlay)),
    )


def _outlay(line: rx.Var[OutlayLine]) -> rx.Component:
    return rx.el.div(
        ui.heading(line["amount"], level=4),
        _values(line["values"]),
        key=line["key"],
        class_name="app-stack app-stack--small",
    )


def _values(values: rx.Var[list[ValueLine]]) -> rx.Component:
    return rx.el.dl(rx.foreach(values, _value), class_name="app-facts")


def _value(line: rx.Var[ValueLine]) -> rx.Component:
    left_out = ui.tag(t("Left out of what is sent"), "neutral", "stop")
    return rx.el.div(
        rx.el.dt(line["label"]),
        rx.el.dd(rx.cond(line["excluded"], left_out, line["value"])),
        key=line["label"],
    )


def _after() -> rx.Component:
    number = rx.fragment(
        PreviewState.number,
        rx.cond(PreviewState.numbered, "", rx.fragment(" ", t("(the next free one)"))),
    )
    shown = ui.details(
        t("After: the entries it becomes"),
        ui.stack(
            ui.facts(
                (t("Date"), PreviewState.day),
                (t("Voucher number"), number),
                (t("Our reference"), rx.el.code(PreviewState.reference)),
            ),
            rx.el.dl(rx.foreach(PreviewState.head, _pair), class_name="app-facts"),
            _entries(),
        ),
        open=True,
    )
    return rx.fragment(
        rx.el.div(rx.cond(PreviewState.postings, shown)),
        rx.el.div(rx.cond(PreviewState.payload, exact_payload(PreviewState.payload))),
    )


def _pair(pair: rx.Var[tuple[str, str]]) -> rx.Component:
    return rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]), key=pair[0])


def _entries() -> rx.Component:
    return ui.table(
        t("Entries of the voucher"),
        _COLUMNS,
        rx.foreach(PreviewState.postings, _entry),
        numeric=[2, 3],
        hide_caption=True,
    )


def _entry(line: rx.Var[PostingLine]) -> rx.Component:
    details = rx.foreach(line["details"], lambda pair: rx.el.div(pair[0], ": ", pair[1], key=pair[0]))
    return ui.table_row(
        _COLUMNS,
        or_dash(line["account"], t("The person's own account")),
        rx.fragment(line["text"], details),
        line["debit"],
        line["credit"],
        numeric=[2, 3],
        key=line["key"],
    )
