"""The field mapping editor: in the wizard, and as a page of its own."""

from typing import Any, Final

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.content import jump_link
from integration_admin.components.effects import FocusWhen, in_slices, ready_here
from integration_admin.components.kept import keep_typed_here
from integration_admin.pages.mapping_versions import versions_section
from integration_admin.pages.parts import integration_trail, refusal, saved_again
from integration_admin.pages.preview import preview_section
from integration_admin.pages.value_map import many_accounts
from integration_admin.states.mapping import MappingState
from integration_admin.states.mapping_lines import CategoryLine, TargetLine
from integration_admin.states.mapping_versions import MappingVersionsState
from integration_admin.states.session import SessionState
from integration_admin.states.trail import TrailState
from integration_admin.states.value_map import ValueMapState

_OFFERED: Final = "offered-codes"
_PAUSE: Final = 200
"""Milliseconds without a keystroke after which what is typed is searched for."""
_ACCOUNTS: Final = "accounts"
_ACCOUNTS_PART: Final = "mapping-accounts"
_VOUCHER_PART: Final = "mapping-voucher"
_WARNINGS: Final = "mapping-warnings"


def _trail() -> rx.Component:
    return integration_trail(TrailState.name, TrailState.integration_id, t("Field mapping"))


@ui.page(
    "/settings/integrations/[id]/mapping",
    t("Field mapping"),
    above=_trail,
    on_load=[
        SessionState.load,
        TrailState.load,
        MappingState.load,
        MappingVersionsState.load,
        ValueMapState.load,
    ],
)
def mapping() -> rx.Component:
    """Draw the editor."""
    done = ui.alert(
        "success", t("The mapping is saved. It counts from the next export."), in_live_region=True
    )
    saved = saved_again(MappingState.saved, done, MappingState.version)
    ready = in_slices(ready_here(MappingState))
    return rx.fragment(
        keep_typed_here(),
        # It says what the page is for while the rest of it is still on its way.
        ui.paragraph(
            t(
                "Here you decide which account each expense category is booked on, and what goes into each field of"
                " the voucher. What you change counts from the next export, once you have saved it."
            )
        ),
        rx.el.div(rx.cond(MappingState.back, _back())),
        # It has its room before its figures are there, so that nothing below it moves.
        rx.el.div(_summary(), class_name=rx.cond(ready, "", "app-unseen")),
        mapping_form(t("Save"), saved),
        rx.cond(ready, ui.stack(preview_section(), versions_section())),
    )


def _back() -> rx.Component:
    """Say what to do once the row is mended, and lead back to where it is done."""
    return ui.paragraph(
        t("When you have put it right here and saved it, go back and retry."),
        " ",
        ui.link(t("Back to what failed"), MappingState.back),
        id="back",
    )


def _summary() -> rx.Component:
    """Say how many categories have an account, and lead to the parts of a page that is long on a phone."""
    parts = (
        (t("Accounts"), _ACCOUNTS_PART),
        (t("The voucher"), _VOUCHER_PART),
        (t("Preview"), "preview"),
        (t("Earlier versions"), "versions"),
    )
    links = [rx.el.li(jump_link(text, place, class_name="ds-link")) for text, place in parts]
    without = rx.Var(
        f"({MappingState.categories}.filter((line) => !line.code).length)",
        _var_data=MappingState.categories._get_all_var_data(),  # noqa: SLF001  # Reflex's own way
    ).to(int)
    return ui.stack(
        ui.paragraph(
            t(
                "Expense categories: {count}. Without an account: {missing}.",
                count=MappingState.categories.length(),
                missing=without,
            )
        ),
        rx.el.nav(rx.el.ul(*links, class_name="app-plain-list app-row"), aria_label=t("On this page")),
        gap="small",
    )


def mapping_form(save_words: Text, *saved: rx.Component) -> rx.Component:
    """Draw a row for each category and each field, the warnings, the save button and beside it that it is `saved`."""
    return ui.stack(
        refusal(MappingState),
        ui.loading(
            ready_here(MappingState),
            many_accounts(_searching(_ACCOUNTS)),
            _offered(),
            ui.form(
                ui.fieldset(
                    t("Accounts"),
                    rx.foreach(MappingState.categories, _category),
                    help=t("Type an account number, or a part of its name, and choose from the list."),
                    field_id=_ACCOUNTS_PART,
                ),
                ui.fieldset(
                    t("The voucher"), rx.foreach(MappingState.targets, _target), field_id=_VOUCHER_PART
                ),
                rx.cond(
                    MappingState.others,
                    ui.details(t("More fields"), ui.stack(rx.foreach(MappingState.others, _target))),
                ),
                _warnings(),
                ui.row(ui.button(save_words, submit=True)),
                *saved,
                on_submit=MappingState.save,
                key=MappingState.times_read.to_string(),
            ),
            FocusWhen.create(element=MappingState.asked_row[0], when=MappingState.asked_row),
            ui.row(
                ui.button(
                    t("Read the accounts again"),
                    variant="tertiary",
                    color="neutral",
                    on_click=MappingState.refresh,
                )
            ),
            label=t("Reading the chart of accounts"),
            refusal=MappingState.refusal,
        ),
    )


def _offered() -> rx.Component:
    """Draw the codes the field with the focus offers; the server searches them by number and by name."""
    return rx.el.datalist(
        rx.foreach(MappingState.offered, lambda item: rx.el.option(item[1], value=item[0], key=item[0])),
        id=_OFFERED,
    )


def _searching(list_name: Text) -> dict[str, Any]:
    """Return what makes a field offer codes of a list that fit what is typed."""
    return {
        "list": _OFFERED,
        "auto_complete": "off",
        "on_focus": lambda typed: MappingState.search(list_name, typed),
        "on_change": lambda typed: MappingState.search(list_name, typed).debounce(_PAUSE),
    }


def _category(line: rx.Var[CategoryLine]) -> rx.Component:
    """Draw a category's account; what is told about it is read out with the field, a suggestion too."""
    about = rx.fragment(
        rx.cond(line["key"], t("{key} in your claims", key=line["key"]), ""),
        rx.cond(
            line["suggested"],
            rx.fragment(" ", ui.tag(t("Suggestion"), "info", "info"), " ", line["account"]),
            rx.cond(line["account"], rx.fragment(rx.cond(line["key"], ". ", ""), _saved(line["account"]))),
        ),
    )
    own = rx.cond(line["suggested"], MappingState.type_own(line["name"]), rx.noop())
    searching = _searching(_ACCOUNTS)
    searching["on_change"] = [searching["on_change"], own]
    box = ui.text_field(
        line["name"],
        line["category"],
        help=about,
        error=line["warning"],
        required=True,
        default_value=line["code"],
        **searching,
    )
    return rx.el.div(box, key=f"{line['name']}:{line['drawn']}")


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
            ("constant", rx.cond(line["reference"], _code(line), _constant(line))),
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


def _code(line: rx.Var[TargetLine]) -> rx.Component:
    about = rx.fragment(
        t("Type a code, or a part of its name, and choose from the list."),
        rx.cond(line["account"], rx.fragment(" ", _saved(line["account"]))),
    )
    return _value(line, t("{field}: the value", field=line["label"]), about, **_searching(line["reference"]))


def _saved(account: rx.Var[str]) -> Text:
    """Name the account that is saved; it stays true while another one is typed."""
    return t("Saved: {account}.", account=account)


def _constant(line: rx.Var[TargetLine]) -> rx.Component:
    return _value(line, t("{field}: the value", field=line["label"]), "")


def _value(line: rx.Var[TargetLine], label: Text, about: Text, **props: Any) -> rx.Component:
    name = line["name"]
    return ui.text_field(
        f"value:{name}",
        label,
        help=about,
        error=line["warning"],
        required=True,
        default_value=line["value"],
        **props,
    )


def _warnings() -> rx.Component:
    """Draw what is probably not meant, and the one confirmation that saves it all the same."""
    listed = rx.el.ul(rx.foreach(MappingState.warnings, lambda text: rx.el.li(text)), class_name="ds-list")
    box = ui.stack(
        rx.el.div(
            ui.alert("warning", listed, title=t("Look at this before you save")),
            custom_attrs={"id": _WARNINGS, "tabIndex": -1},
        ),
        ui.checkbox("accept_warnings", t("I have seen the warnings and want to save the mapping like this")),
    )
    return FocusWhen.create(
        rx.el.div(rx.cond(MappingState.warnings, box)),
        element=_WARNINGS,
        when=MappingState.warnings,
        times=MappingState.times_told,
    )
