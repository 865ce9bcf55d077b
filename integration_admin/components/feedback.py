"""What tells people how it went: alerts, error summaries, announcements, waiting."""

from typing import Any, Literal

import reflex as rx

from integration_admin.components.content import jump_link
from integration_admin.components.effects import FocusFirstWrong, in_slices
from integration_admin.components.texts import Text, t
from integration_admin.states.shell import ShellState

Kind = Literal["info", "success", "warning", "danger"]
_ROLES: dict[Kind, str] = {"info": "status", "success": "status", "warning": "alert", "danger": "alert"}


def alert(
    kind: Kind, *children: Text | rx.Component, title: Text = "", in_live_region: bool = False
) -> rx.Component:
    """Draw a box that says what kind of news it holds in words too; bad news is read out at once.

    `in_live_region` leaves the reading out to what is around it: of one live region in another some read out both.
    """
    words = {
        "info": t("Information:"),
        "success": t("Done:"),
        "warning": t("Warning:"),
        "danger": t("Error:"),
    }
    head = [] if isinstance(title, str) and not title else [rx.el.strong(title, class_name="app-alert-title")]
    return rx.el.div(
        rx.el.span(words[kind], " ", class_name="ds-sr-only"),
        *head,
        rx.el.div(*children),
        class_name="ds-alert",
        custom_attrs={"data-color": kind} | ({} if in_live_region else {"role": _ROLES[kind]}),
    )


def error_summary(errors: rx.Var[list[dict[str, str]]], times: rx.Var[int]) -> rx.Component:
    """List a refused form's errors as links to their fields; it is read out, and the first wrong field is focused.

    Each error is {"field": the field's id, "message": a translated sentence}. `times` grows with each refusal: the same
    errors once more are drawn anew, or nobody would hear of them again.
    """
    links = rx.foreach(
        errors,
        lambda error: rx.el.li(
            jump_link(error["message"], error["field"], class_name="ds-link"), key=error["field"]
        ),
    )
    box = rx.el.div(
        rx.el.h2(t("Put this right to go on"), id="error-summary-title", class_name="ds-heading"),
        rx.el.ul(links, class_name="ds-list"),
        class_name="ds-error-summary",
        role="alert",
        key=times.to_string(),
        custom_attrs={"id": "error-summary", "aria-labelledby": "error-summary-title", "tabIndex": -1},
    )
    return FocusFirstWrong.create(rx.cond(errors, box), errors=errors, times=times)


def error_for(errors: rx.Var[list[dict[str, str]]], field: str) -> rx.Var[str]:
    """Return a field's own error out of the list the summary shows, or nothing; goes into `error=`."""
    code = f"({errors}.find((error) => error.field === {rx.Var.create(field)})?.message ?? '')"
    return rx.Var(code, _var_data=errors._get_all_var_data()).to(str)  # noqa: SLF001  # Reflex's own way


def live_region(state: Any) -> rx.Component:
    """Read out what a state announces, politely and out of sight; draw it from the start, empty."""
    # Words that stay the same are no change in the page, and are not read out a second time unless drawn anew.
    words = rx.el.span(state.announcement, key=state.times_announced.to_string())
    return rx.el.div(words, class_name="ds-sr-only", role="status", aria_live="polite")


def spinner(label: Text) -> rx.Component:
    """Show that something is under way, and say what."""
    circles = [
        rx.el.circle(
            class_name=f"ds-spinner__{part}",
            cx="25",
            cy="25",
            r="20",
            # As properties they would become an inline style, which the page's policy refuses.
            custom_attrs={"fill": "none", "strokeWidth": "5"},
        )
        for part in ("background", "circle")
    ]
    return rx.el.svg(
        *circles,
        class_name="ds-spinner",
        view_box="0 0 50 50",
        custom_attrs={"role": "img", "aria-label": label, "data-size": "sm"},
    )


def loading(
    ready: rx.Var[bool], *children: rx.Component, label: Text = "", refusal: rx.Var[str] | None = None
) -> rx.Component:
    """Draw grey bars until `ready`, then the children; forms need it to start from loaded values.

    Where a problem is told instead, such as that the reader may not see this, nothing is on its way any more; so
    with the state's own `refusal`, which says that there is nothing at this address.
    """
    words = t("Loading") if isinstance(label, str) and not label else label
    drawn = in_slices(ready)
    bars = [rx.el.div(class_name="ds-skeleton", custom_attrs={"aria-hidden": "true"}) for _ in range(3)]
    waiting = rx.el.div(
        rx.el.span(words, class_name="ds-sr-only"),
        *bars,
        class_name="app-stack app-stack--small app-bars",
        key="waiting",
    )
    # Without keys React would make content of the bars, which a browser takes for bars that jump away.
    content = rx.el.div(*children, class_name="app-stack app-stack--large", key="content")
    over = ShellState.problem != ""
    if refusal is not None:
        over |= refusal != ""
    return rx.el.div(
        rx.cond(drawn, content, rx.cond(over, rx.fragment(), waiting)),
        custom_attrs={"aria-busy": rx.cond(drawn | over, "false", "true")},
    )
