"""The part of the mapping's page that lists earlier versions and goes back to one."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.components.effects import FocusWhen
from integration_admin.states.mapping import MappingState
from integration_admin.states.mapping_versions import MappingVersionsState, VersionLine
from integration_admin.states.session import SessionState

_TOLD = "version-restored"
_TROUBLE = "version-trouble"


def versions_section() -> rx.Component:
    """Draw every version, the newest first, behind a line that opens them, and how going back to one went."""
    older = ui.more_button(t("Show older versions"), MappingVersionsState.list_older, of="article")
    none = ui.paragraph(t("The mapping has not been saved yet."))
    listed = rx.el.ol(rx.foreach(MappingVersionsState.versions, _version), class_name="app-plain-list")
    times = MappingVersionsState.times_told
    return rx.el.section(
        ui.heading(t("Earlier versions"), id="versions"),
        FocusWhen.create(_told(), element=_TOLD, when=MappingVersionsState.told, times=times),
        FocusWhen.create(element=_TROUBLE, when=MappingVersionsState.refusal, times=times),
        FocusWhen.create(_trouble(), element=_TROUBLE, when=MappingVersionsState.warnings, times=times),
        ui.details(
            t("Who saved the mapping when, and what was changed"),
            rx.cond(
                MappingVersionsState.ready,
                ui.stack(
                    rx.cond(MappingVersionsState.versions, listed, none),
                    rx.cond(MappingVersionsState.older, ui.row(older)),
                ),
            ),
        ),
        aria_labelledby="versions",
        class_name="app-stack app-stack--medium",
    )


def _told() -> rx.Component:
    """Draw the sentence about the last version that was restored; its place is always there."""
    return rx.el.div(
        rx.cond(MappingVersionsState.told, ui.alert("success", MappingVersionsState.told[0])),
        custom_attrs={"id": _TOLD, "tabIndex": -1},
    )


def _trouble() -> rx.Component:
    """Draw why a version was not restored, or what it warns about and the button that restores it all the same."""
    refused = ui.alert("danger", _sentences(MappingVersionsState.refusal))
    anyway = ui.button(
        t("Restore version {number} all the same", number=MappingVersionsState.asked),
        on_click=MappingState.restore(MappingVersionsState.asked, True),  # noqa: FBT003, Reflex hands over positions
    )
    warned = ui.stack(
        ui.alert(
            "warning",
            _sentences(MappingVersionsState.warnings),
            title=t("Look at this before you restore it"),
        ),
        ui.row(anyway),
    )
    return rx.el.div(
        rx.cond(MappingVersionsState.refusal, refused),
        rx.cond(MappingVersionsState.warnings, warned),
        custom_attrs={"id": _TROUBLE, "tabIndex": -1},
    )


def _sentences(sentences: rx.Var[list[str]]) -> rx.Component:
    return rx.el.ul(rx.foreach(sentences, lambda sentence: rx.el.li(sentence)), class_name="ds-list")


def _version(line: rx.Var[VersionLine]) -> rx.Component:
    title = f"version-{line['number']}"
    in_use = ui.tag(t("In use"), "success", "success")
    return rx.el.li(
        rx.el.article(
            ui.heading(t("Version {number}", number=line["number"]), level=3, id=title),
            ui.paragraph(line["saved"]),
            _sentences(line["changes"]),
            rx.cond(line["more"], ui.paragraph(line["more"])),
            rx.cond(line["in_use"], ui.row(in_use), rx.cond(SessionState.can_configure, _restore(line))),
            aria_labelledby=title,
            class_name="ds-card app-stack app-stack--small",
            custom_attrs={"data-variant": "default", "data-color": "neutral"},
        ),
        key=line["number"].to_string(),
    )


def _restore(line: rx.Var[VersionLine]) -> rx.Component:
    """Draw the button, and the question that comes before it."""
    dialog_id = f"restore-{line['number']}"
    sure = ui.dialog(
        dialog_id,
        t("Restore version {number}?", number=line["number"]),
        ui.paragraph(
            t(
                "The mapping of that time is saved anew and counts from the next export. The present one stays in"
                " the list. What you have typed on this page and not saved is lost."
            )
        ),
        ui.row(
            ui.close_dialog(
                dialog_id,
                t("Restore it"),
                on_click=MappingState.restore(line["number"], False),  # noqa: FBT003, Reflex hands over positions
            ),
            ui.close_dialog(dialog_id, t("Leave it as it is"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(
        dialog_id,
        t("Restore"),
        variant="secondary",
        aria_label=t("Restore version {number}", number=line["number"]),
    )
    return rx.fragment(ui.row(button), sure)
