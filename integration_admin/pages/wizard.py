"""The setup wizard: type, credentials and test, field mapping, schedule, review and save."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.kept import CarrySecrets, KeepTyped
from integration_admin.pages.credentials import credential_form
from integration_admin.pages.mapping import mapping_form
from integration_admin.pages.parts import or_dash, refusal
from integration_admin.pages.schedule import schedule_form
from integration_admin.states.credentials import CredentialState
from integration_admin.states.description import DescriptionState
from integration_admin.states.mapping import MappingState
from integration_admin.states.schedule import ScheduleState
from integration_admin.states.session import SessionState
from integration_admin.states.value_map import ValueMapState
from integration_admin.states.wizard import STEPS, WizardState

_NAMES = {
    "type": t("Integration type"),
    "credentials": t("Credentials"),
    "mapping": t("Field mapping"),
    "schedule": t("Schedule"),
    "review": t("Review and save"),
}


def _trail() -> rx.Component:
    return ui.breadcrumbs((t("Integrations"), "/settings/integrations"), current=t("Set up an integration"))


def _place() -> rx.Var[str]:
    """Return what the words typed in this step belong to."""
    step = rx.Var.create(f"{WizardState.integration_id}:{WizardState.step}").to(str)
    return rx.cond(WizardState.integration_id, step, "").to(str)


def _step_name() -> rx.Var[str]:
    return rx.match(WizardState.step, *_NAMES.items(), _NAMES["type"])


@ui.page(
    "/settings/integrations/new",
    t("Step {step} of {total}: set up an integration", step=WizardState.number, total=len(STEPS)),
    heading=t("Set up an integration"),
    above=_trail,
    on_load=[
        SessionState.load,
        WizardState.load,
        CredentialState.load,
        DescriptionState.load,
        MappingState.load_in_wizard,
        ValueMapState.load,
        ScheduleState.load_in_wizard,
    ],
)
def wizard() -> rx.Component:
    """Draw the step the address names; every step is kept as soon as it is done."""
    return rx.fragment(
        KeepTyped.create(place=_place()),
        CarrySecrets.create(),
        ui.step_indicator(WizardState.number, len(STEPS), _step_name()),
        refusal(WizardState),
        ui.loading(
            WizardState.ready,
            rx.match(
                WizardState.step,
                ("credentials", _credentials()),
                ("mapping", _mapping()),
                ("schedule", _schedule()),
                ("review", _review()),
                _type(),
            ),
        ),
    )


def _address(step: str) -> rx.Var[str]:
    return rx.Var.create(f"/settings/integrations/new?id={WizardState.integration_id}&step={step}").to(str)


def _type() -> rx.Component:
    choices = rx.foreach(
        WizardState.types,
        lambda known: ui.button(
            t("Set up {type}", type=known["label"]),
            on_click=WizardState.choose_type(known["kind"]),
            key=known["kind"],
        ),
    )
    return ui.stack(
        ui.heading(t("Which accounting system do you use?")),
        ui.row(choices),
    )


def _credentials() -> rx.Component:
    without = ui.stack(
        ui.paragraph(
            t(
                "You can go on and test later. The integration is then saved with your reason, and paused until a test"
                " succeeds."
            )
        ),
        ui.link(t("Go on without a passed test"), _address("mapping")),
        gap="small",
    )
    failed = (CredentialState.report != "") & (CredentialState.undecided.length() == 0)
    onward = rx.cond(
        CredentialState.passed,
        ui.link_button(t("Continue to field mapping"), _address("mapping")),
        rx.cond(failed & ~CredentialState.testing, without),
    )
    return ui.stack(
        ui.heading(t("{type}: how does it sign in?", type=WizardState.type_label)),
        credential_form(),
        onward,
    )


def _mapping() -> rx.Component:
    return ui.stack(
        ui.heading(t("Which account does each category go to?")),
        mapping_form(t("Save and continue to the schedule")),
        ui.link(t("Back to credentials"), _address("credentials")),
    )


def _schedule() -> rx.Component:
    return ui.stack(
        ui.heading(t("When shall approved claims be exported?")),
        schedule_form(t("Save and continue to the review")),
        ui.link(t("Back to field mapping"), _address("mapping")),
    )


def _review() -> rx.Component:
    return ui.stack(
        ui.heading(t("Is everything right?")),
        ui.facts(
            (t("Type"), WizardState.type_label),
            (t("Connected to"), or_dash(WizardState.tested_entity, t("Not tested yet"))),
            (t("Mapped fields"), WizardState.mapped.to_string()),
            (t("First export"), _first_export()),
        ),
        ui.form(
            ui.text_field(
                "name",
                t("Name of the integration"),
                help=t("What you and your colleagues will call it."),
                error=ui.error_for(WizardState.errors, "name"),
                required=True,
                default_value=WizardState.name,
            ),
            rx.cond(WizardState.tested, ui.row(ui.button(t("Save and activate"), submit=True)), _untested()),
            on_submit=WizardState.save,
            key=WizardState.times_read.to_string(),
        ),
        # What is missing is told with a link to where it is put right.
        ui.row(
            ui.link(t("Back to the schedule"), _address("schedule"), id="schedule"),
            ui.link(t("Back to field mapping"), _address("mapping"), id="mapping"),
            ui.link(t("Back to credentials"), _address("credentials"), id="credentials"),
        ),
    )


def _first_export() -> rx.Component:
    """Draw when the first export is planned; what is saved untested is paused, and nothing of it is exported."""
    planned = or_dash(WizardState.next_run, t("Only when you start it"))
    return rx.cond(WizardState.tested, planned, t("Not before a test has succeeded and you resume it"))


def _untested() -> rx.Component:
    """Draw what saving takes where no connection test has passed."""
    return ui.stack(
        ui.alert(
            "warning",
            ui.paragraph(
                t(
                    "No connection test has succeeded. You can save all the same: the integration is paused, and nothing"
                    " is exported until a test succeeds and you resume it."
                )
            ),
            ui.link(t("Test the connection first"), _address("credentials")),
        ),
        ui.text_area(
            "reason",
            t("Why do you save before the connection works?"),
            help=t("Your colleagues see the reason until a test succeeds, and the audit log keeps it."),
            error=ui.error_for(WizardState.errors, "reason"),
            required=True,
            rows=2,
        ),
        ui.row(ui.button(t("Save and leave paused"), submit=True)),
    )
