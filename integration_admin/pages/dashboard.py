"""Settings > External integrations: what is connected, how it is doing, what can be added."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t
from integration_admin.pages.parts import next_export, or_dash, refusal, spoken, status_tag
from integration_admin.states.dashboard import DashboardState, IntegrationCard, RecentError
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
        ui.live_region(DashboardState),
        refusal(DashboardState),
        refusal(WizardState),
        ui.loading(
            DashboardState.ready, rx.cond(DashboardState.unread, _unread(), _integrations()), _types()
        ),
    )


def _unread() -> rx.Component:
    """Draw what is left where nothing could be read; the reason stands above."""
    return ui.stack(
        ui.paragraph(t("Your integrations could not be read. Nothing about them has changed.")),
        ui.row(ui.button(t("Try again"), variant="secondary", on_click=DashboardState.load)),
    )


def _integrations() -> rx.Component:
    nothing = rx.cond(
        SessionState.can_configure,
        ui.paragraph(
            t("Nothing is connected yet. Choose your accounting system below; it takes a few minutes.")
        ),
        ui.paragraph(t("Nothing is connected yet. An administrator can set up your accounting system.")),
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
            rx.cond(
                card["draft"],
                _draft_actions(card),
                ui.stack(_figures(card), rx.cond(card["errors"], _errors(card)), _actions(card)),
            ),
        ),
        key=card["id"],
    )


def _figures(card: rx.Var[IntegrationCard]) -> rx.Component:
    return ui.facts(
        (t("Last successful export"), or_dash(card["last_success"], t("None yet"))),
        (t("Records exported"), card["delivered"]),
        (t("Waiting to be exported"), card["waiting"]),
        (t("Failed"), card["failed"]),
        (t("Next export"), next_export(card["next_run"], card["lifecycle"])),
    )


def _errors(card: rx.Var[IntegrationCard]) -> rx.Component:
    """Draw the newest failures, with the way to all of them."""
    listed = rx.el.ul(rx.foreach(card["errors"], _error), class_name="ds-list")
    return rx.el.div(
        rx.el.h3(t("Recent errors"), class_name="ds-heading", custom_attrs={"data-size": "2xs"}),
        listed,
        ui.link(t("All that failed in {name}, and what to do", name=card["name"]), card["href"]),
        class_name="app-stack app-stack--small",
    )


def _error(error: rx.Var[RecentError]) -> rx.Component:
    return rx.el.li(rx.el.strong(error["record"]), ": ", spoken(error["reason"]), key=error["record"])


def _actions(card: rx.Var[IntegrationCard]) -> rx.Component:
    """Draw what can be done at once; an export under way is followed on the integration's page."""
    sync = ui.button(t("Sync {name} now", name=card["name"]), on_click=DashboardState.sync(card["id"]))
    follow = ui.link_button(t("Follow the export of {name}", name=card["name"]), card["href"])
    run = rx.cond(card["lifecycle"] == "active", rx.cond(card["running"], follow, sync))
    return ui.row(rx.cond(SessionState.can_run, run), rx.cond(SessionState.can_configure, _pause(card)))


def _pause(card: rx.Var[IntegrationCard]) -> rx.Component:
    active = card["lifecycle"] == "active"
    # One button with changing words: a second one in its place would lose the focus.
    button = ui.button(
        rx.cond(active, t("Pause {name}", name=card["name"]), t("Resume {name}", name=card["name"])),
        variant="secondary",
        color="neutral",
        on_click=DashboardState.set_paused(card["id"], active),
    )
    return rx.cond(active | (card["lifecycle"] == "paused"), button)


def _draft_actions(card: rx.Var[IntegrationCard]) -> rx.Component:
    onward = ui.link_button(t("Continue the set-up of {name}", name=card["name"]), card["href"])
    return rx.cond(SessionState.can_configure, ui.row(onward, _discard(card)))


def _discard(card: rx.Var[IntegrationCard]) -> rx.Component:
    """Draw the button, and the question that comes before it."""
    dialog_id = f"discard-{card['id']}"
    sure = ui.dialog(
        dialog_id,
        t("Discard the set-up of {name}?", name=card["name"]),
        ui.paragraph(
            t("Everything entered in it so far is thrown away, its credentials too. This cannot be undone.")
        ),
        ui.row(
            ui.close_dialog(
                dialog_id, t("Discard it"), color="danger", on_click=DashboardState.discard(card["id"])
            ),
            ui.close_dialog(dialog_id, t("Leave it as it is"), variant="secondary", color="neutral"),
        ),
    )
    button = ui.open_dialog(
        dialog_id,
        t("Discard the set-up of {name}", name=card["name"]),
        variant="tertiary",
        color="neutral",
    )
    return rx.fragment(button, sure)


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
