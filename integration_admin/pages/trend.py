"""The last thirty days of an integration as a chart that is also the table a screen reader reads.

It follows the way of Charts.css, a table drawn as a chart; the bars are drawings, for the page's policy lets no cell
have a style of its own.
"""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.states.health import HealthState
from integration_admin.states.trend import TrendLine


def trend() -> rx.Component:
    """Draw the sums, the chart and what it shows, and the button that shows its figures."""
    turn = ui.button(
        rx.cond(HealthState.trend_in_figures, t("Show as a chart"), t("Show the figures")),
        variant="tertiary",
        on_click=HealthState.turn_trend,
    )
    key = ui.paragraph(
        t(
            "From {first} to {last}. Above the line: exported. Below it, hatched: not exported. The highest bar"
            " stands for {count}.",
            first=HealthState.trend[0]["day"],
            last=HealthState.trend[-1]["day"],
            count=HealthState.trend_most,
        )
    )
    shown = rx.fragment(_table(), rx.cond(HealthState.trend_in_figures, rx.fragment(), key), ui.row(turn))
    return rx.el.section(
        ui.heading(t("The last 30 days"), id="trend"),
        ui.paragraph(HealthState.trend_told),
        rx.cond(HealthState.trend, shown),
        aria_labelledby="trend",
        class_name="app-stack app-stack--small",
    )


def _table() -> rx.Component:
    heads = [
        rx.el.th(text, scope="col", role="columnheader")
        for text in (t("Day"), t("Exported"), t("Not exported"))
    ]
    return rx.el.table(
        rx.el.caption(t("Records exported and not exported, day by day"), class_name="ds-sr-only"),
        rx.el.thead(rx.el.tr(*heads, role="row"), role="rowgroup"),
        rx.el.tbody(rx.foreach(HealthState.trend, _day), role="rowgroup"),
        role="table",
        class_name=rx.cond(HealthState.trend_in_figures, "app-figures", "app-chart"),
    )


def _day(line: rx.Var[TrendLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(rx.el.span(line["day"]), scope="row", role="rowheader"),
        rx.el.td(rx.el.span(line["delivered"]), _bar(line["delivered_size"]), role="cell"),
        rx.el.td(rx.el.span(line["failed"]), _bar(line["failed_size"]), role="cell"),
        role="row",
        key=line["key"],
    )


def _bar(size: rx.Var[float]) -> rx.Component:
    """Draw a bar that hangs from the top, none for nothing; the style sheet turns over those that stand."""
    bar = rx.el.svg(
        rx.el.rect(custom_attrs={"x": "0", "y": "0", "width": "10", "height": size}),
        view_box="0 0 10 100",
        preserve_aspect_ratio="none",
        custom_attrs={"aria-hidden": "true", "focusable": "false"},
    )
    return rx.cond(size > 0, bar)
