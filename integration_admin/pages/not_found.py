"""The page for an address that leads nowhere."""

import reflex as rx

from integration_admin import components as ui
from integration_admin.components import t


@ui.page("/404", t("Page not found"), guest=True)
def not_found() -> rx.Component:
    """Say so, and show the way back."""
    return rx.fragment(
        ui.paragraph(t("The address may be mistyped, or the page has moved.")),
        ui.link(t("Go to the integrations"), "/settings/integrations"),
    )
