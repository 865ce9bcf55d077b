"""Where is claim 1042: the search for records, and the page of one record."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.kept import KeepInAddress
from integration_admin.pages.parts import or_dash, refusal, spoken
from integration_admin.pages.voucher_link import voucher
from integration_admin.states.record import EventLine, RecordState, WayLine
from integration_admin.states.records import PlaceLine, RecordLine, RecordsState
from integration_admin.states.session import SessionState

_COLUMNS = (
    t("Record"),
    t("Kind"),
    t("Claimant"),
    t("Amount"),
    t("In the expense system"),
    t("In the accounting system"),
)
_STATUSES = (
    ("draft", t("Draft")),
    ("submitted", t("Submitted")),
    ("approved", t("Approved")),
    ("paid", t("Paid out")),
    ("completed", t("Completed")),
)
_PLACES = (
    ("ready", t("Ready to send")),
    ("sending", t("Being sent")),
    ("delivered", t("Delivered")),
    ("rejected", t("Rejected")),
    ("retry_wait", t("Will be tried again")),
    ("unknown", t("Being checked")),
    ("needs_person", t("You must decide")),
    ("dismissed", t("Dismissed")),
)


@ui.page("/records", t("Records"), on_load=[SessionState.load, RecordsState.load])
def records() -> rx.Component:
    """Draw the search and what it found."""
    return rx.fragment(
        ui.live_region(RecordsState),
        KeepInAddress.create(query=RecordsState.query),
        ui.loading(
            RecordsState.ready, ui.paragraph(RecordsState.lately), _search(), refusal(RecordsState), _found()
        ),
    )


def _search() -> rx.Component:
    return ui.form(
        ui.text_field(
            "text",
            t("Search for"),
            help=t(
                "A claim number or how it begins or ends, a claimant’s name, an amount, our reference, or a"
                " voucher number in the accounting system."
            ),
            default_value=RecordsState.text,
            type="search",
            auto_complete="off",
        ),
        rx.el.div(
            ui.select_field(
                "status",
                t("In the expense system"),
                _STATUSES,
                placeholder=t("Any status"),
                default_value=RecordsState.status,
            ),
            ui.select_field(
                "where",
                t("In the accounting system"),
                _PLACES,
                placeholder=t("Any status"),
                default_value=RecordsState.where,
            ),
            class_name="app-row",
        ),
        ui.row(ui.button(t("Search"), submit=True)),
        on_submit=RecordsState.search,
        key=RecordsState.times_read.to_string(),
        role="search",
    )


def _found() -> rx.Component:
    table = ui.table(
        t("Records that were found"), _COLUMNS, rx.foreach(RecordsState.records, _row), numeric=[3]
    )
    none = ui.paragraph(RecordsState.announcement)
    more = ui.more_button(t("Show more"), RecordsState.more)
    return rx.el.section(
        rx.cond(RecordsState.records, table, none),
        rx.cond(RecordsState.next_cursor, ui.row(more)),
        aria_label=t("Records that were found"),
        class_name="app-stack app-stack--small",
    )


def _row(line: rx.Var[RecordLine]) -> rx.Component:
    places = line["places"].to(list[PlaceLine])
    return ui.table_row(
        _COLUMNS,
        ui.link(line["record"], line["href"]),
        kind_word(line["kind"]),
        or_dash(line["claimant"], "–"),
        or_dash(line["amount"], "–"),
        status_word(line["status"]),
        rx.el.div(
            rx.cond(line["places"], rx.foreach(places, _place), t("Not taken up")),
            class_name="app-stack app-stack--small",
        ),
        numeric=[3],
        key=line["key"],
    )


def _place(place: rx.Var[PlaceLine]) -> rx.Component:
    number = voucher(place["external_id"], place["voucher_href"], "")
    return rx.el.div(ui.delivery_tag(place["state"]), " ", number, " ", place["integration"])


def kind_word(kind: rx.Var[str]) -> Text:
    """Return what kind of record it is."""
    return rx.match(
        kind,
        ("expense_claim", t("Expense claim")),
        ("reimbursement", t("Reimbursement")),
        ("activity", t("Activity")),
        kind,
    )


def status_word(status: rx.Var[str]) -> Text:
    """Return what the expense system says of a record."""
    return rx.match(status, *_STATUSES, status)


def _trail() -> rx.Component:
    return ui.breadcrumbs((t("Records"), "/records"), current=RecordState.record)


@ui.page(
    "/records/[record_kind]/[id]",
    t("Record: {record}", record=RecordState.record),
    heading=RecordState.record,
    above=_trail,
    on_load=[SessionState.load, RecordState.load],
)
def record() -> rx.Component:
    """Draw where one record is, and its story."""
    there = ui.loading(RecordState.ready, _facts(), _ways(), _story(), _data())
    return rx.fragment(
        refusal(RecordState),
        rx.cond(RecordState.gone, ui.paragraph(RecordState.gone, role="status"), there),
    )


def _facts() -> rx.Component:
    return ui.facts(
        (t("Kind"), kind_word(RecordState.record_sort)),
        (t("In the expense system"), status_word(RecordState.status)),
        (t("Amount"), or_dash(RecordState.amount, t("None"))),
        (t("Claimant"), or_dash(RecordState.claimant, t("Not shown"))),
        (t("Purpose"), or_dash(RecordState.purpose, t("Not shown"))),
        (t("Received"), RecordState.received),
    )


def _ways() -> rx.Component:
    none = ui.paragraph(t("No integration has taken this record up yet."))
    return rx.el.section(
        ui.heading(t("Where it is"), id="where"),
        rx.cond(RecordState.ways, rx.foreach(RecordState.ways, _way), none),
        aria_labelledby="where",
        class_name="app-stack app-stack--small",
    )


def _way(way: rx.Var[WayLine]) -> rx.Component:
    last = rx.cond(way["run_href"], ui.link(way["sent"], way["run_href"], of=way["integration"]), way["sent"])
    return rx.el.article(
        ui.heading(way["integration"], level=3),
        ui.row(ui.delivery_tag(way["state"])),
        rx.cond(way["reason"], ui.paragraph(spoken(way["reason"]))),
        ui.facts(
            (
                t("Voucher in the accounting system"),
                voucher(way["external_id"], way["voucher_href"], t("None yet")),
            ),
            (t("Our reference"), rx.el.code(way["reference"])),
            (t("Attempts"), way["attempts"]),
            (t("Last sent"), rx.cond(way["sent"], last, t("Not yet"))),
        ),
        rx.cond(way["next_try"], ui.paragraph(t("Next: {time}", time=way["next_try"]))),
        _to_do(way),
        key=way["href"],
        class_name="ds-card app-stack app-stack--small",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
    )


def _to_do(way: rx.Var[WayLine]) -> rx.Component:
    """Link to where the record is decided about or tried again."""
    words = rx.match(
        way["todo"],
        ("decide", t("Decide about it")),
        ("mend", t("Put it right and try again")),
        ("there", t("It was refused after import: see what to do")),
        t("Go to the integration"),
    )
    return ui.row(ui.link(words, way["href"], of=way["integration"]))


def _story() -> rx.Component:
    return rx.el.section(
        ui.heading(t("What happened"), id="story"),
        rx.el.ol(rx.foreach(RecordState.events, _event), class_name="ds-list"),
        aria_labelledby="story",
        class_name="app-stack app-stack--small",
    )


def _event(event: rx.Var[EventLine]) -> rx.Component:
    at = rx.cond(event["href"], ui.link(event["at"], event["href"], of=event["integration"]), event["at"])
    return rx.el.li(at, ": ", event["sentence"], " ", spoken(event["reason"]), key=event["key"])


def _data() -> rx.Component:
    return ui.details(
        t("The same as data"), rx.el.pre(rx.el.code(RecordState.as_data), class_name="app-code")
    )
