"""All failures of one integration: what is open and what waits for a person by its cause, and what has been settled."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.effects import FocusWhen
from integration_admin.pages.failure_causes import cause, reason_form
from integration_admin.pages.parts import integration_trail, or_dash, refusal, spoken
from integration_admin.states.failure_causes import CauseLine, FailedLine
from integration_admin.states.failures import FailuresState
from integration_admin.states.session import SessionState

_DECIDED = "decided"
_SHELVES = (
    ("open", t("Open")),
    ("person", t("Waiting for a person")),
    ("ended", t("Settled")),
)


def _trail() -> rx.Component:
    return integration_trail(FailuresState.name, FailuresState.integration_id, t("Failures"))


@ui.page(
    "/settings/integrations/[id]/failures",
    t("Failures"),
    above=_trail,
    on_load=[SessionState.load, FailuresState.load],
)
def failures() -> rx.Component:
    """Draw the three parts there are, and the one that is asked for."""
    return rx.fragment(
        refusal(FailuresState),
        ui.live_region(FailuresState),
        FocusWhen.create(
            _last(), element=_DECIDED, when=FailuresState.decided, times=FailuresState.times_told
        ),
        ui.loading(
            FailuresState.ready,
            _parts(),
            ui.heading(rx.match(FailuresState.shelf, *_SHELVES, "")),
            rx.cond(FailuresState.shelf == "ended", _ended(), _causes()),
        ),
    )


def _last() -> rx.Component:
    """Draw the sentence about what was done last; its place is always there."""
    return rx.el.div(
        rx.cond(FailuresState.decided, ui.alert("success", FailuresState.decided[0])),
        custom_attrs={"id": _DECIDED, "tabIndex": -1},
    )


def _parts() -> rx.Component:
    return rx.el.nav(
        rx.el.ul(
            *(rx.el.li(_part(name, words)) for name, words in _SHELVES), class_name="app-plain-list app-row"
        ),
        aria_label=t("Which failures"),
    )


def _part(name: str, words: Text) -> rx.Component:
    address = rx.Var.create(f"/settings/integrations/{FailuresState.integration_id}/failures?show={name}")
    here = rx.el.strong(words, custom_attrs={"aria-current": "page"})
    return rx.cond(FailuresState.shelf == name, here, ui.link(words, address.to(str)))


def _causes() -> rx.Component:
    nobody = rx.cond(
        FailuresState.shelf == "person",
        t("Nothing waits for a person."),
        t("No record has failed that is not settled."),
    )
    more = ui.more_button(t("Show more causes"), FailuresState.more_causes, of="article")
    return ui.stack(
        rx.cond(FailuresState.causes, rx.fragment(), ui.paragraph(nobody)),
        rx.foreach(FailuresState.causes, _cause),
        rx.cond(FailuresState.next_causes, ui.row(more)),
    )


def _cause(line: rx.Var[CauseLine]) -> rx.Component:
    is_open = FailuresState.opened == line["key"]
    turn = ui.button(
        rx.cond(is_open, t("Hide the records"), t("Show the records")),
        variant="tertiary",
        on_click=FailuresState.open_cause(line["key"]),
        custom_attrs={"aria-expanded": rx.cond(is_open, "true", "false")},
        aria_label=rx.cond(
            is_open,
            t("Hide the records: {records}", records=line["name"]),
            t("Show the records: {records}", records=line["name"]),
        ),
    )
    return cause(line, FailuresState, ui.row(turn), rx.cond(is_open, _records()))


def _records() -> rx.Component:
    return rx.fragment(
        rx.el.ul(
            rx.foreach(FailuresState.records, _record),
            class_name="app-plain-list app-stack app-stack--medium",
        ),
        _more_records(),
    )


def _more_records() -> rx.Component:
    more = ui.more_button(t("Show more records"), FailuresState.more_records, of="li")
    return rx.cond(FailuresState.next_records, ui.row(more))


def _record(line: rx.Var[FailedLine]) -> rx.Component:
    """Draw one record of a cause: its reason is the cause's."""
    retry = rx.fragment(
        ui.row(
            ui.button(
                t("Retry"),
                variant="secondary",
                on_click=FailuresState.retry_record(line["kind"], line["record"]),
                aria_label=t("Retry {record}", record=line["record"]),
            )
        ),
        rx.el.div(rx.cond(line["now"] == "rejected", _dismiss(line))),
    )
    return rx.el.li(
        rx.el.div(
            ui.link(line["record"], line["href"]), " ", line["amount"], " ", ui.delivery_tag(line["now"])
        ),
        rx.cond(
            SessionState.can_run,
            rx.match(line["todo"], ("retry", retry), ("there", _put_right(line)), rx.fragment()),
        ),
        key=line["key"],
        class_name="app-stack app-stack--small",
    )


def _dismiss(line: rx.Var[FailedLine]) -> rx.Component:
    return ui.details(
        t("Dismiss {record} …", record=line["record"]),
        reason_form(
            FailuresState.dismiss_record,
            f"reason-{line['kind']}/{line['record']}",
            FailuresState.errors,
            rx.el.input(type="hidden", name="kind", default_value=line["kind"]),
            rx.el.input(type="hidden", name="record", default_value=line["record"]),
            words=t("Dismiss {record}", record=line["record"]),
            name=t("Dismiss {record}", record=line["record"]),
        ),
    )


def _put_right(line: rx.Var[FailedLine]) -> rx.Component:
    return ui.row(
        ui.button(
            t("It is put right"),
            variant="secondary",
            on_click=FailuresState.put_right(line["kind"], line["record"]),
            aria_label=t("It is put right: {record}", record=line["record"]),
        )
    )


def _ended() -> rx.Component:
    listed = rx.el.ul(
        rx.foreach(FailuresState.records, _settled), class_name="app-plain-list app-stack app-stack--medium"
    )
    none = ui.paragraph(t("Nothing has been settled yet."))
    return ui.stack(
        ui.paragraph(
            t("Records that failed and were exported by a later export, and records somebody dismissed.")
        ),
        rx.cond(FailuresState.records, listed, none),
        _more_records(),
    )


def _settled(line: rx.Var[FailedLine]) -> rx.Component:
    back = ui.button(
        t("Take the dismissal back"),
        variant="secondary",
        on_click=FailuresState.take_back(line["kind"], line["record"]),
        aria_label=t("Take the dismissal back: {record}", record=line["record"]),
    )
    together = ui.button(
        t("Take everything back that was dismissed together with {record}", record=line["record"]),
        variant="secondary",
        on_click=FailuresState.take_back_together(line["kind"], line["record"]),
    )
    return rx.el.li(
        rx.el.div(
            ui.link(line["record"], line["href"]), " ", line["amount"], " ", ui.delivery_tag(line["now"])
        ),
        ui.paragraph(spoken(line["reason"])),
        ui.paragraph(or_dash(line["dismissed"], line["ended"])),
        rx.cond(
            SessionState.can_run & (line["todo"] == "back"), ui.row(back, rx.cond(line["first"], together))
        ),
        key=line["key"],
        class_name="app-stack app-stack--small",
    )
