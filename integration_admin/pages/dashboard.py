"""Settings > External integrations: what is connected, how it is doing, what can be added."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.parts import or_dash, refusal, status_tag
from integration_admin.states.dashboard import DashboardState, IntegrationCard
from integration_admin.states.session import SessionState
from integration_admin.states.wizard import WizardState


@ui.page(
    "/settings/integrations",
    t("External integrations"),
    on_load=[SessionState.load, DashboardState.load],
)
def dashboard() -> rx.Component:
    """Draw the integrations, then the types that can be added."""
    return rx.fragment(
        refusal(DashboardState),
        refusal(WizardState),
        ui.loading(DashboardState.ready, _integrations(), _types()),
    )


def _integrations() -> rx.Component:
    nothing = ui.paragraph(
        t("Nothing is connected yet. Choose your accounting system below; it takes a few minutes.")
    )
    cards = rx.el.ul(
        rx.foreach(DashboardState.cards, _card), class_name="app-plain-list app-stack app-stack--medium"
    )
    return rx.cond(DashboardState.cards, cards, nothing)


def _card(card: rx.Var[IntegrationCard]) -> rx.Component:
    title = rx.el.h2(
        ui.link(card["name"], card["href"]), class_name="ds-heading", custom_attrs={"data-size": "sm"}
    )
    return rx.el.li(
        ui.card(
            ui.row(title, status_tag(card["status"])),
            ui.paragraph(card["sentence"]),
            rx.cond(
                card["credentials"],
                ui.link(t("Enter new credentials for {name}", name=card["name"]), card["credentials"]),
            ),
            rx.cond(card["draft"], _draft_actions(card), _figures(card)),
        ),
        key=card["id"],
    )


def _figures(card: rx.Var[IntegrationCard]) -> rx.Component:
    return ui.facts(
        (t("Last successful export"), or_dash(card["last_success"], t("None yet"))),
        (t("Records exported"), card["delivered"]),
        (t("Waiting to be exported"), card["waiting"]),
        (t("Failed"), card["failed"].to_string()),
        (t("Next export"), or_dash(card["next_run"], t("Only when you start it"))),
    )


def _draft_actions(card: rx.Var[IntegrationCard]) -> rx.Component:
    return ui.row(
        ui.link_button(t("Continue the set-up of {name}", name=card["name"]), card["href"]),
        ui.button(
            t("Discard the set-up"),
            variant="tertiary",
            color="neutral",
            on_click=DashboardState.discard(card["id"]),
        ),
    )


def _types() -> rx.Component:
    """Draw one button a type; only administrators may add one."""
    choices = rx.foreach(
        DashboardState.types,
        lambda known: ui.button(
            t("Set up {type}", type=known["label"]),
            variant="secondary",
            on_click=WizardState.choose_type(known["kind"]),
            key=known["kind"],
        ),
    )
    return rx.cond(
        SessionState.can_configure,
        rx.el.section(
            ui.heading(t("Add integration"), id="add"),
            ui.row(choices),
            aria_labelledby="add",
            class_name="app-stack app-stack--small",
        ),
    )
