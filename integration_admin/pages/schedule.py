"""The sync schedule: in the wizard, and as a page of its own."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.pages.parts import integration_trail, refusal
from integration_admin.states.health import HealthState
from integration_admin.states.schedule import ScheduleState
from integration_admin.states.session import SessionState

_KINDS = (
    ("daily", t("Every day")),
    ("weekdays", t("Monday to Friday")),
    ("hourly", t("Every hour")),
    ("manual", t("Only when somebody starts it")),
)


def _trail() -> rx.Component:
    return integration_trail(HealthState.name, HealthState.integration_id, t("Schedule"))


@ui.page(
    "/settings/integrations/[id]/schedule",
    t("Schedule"),
    above=_trail,
    on_load=[SessionState.load, HealthState.load, ScheduleState.load],
)
def schedule() -> rx.Component:
    """Draw the form."""
    saved = ui.alert("success", t("The schedule is saved."))
    return rx.fragment(
        rx.el.div(rx.cond(ScheduleState.saved, saved), aria_live="polite"), schedule_form(t("Save"))
    )


def schedule_form(save_words: Text) -> rx.Component:
    """Draw how often, at what time and in which time zone, with the next runs written out."""
    return ui.stack(
        refusal(ScheduleState),
        ui.loading(
            ScheduleState.ready,
            ui.form(
                ui.select_field(
                    "kind",
                    t("How often"),
                    _KINDS,
                    required=True,
                    default_value=ScheduleState.kind,
                    on_change=lambda value: ScheduleState.preview("kind", value),
                ),
                ui.text_field(
                    "at",
                    t("Time"),
                    help=t("Hours and minutes, such as 02:00. For every hour only the minutes count."),
                    required=True,
                    default_value=ScheduleState.at,
                    on_blur=lambda value: ScheduleState.preview("at", value),
                    input_mode="text",
                ),
                ui.text_field(
                    "time_zone",
                    t("Time zone"),
                    help=t(
                        "Such as Europe/Oslo. When the clocks change, each night still has exactly one export."
                    ),
                    required=True,
                    default_value=ScheduleState.time_zone,
                    on_blur=lambda value: ScheduleState.preview("time_zone", value),
                ),
                _next_runs(),
                ui.row(ui.button(save_words, submit=True)),
                on_submit=ScheduleState.save,
                key=ScheduleState.times_read.to_string(),
            ),
        ),
    )


def _next_runs() -> rx.Component:
    listed = rx.el.ol(rx.foreach(ScheduleState.next_runs, lambda text: rx.el.li(text)), class_name="ds-list")
    none = ui.paragraph(t("It will not run by itself."))
    return rx.el.div(
        ui.heading(t("The next exports"), level=3),
        rx.cond(ScheduleState.next_runs, listed, none),
        aria_live="polite",
    )
