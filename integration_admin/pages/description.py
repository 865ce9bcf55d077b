"""The step before the credential form that fills it in from an interface's own description."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.parts import refusal
from integration_admin.states.description import (
    MOST_FILE,
    MOST_PACKED,
    MOST_PASTED,
    DescriptionState,
)


def description_form() -> rx.Component:
    """Draw where a description is given, and what was found in it; it is folded away until it is wanted."""
    return ui.details(
        t("Fill in from the interface's own description (OpenAPI)"),
        ui.stack(
            refusal(DescriptionState),
            ui.form(
                _address(),
                _file(),
                _pasted(),
                rx.cond(DescriptionState.operations.length() > 1, _operation()),
                ui.row(
                    ui.button(
                        rx.cond(
                            DescriptionState.reading,
                            t("Reading the description …"),
                            t("Read the description"),
                        ),
                        submit=True,
                        busy=DescriptionState.reading,
                    )
                ),
                on_submit=DescriptionState.read,
                auto_complete="off",
            ),
            _found(),
        ),
    )


def _address() -> rx.Component:
    return ui.text_field(
        "description_url",
        t("Address of the description"),
        help=t("Such as https://api.example.org/openapi.json, if it can be read without signing in."),
        error=ui.error_for(DescriptionState.errors, "description_url"),
        input_mode="url",
    )


def _file() -> rx.Component:
    return ui.file_field(
        "description_file",
        t("Or the description's file"),
        help=t("JSON or YAML, at most 5 MB."),
        error=ui.error_for(DescriptionState.errors, "description_file"),
        news=ui.FileNews(
            ready=t("The file is ready. Press “Read the description”."),
            large=t("The file is too large to be sent from here. Give its address instead."),
            unreadable=t("Your browser could not read the file. Paste what is in it instead."),
        ),
        accept=".json,.yaml,.yml",
        most=(MOST_FILE, MOST_PACKED),
    )


def _pasted() -> rx.Component:
    return ui.text_area(
        "description",
        t("Or the description itself"),
        help=t("Paste the whole file, JSON or YAML, of OpenAPI 3.0 or 3.1."),
        error=ui.error_for(DescriptionState.errors, "description"),
        max_length=MOST_PASTED,
        spell_check=False,
    )


def _operation() -> rx.Component:
    return ui.select_field(
        "description_operation",
        t("Operation to send by"),
        DescriptionState.operations,
        help=t("If the likeliest is not the right one, choose another and read the description again."),
    )


def _found() -> rx.Component:
    """Draw what was found; the place is there before the words are, so that they are read out."""
    notes = rx.foreach(DescriptionState.notes, lambda note: ui.alert("info", note, in_live_region=True))
    names = ui.details(
        t("Values the interface takes"),
        rx.el.ul(rx.foreach(DescriptionState.fields, lambda path: rx.el.li(path))),
    )
    return rx.el.div(
        rx.cond(DescriptionState.found, ui.alert("success", DescriptionState.found, in_live_region=True)),
        notes,
        rx.cond(DescriptionState.fields, names),
        class_name="app-stack app-stack--small",
        aria_live="polite",
    )
