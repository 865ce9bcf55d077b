"""Failures by their cause: each cause with its reason, what it concerns, where it is mended, and what to do about it.

Two pages draw them; each hands in its state, which is `Handling`.
"""

from typing import Any

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import only_spoken
from integration_admin.pages.parts import or_dash, spoken
from integration_admin.states.failure_causes import CauseLine
from integration_admin.states.session import SessionState

WHY_IT = t("Why is it not to be exported?")


def cause(line: rx.Var[CauseLine], state: Any, *more: rx.Component) -> rx.Component:
    """Draw one cause; `more` comes after what can be done about it."""
    title = f"cause-{line['key']}"
    return rx.el.article(
        ui.heading(_told_apart(line), level=3, id=title),
        ui.paragraph(spoken(line["reason"])),
        ui.facts(
            (t("Records"), line["records"]),
            (t("Amount"), or_dash(line["amounts"], "–")),
            (t("Since"), line["since"]),
        ),
        _fix(line),
        rx.cond(SessionState.can_run, _actions(line, state)),
        *more,
        aria_labelledby=title,
        key=line["key"],
        class_name="ds-card app-stack app-stack--small",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
    )


def _told_apart(line: rx.Var[CauseLine]) -> rx.Component:
    """Draw the title; of causes with the same title the reason, which is below it, is read out with it."""
    reason = rx.fragment(*only_spoken(spoken(line["reason"])))
    return rx.fragment(line["title"], rx.cond(line["alike"], reason))


def _fix(line: rx.Var[CauseLine]) -> rx.Component:
    """Say where the cause is mended, with the way there."""
    href = line["fix_href"]
    mapping = rx.cond(
        SessionState.can_configure,
        ui.link(t("Change the mapping"), href),
        t("An administrator must change the mapping."),
    )
    excluded = rx.cond(
        SessionState.can_configure,
        ui.link(t("Change what is left out"), href),
        t("An administrator must change what is left out."),
    )
    return ui.paragraph(
        rx.match(
            line["fix"],
            ("mapping", rx.fragment(mapping)),
            ("excluded", rx.fragment(excluded)),
            ("record", rx.fragment(_in_expense_system())),
            ("system", rx.fragment(t("Put it right in the accounting system, or book it there by hand."))),
            ("either", rx.fragment(_in_either())),
            ("decide", ui.link(rx.cond(line["one"], t("Decide about it"), t("Decide about them")), href)),
            ("there", rx.fragment(t("Put it right in the accounting system, or book it there by hand."))),
            rx.fragment(
                rx.cond(
                    line["one"],
                    t("Nothing to do: it is tried again by itself."),
                    t("Nothing to do: they are tried again by themselves."),
                )
            ),
        )
    )


def _in_expense_system() -> Text:
    return t("Mend the record in the expense system. Its new revision is exported by itself.")


def _in_either() -> Text:
    return t(
        "Put it right in the accounting system and try again, or mend the record in the expense system: its new"
        " revision is exported by itself."
    )


def _actions(line: rx.Var[CauseLine], state: Any) -> rx.Component:
    retry = ui.button(
        rx.cond(line["one"], t("Retry it"), t("Retry these")),
        variant="secondary",
        on_click=state.retry_cause(line["key"]),
        aria_label=rx.cond(
            line["one"],
            t("Retry it: {records}", records=line["name"]),
            t("Retry these: {records}", records=line["name"]),
        ),
    )
    return rx.fragment(
        rx.cond(line["may_retry"], ui.row(retry)),
        # A card sets what folds out flush with its edge, and all else with it, where it is its own child.
        rx.el.div(rx.cond(line["may_dismiss"], _dismiss(line, state))),
    )


def _dismiss(line: rx.Var[CauseLine], state: Any) -> rx.Component:
    return ui.details(
        rx.cond(line["one"], t("Dismiss it …"), t("Dismiss these …")),
        reason_form(
            state.dismiss_cause,
            f"reason-{line['key']}",
            state.errors,
            rx.el.input(type="hidden", name="cause", default_value=line["key"]),
            words=t("Dismiss: {records}", records=line["title"]),
            name=t("Dismiss: {records}", records=line["name"]),
            why=rx.cond(line["one"], WHY_IT, t("Why are they not to be exported?")),
        ),
    )


def reason_form(
    on_submit: Any,
    field_id: str,
    errors: rx.Var[list[dict[str, str]]],
    *hidden: rx.Component,
    words: Text,
    name: Text,
    why: Text = WHY_IT,
) -> rx.Component:
    """Draw the form that dismisses something for a reason; it says what that means.

    `words` stand on its button, and `name` is what tells it from others.
    """
    return ui.form(
        *hidden,
        ui.text_field(
            "reason",
            why,
            help=t(
                "Everybody who looks at a record can read it. A dismissed record is not tried again as it is. It is"
                " exported only if the expense system sends a new revision, or if you take the dismissal back."
            ),
            error=ui.error_for(errors, field_id),
            required=True,
            field_id=field_id,
            auto_complete="off",
            max_length=500,
        ),
        ui.row(ui.button(words, submit=True, variant="secondary", color="danger", aria_label=name)),
        on_submit=on_submit,
    )
