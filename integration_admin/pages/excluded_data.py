"""What is left out of what an integration sends: what can be chosen, what is always left out, and what is sent."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import Text, t
from integration_admin.components.effects import in_slices, ready_here
from integration_admin.components.kept import keep_typed_here
from integration_admin.pages.parts import integration_trail, refusal, saved_again
from integration_admin.pages.preview import preview_section
from integration_admin.states.excluded_data import ChoiceLine, ExcludedDataState
from integration_admin.states.session import SessionState
from integration_admin.states.trail import TrailState


def _trail() -> rx.Component:
    return integration_trail(TrailState.name, TrailState.integration_id, t("What is left out"))


@ui.page(
    "/settings/integrations/[id]/excluded-data",
    t("What is left out"),
    above=_trail,
    on_load=[SessionState.load, TrailState.load, ExcludedDataState.load],
)
def excluded_data() -> rx.Component:
    """Draw the choices, then what is always left out, what is sent, and a real record as it is sent."""
    return rx.fragment(
        keep_typed_here(boxes=True),
        ui.paragraph(
            t(
                "Choose what stays here when records are sent to the accounting system. A change counts from the"
                " next export; what was sent already stays as it is."
            )
        ),
        refusal(ExcludedDataState),
        ui.loading(
            ready_here(ExcludedDataState), _form(), _always(), _sent(), refusal=ExcludedDataState.refusal
        ),
        rx.cond(in_slices(ready_here(ExcludedDataState)), preview_section()),
    )


def _form() -> rx.Component:
    return ui.form(
        _group(t("About the claimant"), ExcludedDataState.people),
        _group(t("Free text"), ExcludedDataState.texts),
        rx.el.div(rx.cond(ExcludedDataState.others, _group(t("Other fields"), ExcludedDataState.others))),
        _group(t("Activities"), ExcludedDataState.activities),
        rx.el.div(rx.cond(ExcludedDataState.categories, _categories())),
        ui.row(ui.button(t("Save"), submit=True)),
        _result(),
        on_submit=ExcludedDataState.save,
        key=ExcludedDataState.times_read.to_string(),
    )


def _group(legend: Text, lines: rx.Var[list[ChoiceLine]], about: Text = "") -> rx.Component:
    return ui.fieldset(legend, rx.foreach(lines, _choice), help=about)


def _categories() -> rx.Component:
    about = t(
        "A claim with a line in a category that is left out stays whole: a part of it would be a wrong amount."
        " The payment of such a claim waits with it."
    )
    return _group(t("Expense categories"), ExcludedDataState.categories, about)


def _choice(line: rx.Var[ChoiceLine]) -> rx.Component:
    return rx.el.div(
        rx.cond(line["help"], _checkbox(line, line["help"]), _checkbox(line, "")),
        key=line["name"],
    )


def _checkbox(line: rx.Var[ChoiceLine], about: Text) -> rx.Component:
    return ui.checkbox(line["name"], line["label"], help=about, default_checked=line["left_out"])


def _result() -> rx.Component:
    """Say beside the button what the change does; the place is there before the words are."""
    sentences = rx.el.ul(
        rx.foreach(ExcludedDataState.saved, lambda text: rx.el.li(text)), class_name="ds-list"
    )
    done = ui.alert("success", sentences, title=t("What is left out is saved."), in_live_region=True)
    return saved_again(ExcludedDataState.saved.length() > 0, done, ExcludedDataState.version)


def _always() -> rx.Component:
    return _listed("always", t("Always left out"), ExcludedDataState.always)


def _sent() -> rx.Component:
    about = t(
        "Besides amounts, currency, date and the numbers of record and voucher, these fields of the accounting"
        " system are filled, each from what is named with it. Nothing else is sent."
    )
    return _listed("sent", t("Fields that are sent"), ExcludedDataState.sent, ui.paragraph(about))


def _listed(
    name: str, title: Text, pairs: rx.Var[list[tuple[str, str]]], *about: rx.Component
) -> rx.Component:
    rows = rx.foreach(pairs, lambda pair: rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]), key=pair[0]))
    return rx.el.section(
        ui.heading(title, id=name),
        *about,
        rx.el.dl(rows, class_name="app-facts"),
        aria_labelledby=name,
        class_name="app-stack app-stack--small",
    )
