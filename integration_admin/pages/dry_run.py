"""The page that tells what an export would do with everything that waits, without doing it."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.pages.parts import integration_trail, or_dash, refusal, spoken
from integration_admin.states.dry_run import DryRunState, TriedGroup, TriedLine
from integration_admin.states.session import SessionState
from integration_admin.states.trail import TrailState


def _trail() -> rx.Component:
    return integration_trail(TrailState.name, TrailState.integration_id, t("Try without sending"))


@ui.page(
    "/settings/integrations/[id]/dry-run",
    t("Try without sending"),
    above=_trail,
    on_load=[SessionState.load, TrailState.load, DryRunState.load],
)
def dry_run() -> rx.Component:
    """Draw the counts, then the records: what would fail first, for that is what somebody can mend."""
    return rx.fragment(
        ui.paragraph(
            t(
                "This is what an export would do now with everything that waits. Nothing is sent and nothing is"
                " changed."
            )
        ),
        refusal(DryRunState),
        ui.live_region(DryRunState),
        rx.el.div(rx.cond(DryRunState.running, _progress())),
        rx.el.div(rx.cond(DryRunState.ready, _found())),
    )


def exact_payload(text: rx.Var[str]) -> rx.Component:
    """Draw what is sent, to the letter, behind a line that opens it."""
    return ui.details(t("Exactly what is sent"), rx.el.pre(rx.el.code(text), class_name="app-code"))


def _progress() -> rx.Component:
    return ui.row(
        ui.spinner(t("Looking at what waits")),
        rx.cond(
            DryRunState.looked_at,
            ui.paragraph(t("Records looked at so far: {count}", count=DryRunState.looked_at)),
            ui.paragraph(t("Looking at what waits")),
        ),
    )


def _found() -> rx.Component:
    return ui.stack(
        rx.cond(
            DryRunState.obstacle,
            ui.alert("warning", DryRunState.obstacle, title=t("No export can start now")),
        ),
        ui.facts(
            (t("Would be sent"), DryRunState.to_send),
            (t("Sum that would be sent"), or_dash(DryRunState.sums, t("None"))),
            (t("Would fail"), DryRunState.to_fail),
            (t("Stays where it is"), DryRunState.to_stay),
        ),
        _section("failing", t("Would fail"), DryRunState.failing, DryRunState.more_failing),
        _section("sendable", t("Would be sent"), DryRunState.sendable, DryRunState.more_sendable),
        _section("staying", t("Stays where it is"), DryRunState.staying, DryRunState.more_staying),
        rx.cond(
            ~DryRunState.failing & ~DryRunState.sendable & ~DryRunState.staying,
            ui.paragraph(t("Nothing waits to be exported.")),
        ),
        ui.paragraph(
            t(
                "Codes are compared with the accounting system's lists as they were last read. Read them again on"
                " the page of the field mapping if they have changed there."
            )
        ),
        rx.cond(
            ~SessionState.can_configure,
            ui.paragraph(
                t(
                    "Where *** stands, there is an e-mail address or an account number that administrators see."
                )
            ),
        ),
        ui.row(
            ui.button(t("Look again"), variant="secondary", on_click=DryRunState.look),
            rx.cond(SessionState.can_configure, ui.link(t("Change the mapping"), _mapping())),
        ),
        gap="large",
    )


def _section(name: str, title: Text, groups: rx.Var[list[TriedGroup]], more: rx.Var[str]) -> rx.Component:
    shown = rx.el.section(
        ui.heading(title, id=name),
        rx.el.div(rx.foreach(groups, _group), class_name="app-stack app-stack--small"),
        rx.cond(
            more,
            ui.paragraph(
                t(
                    "Further records: {count}. The command sync with --dry-run lists them all.",
                    count=more,
                )
            ),
        ),
        aria_labelledby=name,
        class_name="app-stack app-stack--medium",
    )
    return rx.el.div(rx.cond(groups, shown))


def _group(group: rx.Var[TriedGroup]) -> rx.Component:
    """Draw records with the same reasons; many are folded away, so that the reasons can be taken in at a glance."""
    records = rx.el.ul(
        rx.foreach(group["lines"], _record), class_name="app-plain-list app-stack app-stack--medium"
    )
    reasons = rx.fragment(rx.foreach(group["reasons"], lambda reason: rx.el.span(spoken(reason), " ")))
    folded = rx.el.details(
        rx.el.summary(rx.el.span(reasons, t("Records: {count}", count=group["count"]))),
        rx.el.div(records),
        class_name="ds-details",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
    )
    return rx.el.div(rx.cond(group["folded"], folded, records), key=group["key"])


def _record(line: rx.Var[TriedLine]) -> rx.Component:
    return rx.el.li(
        ui.heading(line["record"], level=3),
        rx.foreach(line["reasons"], lambda reason: ui.paragraph(spoken(reason))),
        ui.facts((t("Amount"), line["amount"]), (t("Our reference"), rx.el.code(line["reference"]))),
        # A card sets what folds out flush with its edge, and all else with it, where it is its own child.
        rx.el.div(rx.cond(line["payload"], exact_payload(line["payload"]))),
        key=line["key"],
        class_name="ds-card app-stack app-stack--small",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
    )


def _mapping() -> rx.Var[str]:
    return rx.Var.create(f"/settings/integrations/{DryRunState.integration_id}/mapping").to(str)
