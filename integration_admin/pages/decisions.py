"""The part of an integration's page where a person decides about records whose outcome nobody knows."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.effects import FocusWhen
from integration_admin.pages.parts import or_dash, spoken
from integration_admin.states.decisions import DecisionLine
from integration_admin.states.health import HealthState
from integration_admin.states.session import SessionState

_ALL = "send-all-again"


def decisions() -> rx.Component:
    """Draw what was decided last, which takes the focus, and everything that waits for an answer."""
    return rx.el.div(
        FocusWhen.create(_last(), element="decided", when=HealthState.decided, times=HealthState.times_told),
        rx.cond(HealthState.missed_since, _missed()),
        rx.cond(HealthState.decisions, _waiting()),
        class_name="app-stack app-stack--medium",
    )


def _last() -> rx.Component:
    """Draw the sentence about the last decision; its place is always there."""
    return rx.el.div(
        rx.cond(HealthState.decided, ui.alert("success", HealthState.decided[0])),
        custom_attrs={"id": "decided", "tabIndex": -1},
    )


def _missed() -> rx.Component:
    return rx.el.section(
        ui.heading(t("Planned exports were missed"), id="missed"),
        missed_question(
            HealthState.missed_since, HealthState.answer_missed("now"), HealthState.answer_missed("later")
        ),
        aria_labelledby="missed",
        class_name="app-stack app-stack--small",
    )


def missed_question(
    since: rx.Var[str], export: rx.event.EventSpec, leave: rx.event.EventSpec
) -> rx.Component:
    """Ask whether to make up for planned exports that were missed, and say what each answer does."""
    answers = rx.fragment(
        ui.paragraph(t("“Export now what was missed” sends everything that waits, at once and only once.")),
        ui.paragraph(
            t(
                "“Leave it to the next planned export” sends nothing now. Nothing is lost: what waits goes out"
                " then."
            )
        ),
        ui.row(
            ui.button(t("Export now what was missed"), on_click=export),
            ui.button(t("Leave it to the next planned export"), variant="secondary", on_click=leave),
        ),
    )
    return rx.fragment(
        ui.paragraph(
            t(
                "Nothing was running when the exports planned from {since} on were due. More than a week has passed,"
                " so they are not made up for without you.",
                since=since,
            )
        ),
        rx.cond(SessionState.can_run, answers),
    )


def _waiting() -> rx.Component:
    return rx.el.section(
        ui.heading(t("Records that need you to decide"), id="decisions"),
        # What is known to be there more than once says so by itself.
        rx.cond(HealthState.sendable, ui.paragraph(_nobody_knows())),
        rx.foreach(HealthState.decisions, _record),
        rx.cond(
            HealthState.beyond,
            ui.paragraph(
                t(
                    "Further records that wait: {count}. They appear here when you have decided.",
                    count=HealthState.beyond,
                )
            ),
        ),
        rx.cond(SessionState.can_run & (HealthState.sendable > 1), _all_again()),
        aria_labelledby="decisions",
        class_name="app-stack app-stack--medium",
    )


def _nobody_knows() -> Text:
    return rx.cond(
        HealthState.decisions.length() == 1,
        t(
            "Nobody knows whether this record is in the accounting system. It is not sent again until you say so."
            " Search there for our reference, then answer."
        ),
        t(
            "Nobody knows whether these records are in the accounting system. Nothing is sent again until you"
            " say so. Search there for our reference, then answer for each record."
        ),
    )


def _record(line: rx.Var[DecisionLine]) -> rx.Component:
    title = f"decide-{line['reference']}"
    return rx.el.article(
        ui.heading(line["record"], level=3, id=title),
        ui.paragraph(spoken(line["reason"])),
        ui.facts(
            (t("Amount"), line["amount"]),
            (t("Sent"), or_dash(line["sent"], t("Not known"))),
            (t("Our reference"), rx.el.code(line["reference"])),
            (t("Voucher number we sent"), line["voucher_number"]),
        ),
        rx.cond(SessionState.can_run, rx.fragment(_found(line), _again(line))),
        aria_labelledby=title,
        key=line["reference"],
        class_name="ds-card app-stack app-stack--small",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
    )


def _found(line: rx.Var[DecisionLine]) -> rx.Component:
    """Draw the form for a record that is there."""
    field_id = f"number-{line['reference']}"
    meaning = rx.cond(
        line["may_send_again"],
        t("It is there: the record counts as exported, and is never sent again."),
        t(
            "First remove the surplus there. Then the record counts as exported with the voucher that is left."
        ),
    )
    return ui.form(
        rx.el.input(type="hidden", name="reference", default_value=line["reference"]),
        ui.text_field(
            "voucher_number",
            t("Voucher number in the accounting system"),
            help=meaning,
            error=ui.error_for(HealthState.errors, field_id),
            required=True,
            field_id=field_id,
            auto_complete="off",
        ),
        ui.row(
            ui.button(
                t("It is there"),
                submit=True,
                variant="secondary",
                aria_label=t("It is there: {record}", record=line["record"]),
            )
        ),
        on_submit=HealthState.found,
    )


def _again(line: rx.Var[DecisionLine]) -> rx.Component:
    """Draw the button for a record that is not there, and the question that comes before it."""
    dialog_id = f"again-{line['reference']}"
    sure = ui.dialog(
        dialog_id,
        t("Send {record} again?", record=line["record"]),
        ui.paragraph(
            t(
                "Only when you have looked and it is not there. If it is there all the same, it is booked twice. It"
                " goes out with the next export, under the same reference."
            )
        ),
        ui.row(
            ui.close_dialog(
                dialog_id,
                t("It is not there: send it again"),
                color="danger",
                on_click=HealthState.send_again(line["reference"]),
            ),
            ui.close_dialog(dialog_id, t("Do not send"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(
        dialog_id,
        t("Send again"),
        variant="secondary",
        color="danger",
        aria_label=t("Send again: {record}", record=line["record"]),
        aria_describedby=f"{dialog_id}-help",
    )
    meaning = ui.paragraph(
        t("It is not there: the record goes out with the next export, under the same reference."),
        id=f"{dialog_id}-help",
    )
    return rx.cond(line["may_send_again"], rx.fragment(meaning, ui.row(button), sure))


def _all_again() -> rx.Component:
    """Draw the same for all that are shown, for when none of them arrived."""
    sure = ui.dialog(
        _ALL,
        t("Send {count} records again?", count=HealthState.sendable),
        ui.paragraph(
            t(
                "Only when you have looked for every one of them and none is there. Each that is there all the same"
                " is booked twice. They go out with the next export, under the same references."
            )
        ),
        ui.row(
            ui.close_dialog(
                _ALL,
                t("None is there: send them again"),
                color="danger",
                on_click=HealthState.send_all_again,
            ),
            ui.close_dialog(_ALL, t("Do not send"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(
        _ALL,
        t("Send all {count} shown here again", count=HealthState.sendable),
        variant="secondary",
        color="danger",
    )
    return rx.fragment(ui.row(button), sure)
