"""The sync schedule: in the wizard, and as a page of its own."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.effects import in_slices, ready_here
from integration_admin.components.kept import keep_typed_here
from integration_admin.pages.decisions import missed_question
from integration_admin.pages.parts import integration_trail, pause_button, refusal, refused, saved_again
from integration_admin.states.health import HealthState
from integration_admin.states.schedule import ScheduleState
from integration_admin.states.session import SessionState

_KINDS = (
    ("daily", t("Every day")),
    ("weekdays", t("Monday to Friday")),
    ("weekly", t("Once a week")),
    ("monthly", t("Once a month")),
    ("hourly", t("Every hour")),
    ("manual", t("Only when somebody starts it")),
)
_WEEKDAYS = (
    ("1", t("Monday")),
    ("2", t("Tuesday")),
    ("3", t("Wednesday")),
    ("4", t("Thursday")),
    ("5", t("Friday")),
    ("6", t("Saturday")),
    ("7", t("Sunday")),
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
    """Draw what was missed, if anything, and the form."""
    done = ui.alert("success", t("The schedule is saved."), in_live_region=True)
    saved = saved_again(ScheduleState.saved, done, ScheduleState.version)
    return rx.fragment(
        keep_typed_here(),
        _missed(),
        schedule_form(t("Save"), saved),
        rx.cond(in_slices(ready_here(ScheduleState) & ready_here(HealthState)), _pause()),
    )


def _pause() -> rx.Component:
    """Say whether the schedule counts at present, beside what changes it."""
    stopped = HealthState.lifecycle == "stopped"
    place = rx.Var.create(f"/settings/integrations/{HealthState.integration_id}/credentials").to(str)
    renew = ui.link(t("Enter new credentials"), place)
    return rx.el.section(
        ui.heading(
            rx.cond(stopped, t("The export has stopped"), t("Pause or resume the exports")), id="pause"
        ),
        refused(HealthState),
        ui.live_region(HealthState),
        rx.cond(HealthState.lifecycle != "active", ui.paragraph(HealthState.sentence)),
        ui.row(rx.cond(stopped, renew, pause_button())),
        aria_labelledby="pause",
        class_name="app-stack app-stack--small",
    )


def schedule_form(save_words: Text, *saved: rx.Component) -> rx.Component:
    """Draw how often, at what time and in which time zone, with the next runs written out."""
    return ui.stack(
        refusal(ScheduleState),
        ui.loading(
            ready_here(ScheduleState),
            _unknown_zone(),
            ui.form(
                rx.cond(ScheduleState.cron_line, _by_line(), _in_words()),
                _time_zone(),
                _cron(),
                _next_runs(),
                ui.row(ui.button(save_words, submit=True)),
                *saved,
                on_submit=ScheduleState.save,
                key=ScheduleState.times_read.to_string(),
            ),
            refusal=ScheduleState.refusal,
        ),
    )


def _in_words() -> rx.Component:
    """Draw the choices in plain words; a day and a time only where the chosen kind has them."""
    return ui.stack(
        ui.select_field(
            "kind",
            t("How often"),
            _KINDS,
            required=True,
            default_value=ScheduleState.kind,
            on_change=lambda value: ScheduleState.preview("kind", value),
        ),
        rx.match(
            ScheduleState.kind,
            ("weekly", _day(t("Day of the week"), _WEEKDAYS, "")),
            ("monthly", _day(t("Day of the month"), _days_of_month(), _shorter_months())),
            rx.fragment(),
        ),
        rx.cond(ScheduleState.kind != "manual", _time()),
    )


def _day(label: Text, options: tuple[tuple[str, Text], ...], about: Text) -> rx.Component:
    return ui.select_field(
        "day",
        label,
        options,
        help=about,
        required=True,
        default_value=ScheduleState.day,
        on_change=lambda value: ScheduleState.preview("day", value),
        key=ScheduleState.kind,
    )


def _days_of_month() -> tuple[tuple[str, Text], ...]:
    numbered = tuple((str(day), t("Day {day}", day=day)) for day in range(1, 32))
    return (("0", t("The last day")), *numbered)


def _shorter_months() -> Text:
    return t("In a month that does not have this day, the export comes on the month's last day.")


def _time() -> rx.Component:
    return ui.text_field(
        "at",
        t("Time"),
        help=t("Hours and minutes, such as 02:00. For every hour only the minutes count."),
        error=ui.error_for(ScheduleState.errors, "at"),
        required=True,
        default_value=ScheduleState.at,
        on_blur=lambda value: ScheduleState.preview("at", value),
        input_mode="text",
    )


def _time_zone() -> rx.Component:
    return ui.text_field(
        "time_zone",
        t("Time zone"),
        help=t("Such as Europe/Oslo. When the clocks change, each night still has exactly one export."),
        error=ui.error_for(ScheduleState.errors, "time_zone"),
        required=True,
        default_value=ScheduleState.time_zone,
        on_blur=lambda value: ScheduleState.preview("time_zone", value),
    )


def _by_line() -> rx.Component:
    return ui.paragraph(t("The cron line below decides. Empty it to choose in plain words."))


def _cron() -> rx.Component:
    """Draw the one field for those who know cron, out of the way of all others."""
    return ui.details(
        t("Write a cron line instead"),
        ui.text_field(
            "cron_line",
            t("Cron line"),
            help=t(
                "Five parts: minute, hour, day of the month, month, weekday. 30 6 * * 1-5 is half past six from"
                " Monday to Friday. At most one export every five minutes; leave it empty if in doubt."
            ),
            error=ui.error_for(ScheduleState.errors, "cron_line"),
            default_value=ScheduleState.cron_line,
            on_blur=lambda value: ScheduleState.preview("cron_line", value),
            auto_complete="off",
            spell_check=False,
        ),
        open=ScheduleState.cron_line != "",
    )


def _next_runs() -> rx.Component:
    listed = rx.el.ol(rx.foreach(ScheduleState.next_runs, lambda text: rx.el.li(text)), class_name="ds-list")
    none = ui.paragraph(
        rx.cond(
            ScheduleState.unreadable,
            t("They are listed here once what is written above can be read."),
            t("It will not run by itself."),
        )
    )
    return rx.el.div(
        ui.heading(t("The next exports")),
        rx.cond(ScheduleState.next_runs, listed, none),
        aria_live="polite",
        class_name="app-stack app-stack--small",
    )


def _unknown_zone() -> rx.Component:
    sentence = t(
        "The time zone {zone} is not known any more, so nothing is exported by itself. Write another one below.",
        zone=ScheduleState.time_zone,
    )
    return rx.el.div(rx.cond(ScheduleState.zone_known, rx.fragment(), ui.alert("warning", sentence)))


def _missed() -> rx.Component:
    """Ask about exports that were missed long ago, and say what was answered."""
    question = ui.alert(
        "warning",
        missed_question(
            ScheduleState.missed_since,
            ScheduleState.answer_missed("export"),
            ScheduleState.answer_missed("leave"),
        ),
        title=t("Planned exports were missed"),
    )
    return rx.fragment(
        rx.el.div(rx.cond(ScheduleState.missed_since, question)),
        rx.el.div(
            rx.match(
                ScheduleState.answer,
                (
                    "export",
                    ui.alert(
                        "success",
                        t("The export has been started. The history shows how it goes."),
                        in_live_region=True,
                    ),
                ),
                (
                    "leave",
                    ui.alert(
                        "success",
                        t("Nothing is sent now. What waits goes with the next export."),
                        in_live_region=True,
                    ),
                ),
                rx.fragment(),
            ),
            aria_live="polite",
        ),
    )
