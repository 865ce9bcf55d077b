"""The parts of the mapping form that fill in many accounts at once: from a CSV file, or one for those that are ticked."""

from typing import Any

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.effects import FocusFirstWrong, FocusWhen
from integration_admin.pages.parts import refused
from integration_admin.states.mapping import MappingState
from integration_admin.states.mapping_lines import CategoryLine
from integration_admin.states.value_map import (
    CATEGORIES_FIELD,
    CODE_FIELD,
    MOST_FILE,
    MOST_PACKED,
    ValueMapState,
)

_TOLD = "value-map-told"
_FAULTS = "value-map-faults"
_FIELD = "value_map_file"


def many_accounts(searching: dict[str, Any]) -> rx.Component:
    """Draw both ways to fill in many accounts at once; `searching` makes a field offer accounts."""
    return ui.stack(
        refused(ValueMapState),
        _one_for_many(searching),
        _value_map_file(),
        FocusWhen.create(_told(), element=_TOLD, when=ValueMapState.told, times=ValueMapState.times_told),
        gap="small",
    )


def _one_for_many(searching: dict[str, Any]) -> rx.Component:
    """Draw a box to tick for each category and one account for all that are ticked, folded away until wanted."""
    return ui.details(
        t("Give several categories the same account"),
        ui.form(
            ui.fieldset(
                t("Categories"),
                rx.foreach(MappingState.categories, _box),
                help=t("Those that have no account yet are ticked already."),
                error=ui.error_for(ValueMapState.errors, CATEGORIES_FIELD),
                field_id=CATEGORIES_FIELD,
            ),
            ui.text_field(
                CODE_FIELD,
                t("Account for all that are ticked"),
                error=ui.error_for(ValueMapState.errors, CODE_FIELD),
                required=True,
                **searching,
            ),
            FocusFirstWrong.create(errors=ValueMapState.errors, times=ValueMapState.times_refused),
            ui.row(ui.button(t("Fill in"), submit=True, variant="secondary")),
            on_submit=ValueMapState.assign,
            key=ValueMapState.times_read.to_string(),
        ),
    )


def _box(line: rx.Var[CategoryLine]) -> rx.Component:
    return rx.el.div(
        ui.checkbox("bulk:" + line["name"], line["category"], default_checked=line["code"] == ""),
        key=line["name"],
    )


def _value_map_file() -> rx.Component:
    """Draw the download and the choice of a file, folded away until they are wanted."""
    return ui.details(
        t("Fill in many accounts at once with a spreadsheet (CSV)"),
        ui.stack(
            ui.paragraph(
                t(
                    "Download the list, fill in the accounts in your spreadsheet, and read it in again. Nothing is"
                    " saved before you press save."
                )
            ),
            ui.row(
                ui.button(
                    t("Download the accounts as CSV"),
                    variant="secondary",
                    on_click=ValueMapState.download,
                )
            ),
            ui.form(
                _file(),
                ui.row(ui.button(t("Read the file"), submit=True, variant="secondary")),
                on_submit=ValueMapState.read,
            ),
            FocusWhen.create(
                _faults(), element=_FAULTS, when=ValueMapState.faults, times=ValueMapState.times_told
            ),
        ),
    )


def _file() -> rx.Component:
    return ui.file_field(
        _FIELD,
        t("CSV file with categories and accounts"),
        help=t(
            "The first line names the columns: Category and Account. Semicolons and commas are both fine."
        ),
        error=ui.error_for(ValueMapState.errors, _FIELD),
        news=ui.FileNews(
            ready=t("The file is ready. Press “Read the file”."),
            large=t("The file is too large to be a list of accounts."),
            unreadable=t("Your browser could not read the file. Choose it once more."),
        ),
        accept=".csv,.txt,text/csv",
        most=(MOST_FILE, MOST_PACKED),
        required=True,
    )


def _faults() -> rx.Component:
    """Draw what is wrong in which line; its place is always there."""
    listed = rx.el.ul(
        rx.foreach(ValueMapState.faults, lambda sentence: rx.el.li(sentence)), class_name="ds-list"
    )
    box = ui.alert(
        "danger",
        listed,
        rx.cond(ValueMapState.more, ui.paragraph(ValueMapState.more)),
        title=t("Nothing was read in. Put these lines right, and choose the file once more"),
    )
    return rx.el.div(rx.cond(ValueMapState.faults, box), custom_attrs={"id": _FAULTS, "tabIndex": -1})


def _told() -> rx.Component:
    """Draw what the file has led to; its place is always there."""
    return rx.el.div(
        rx.cond(ValueMapState.told, ui.alert("success", ValueMapState.told[0])),
        custom_attrs={"id": _TOLD, "tabIndex": -1},
    )
