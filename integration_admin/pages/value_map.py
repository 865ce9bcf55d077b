"""The part of the mapping form that takes the accounts out as CSV, and fills them in from such a file."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.effects import FocusWhen
from integration_admin.states.value_map import MOST_FILE, MOST_PACKED, ValueMapState

_TOLD = "value-map-told"
_FAULTS = "value-map-faults"
_FIELD = "value_map_file"


def value_map_file() -> rx.Component:
    """Draw the download and the choice of a file, folded away until they are wanted."""
    return ui.details(
        t("Fill in many accounts at once with a spreadsheet (CSV)"),
        ui.stack(
            rx.el.div(rx.cond(ValueMapState.refusal, ui.alert("danger", ValueMapState.refusal))),
            ui.paragraph(
                t(
                    "Take the list out, fill in the accounts in your spreadsheet, and read it in again. Nothing is"
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
                FocusWhen.create(element=_FIELD, when=ValueMapState.errors),
                ui.row(ui.button(t("Read the file"), submit=True, variant="secondary")),
                on_submit=ValueMapState.read,
            ),
            FocusWhen.create(_faults(), element=_FAULTS, when=ValueMapState.faults),
            FocusWhen.create(_told(), element=_TOLD, when=ValueMapState.told),
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
