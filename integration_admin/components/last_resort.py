"""What is drawn in place of a page that fails in the browser: Reflex's own words for it are English, and lead nowhere."""

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary

from integration_admin.components.content import NativeLink, paragraph, row
from integration_admin.components.shell import document_title
from integration_admin.components.texts import t


class FocusHeading(rx.Fragment):
    """Moves the focus to the heading once it is drawn, so that it is read out: what had the focus is gone."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[str]:
        """Act once."""
        return ['useEffect(() => { document.querySelector("h1")?.focus() }, [])']


def around_what_may_fail() -> rx.Component:
    """Return what catches a failure of whatever is drawn in it; the server is told of it."""
    return ErrorBoundary.create(fallback_render=rx.Var.create(failed_page()))


@rx.memo
def failed_page() -> rx.Component:
    """Say that the page failed, and lead on; nothing of the page's frame is drawn, which may be what has failed.

    Both links are followed by the browser, which loads everything anew.
    """
    again = NativeLink.create(
        t("Load the page again"), href="", class_name="ds-button", custom_attrs={"data-variant": "primary"}
    )
    elsewhere = NativeLink.create(
        t("Go to the integrations"), href="/settings/integrations", class_name="ds-link"
    )
    return rx.el.main(
        rx.el.title(document_title(t("This page cannot be shown"))),
        rx.el.h1(
            t("This page cannot be shown"),
            class_name="ds-heading ds-focus",
            custom_attrs={"data-size": "md", "tabIndex": -1},
        ),
        paragraph(
            t(
                "Something went wrong in the program, not in what you did. What you have saved is kept, and exports go on"
                " as planned."
            )
        ),
        row(again, elsewhere),
        paragraph(t("If it happens again, tell whoever runs this program, and when it happened.")),
        FocusHeading.create(),
        class_name="app-main app-stack app-stack--large",
    )
