"""The field mapping editor: in the wizard, and as a page of its own."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.pages.parts import integration_trail, refusal
from integration_admin.states.health import HealthState
from integration_admin.states.mapping import CategoryLine, MappingState, TargetLine
from integration_admin.states.session import SessionState


def _trail() -> rx.Component:
    return integration_trail(HealthState.name, HealthState.integration_id, t("Field mapping"))


@ui.page(
    "/settings/integrations/[id]/mapping",
    t("Field mapping"),
    above=_trail,
    on_load=[SessionState.load, HealthState.load, MappingState.load],
)
def mapping() -> rx.Component:
    """Draw the editor."""
    saved = ui.alert("success", t("The mapping is saved. It counts from the next export."))
    return rx.fragment(
        rx.el.div(rx.cond(MappingState.saved, saved), aria_live="polite"), mapping_form(t("Save"))
    )


def mapping_form(save_words: Text) -> rx.Component:
    """Draw a row for each category and each field, the warnings and the save button."""
    return ui.stack(
        refusal(MappingState),
        ui.loading(
            MappingState.ready,
            _account_list(),
            ui.form(
                ui.fieldset(
                    t("Accounts"),
                    rx.foreach(MappingState.categories, _category),
                    help=t("Type an account number, or a part of its name, and choose from the list."),
                ),
                ui.fieldset(t("The voucher"), rx.foreach(MappingState.targets, _target)),
                rx.cond(
                    MappingState.others,
                    ui.details(t("More fields"), ui.stack(rx.foreach(MappingState.others, _target))),
                ),
                _warnings(),
                ui.row(ui.button(save_words, submit=True)),
                on_submit=MappingState.save,
                key=MappingState.times_read.to_string(),
            ),
            ui.row(
                ui.button(
                    t("Read the accounts again"),
                    variant="tertiary",
                    color="neutral",
                    on_click=MappingState.refresh,
                )
            ),
            label=t("Reading the chart of accounts"),
        ),
    )


def _account_list() -> rx.Component:
    """Draw the accounts the fields offer; browsers search them by number and by name."""
    return rx.el.datalist(
        rx.foreach(MappingState.accounts, lambda item: rx.el.option(item[1], value=item[0], key=item[0])),
        id="accounts",
    )


def _category(line: rx.Var[CategoryLine]) -> rx.Component:
    suggested = rx.cond(line["suggested"], ui.tag(t("Suggestion"), "info", "info"))
    return rx.el.div(
        ui.text_field(
            line["name"],
            line["category"],
            error=line["warning"],
            required=True,
            default_value=line["code"],
            list="accounts",
            auto_complete="off",
        ),
        suggested,
        key=line["name"],
        class_name="app-stack app-stack--small",
    )


def _target(line: rx.Var[TargetLine]) -> rx.Component:
    name = line["name"]
    origin = rx.el.div(
        rx.el.label(line["label"], html_for=f"from:{name}", class_name="ds-label app-label"),
        rx.el.div(line["help"], custom_attrs={"id": f"from:{name}-help", "data-field": "description"}),
        rx.el.select(
            rx.cond(line["required"], rx.fragment(), rx.el.option(t("Leave empty"), value="")),
            rx.el.option(t("The same value every time"), value="constant"),
            rx.el.option(t("A text put together from fields"), value="compose"),
            rx.foreach(line["origins"], lambda item: rx.el.option(item[1], value=item[0], key=item[0])),
            id=f"from:{name}",
            name=f"from:{name}",
            default_value=line["origin"],
            on_change=lambda origin: MappingState.choose(name, origin),
            class_name="ds-input",
            custom_attrs={"aria-describedby": f"from:{name}-help"},
        ),
        class_name="ds-field",
    )
    return rx.el.div(
        origin,
        rx.match(
            MappingState.chosen[name],
            ("constant", _value(line, t("{field}: the value", field=line["label"]), "")),
            (
                "compose",
                _value(
                    line,
                    t("{field}: the text", field=line["label"]),
                    t("Put fields in braces, such as {{id}} {{line.description}} or {{claimant.name}}."),
                ),
            ),
            rx.fragment(),
        ),
        key=name,
        class_name="app-stack app-stack--small",
    )


def _value(line: rx.Var[TargetLine], label: Text, about: Text) -> rx.Component:
    name = line["name"]
    return ui.text_field(
        f"value:{name}",
        label,
        help=about,
        error=line["warning"],
        required=True,
        default_value=line["value"],
        list=line["list_id"],
    )


def _warnings() -> rx.Component:
    """Draw what is probably not meant, and the one confirmation that saves it all the same."""
    listed = rx.el.ul(rx.foreach(MappingState.warnings, lambda text: rx.el.li(text)), class_name="ds-list")
    box = ui.stack(
        ui.alert("warning", listed, title=t("Look at this before you save")),
        ui.checkbox("accept_warnings", t("I have seen the warnings and want to save the mapping like this")),
    )
    return rx.el.div(rx.cond(MappingState.warnings, box))
