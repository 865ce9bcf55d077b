"""Pieces several pages draw: where a form's refusal is told, and an integration's status."""

from typing import Any

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.effects import ShowWhen
from integration_admin.states.health import HealthState


def refusal(state: Any) -> rx.Component:
    """Draw why something was not done: the summary of a form's errors, or one sentence."""
    return rx.fragment(ui.error_summary(state.errors, state.times_refused), refused(state))


def refused(state: Any) -> rx.Component:
    """Draw the sentence that says why something was not done.

    Each time it is drawn anew, so that it is read out anew, and brought into sight: the button may be far below it.
    """
    place = f"refused-{state.__name__}"
    told = rx.el.div(
        ui.alert("danger", state.refusal),
        id=place,
        key=state.times_refused.to_string(),
        class_name="app-refused",
    )
    return ShowWhen.create(rx.el.div(rx.cond(state.refusal, told)), element=place, when=state.times_refused)


def saved_again(saved: rx.Var[Any], told: rx.Component, times: rx.Var[int]) -> rx.Component:
    """Draw that something was saved or made; drawn anew each time, so that a second time is read out too."""
    return rx.el.div(rx.cond(saved, rx.el.div(told, key=times.to_string())), aria_live="polite")


def status_tag(status: rx.Var[str]) -> rx.Component:
    """Draw how an integration is doing, in a word."""
    return rx.match(
        status,
        ("active", ui.tag(t("Active"), "success", "success")),
        ("paused", ui.tag(t("Paused"), "neutral", "pause")),
        ("needs_attention", ui.tag(t("Needs attention"), "warning", "warning")),
        ("error", ui.tag(t("Error"), "danger", "danger")),
        ui.tag(t("Not configured"), "neutral", "info"),
    )


def pause_button() -> rx.Component:
    """Draw the button that pauses the integration of the page, or lets it go on."""
    active = HealthState.lifecycle == "active"
    # One button with changing words: a second one in its place would lose the focus.
    button = ui.button(
        rx.cond(active, t("Pause"), t("Resume")),
        variant="secondary",
        color="neutral",
        on_click=HealthState.set_paused(active),
    )
    return rx.cond(active | (HealthState.lifecycle == "paused"), button)


def or_dash(text: rx.Var[str], otherwise: Text) -> rx.Component:
    """Draw a value, or words for that there is none."""
    return rx.cond(text, text, otherwise)


def next_export(at: rx.Var[str], lifecycle: rx.Var[str]) -> rx.Component:
    """Draw when the next export is planned; while one is paused or has stopped, starting it by hand is refused too."""
    none = rx.match(
        lifecycle,
        ("paused", t("Paused")),
        ("stopped", t("The export has stopped")),
        t("Only when you start it"),
    )
    return or_dash(at, none)


def spoken(pieces: rx.Var[list[tuple[str, bool]]]) -> rx.Component:
    """Draw a sentence in which another system's own words are marked as the English they are."""
    return rx.fragment(
        rx.foreach(
            pieces, lambda piece: rx.cond(piece[1], rx.el.span(piece[0], lang="en"), rx.el.span(piece[0]))
        )
    )


def integration_trail(name: Text, integration_id: rx.Var[str], current: Text) -> rx.Component:
    """Show the way to a page below an integration."""
    return ui.breadcrumbs(
        (t("Integrations"), "/settings/integrations"),
        (name, f"/settings/integrations/{integration_id}"),
        current=current,
    )
