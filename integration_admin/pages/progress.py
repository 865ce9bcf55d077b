"""The progress of an export under way: a bar, the same in words, and the button that stops it."""

from typing import Any

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.states.session import SessionState


def run_progress(state: Any) -> rx.Component:
    """Draw how far the run of a state has come, which is `Progressing` and has `stopping` and `stop`."""
    stop = ui.button(
        rx.cond(state.stopping, t("Stopping …"), t("Stop the export")),
        variant="secondary",
        busy=state.stopping,
        on_click=state.stop,
    )
    return rx.el.section(
        ui.paragraph(t("An export is under way"), id="progress-title"),
        _bar(state),
        ui.paragraph(state.progress_counted, " ", state.progress_pace, id="progress-told"),
        rx.cond(SessionState.can_run, ui.row(stop)),
        aria_labelledby="progress-title",
        class_name="app-stack app-stack--small app-progress",
    )


def _bar(state: Any) -> rx.Component:
    """Draw the bar, which moves by itself as long as nobody knows how much there is."""
    named = {"aria-labelledby": "progress-title", "aria-valuetext": state.progress_counted}
    known = rx.el.progress(value=state.progress_done, max=state.progress_total, custom_attrs=named)
    unknown = rx.el.progress(custom_attrs=named)
    # Within a box of its own: what is empty in a stack takes no room there, and a bar is always empty.
    return rx.el.div(rx.cond(state.progress_total, known, unknown))
