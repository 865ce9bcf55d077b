"""What pages say things with: headings, links, buttons, cards, lists, dialogs. Nothing to fill in; see fields."""

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router.dom import ReactRouterLink

from integration_admin.components.texts import Text, t

Variant = Literal["primary", "secondary", "tertiary"]
Color = Literal["accent", "neutral", "success", "warning", "danger", "info"]


class NativeLink(BaseHTML):
    """A link the browser itself follows; Reflex's own anchors go through its router, which moves no focus."""

    tag = "a"

    href: rx.Var[str]


def heading(text: Text | rx.Component, *, level: int = 2, **props: Any) -> rx.Component:
    """Draw a heading below the page's own h1, which the shell draws."""
    sizes = {2: "sm", 3: "xs", 4: "2xs"}
    element = {2: rx.el.h2, 3: rx.el.h3, 4: rx.el.h4}[level]
    return element(text, class_name="ds-heading", custom_attrs={"data-size": sizes[level]}, **props)


def paragraph(*children: Text | rx.Component, **props: Any) -> rx.Component:
    """Draw a paragraph of running text."""
    return rx.el.p(*children, class_name="ds-paragraph", **props)


def stack(*children: rx.Component, gap: Literal["small", "medium", "large"] = "medium") -> rx.Component:
    """Put things below each other with even space between them."""
    return rx.el.div(*children, class_name=f"app-stack app-stack--{gap}")


def section(section_id: str, title: Text, *children: rx.Component) -> rx.Component:
    """Draw a part of a page that has a heading of its own."""
    return rx.el.section(
        heading(title, id=section_id),
        *children,
        aria_labelledby=section_id,
        class_name="app-stack app-stack--small",
    )


def row(*children: rx.Component) -> rx.Component:
    """Put things beside each other and let them wrap on narrow screens."""
    return rx.el.div(*children, class_name="app-row")


def link(text: Text, href: Text, *, of: Text | None = None, **props: Any) -> rx.Component:
    """Link to another page of ours without reloading the document; `of` as in `only_spoken`."""
    return ReactRouterLink.create(text, *only_spoken(of), to=href, class_name="ds-link", **props)


def only_spoken(of: Text | rx.Component | None) -> list[rx.Component]:
    """Tell links with the same words apart by ear, by what each is about; nothing of it is seen."""
    return [] if of is None else [rx.el.span(", ", of, class_name="ds-sr-only")]


def jump_link(text: Text, element_id: Text, **props: Any) -> rx.Component:
    """Link to something on the same page, and take the focus there."""
    return NativeLink.create(text, href=f"#{element_id}", **props)


def button(
    *children: Text | rx.Component,
    variant: Variant = "primary",
    color: Color = "accent",
    busy: rx.Var[bool] | bool = False,
    submit: bool = False,
    **props: Any,
) -> rx.Component:
    """Draw a button that acts; `submit` makes it send its form. `busy` refuses further presses."""
    attributes = {"data-variant": variant, "data-color": color, **props.pop("custom_attrs", {})}
    if not isinstance(busy, bool) or busy:
        attributes |= {"aria-busy": busy, "aria-disabled": busy}
    return rx.el.button(
        *children,
        type="submit" if submit else "button",
        class_name="ds-button",
        custom_attrs=attributes,
        **props,
    )


def more_button(
    text: Text, on_click: Any, *, of: Literal["tbody tr", "li", "article"] = "tbody tr"
) -> rx.Component:
    """Draw the button below a list that shows more of it, and is gone once all of it is shown.

    `of` is what the entries are drawn as.
    """
    return button(text, variant="secondary", on_click=on_click, custom_attrs={"data-more": of})


def link_button(
    text: Text, href: Text, *, variant: Variant = "primary", color: Color = "accent", **props: Any
) -> rx.Component:
    """Draw a link that looks like a button, for the one thing a page leads to."""
    return ReactRouterLink.create(
        text,
        to=href,
        class_name="ds-button",
        custom_attrs={"data-variant": variant, "data-color": color},
        **props,
    )


def card(*children: rx.Component, **props: Any) -> rx.Component:
    """Draw a box around things that belong together; give it a heading inside."""
    return rx.el.div(
        *children,
        class_name="ds-card app-stack app-stack--small",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
        **props,
    )


def details(summary: Text, *children: rx.Component, **props: Any) -> rx.Component:
    """Hide something few people need behind a line that opens it."""
    return rx.el.details(
        rx.el.summary(summary),
        rx.el.div(*children),
        class_name="ds-details",
        custom_attrs={"data-variant": "default", "data-color": "neutral"},
        **props,
    )


def facts(*pairs: tuple[Text, Text | rx.Component]) -> rx.Component:
    """List names and values, such as the settings of an integration."""
    groups = [rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in pairs]
    return rx.el.dl(*groups, class_name="app-facts")


def breadcrumbs(*ancestors: tuple[Text, Text], current: Text) -> rx.Component:
    """Show the way from the start to this page; `ancestors` are (text, address)."""
    items = [rx.el.li(link(text, href)) for text, href in ancestors]
    here = rx.el.li(rx.el.span(current, custom_attrs={"aria-current": "page"}))
    return rx.el.nav(rx.el.ol(*items, here), class_name="ds-breadcrumbs", aria_label=t("You are here"))


def step_indicator(step: rx.Var[int] | int, total: int, name: Text) -> rx.Component:
    """Say in words which step of a wizard this is, with a bar beside it; a new step is read out."""
    return rx.el.div(
        rx.el.p(
            t("Step {step} of {total}: {name}", step=step, total=total, name=name),
            id="step",
            aria_live="polite",
        ),
        rx.el.progress(value=step, max=total, custom_attrs={"aria-hidden": "true"}),
        class_name="app-steps",
    )


def dialog(dialog_id: str, title: Text, *children: rx.Component) -> rx.Component:
    """Draw a native dialog, closed until `open_dialog` is pressed; Escape and the cross close it."""
    title_id = f"{dialog_id}-title"
    cross = rx.el.button(
        type="button",
        class_name="ds-button",
        aria_label=t("Close"),
        custom_attrs=_command(dialog_id, "close") | {"data-variant": "tertiary", "data-icon": "true"},
    )
    title_line = rx.el.h2(title, id=title_id, class_name="ds-heading", custom_attrs={"data-size": "sm"})
    return rx.el.dialog(
        cross,
        title_line,
        rx.el.div(*children, class_name="app-stack app-stack--medium"),
        id=dialog_id,
        class_name="ds-dialog",
        custom_attrs={"aria-labelledby": title_id},
    )


def open_dialog(dialog_id: str, text: Text, **props: Any) -> rx.Component:
    """Draw the button that opens a dialog."""
    return button(text, custom_attrs=_command(dialog_id, "show-modal"), **props)


def close_dialog(dialog_id: str, text: Text, **props: Any) -> rx.Component:
    """Draw a button inside a dialog that closes it; with `on_click` it also acts."""
    return button(text, custom_attrs=_command(dialog_id, "close"), **props)


def _command(dialog_id: str, command: str) -> dict[str, str]:
    return {"command": command, "commandfor": dialog_id}


def table(
    caption: Text,
    columns: Sequence[Text],
    *rows: rx.Component,
    numeric: Sequence[int] = (),
    hide_caption: bool = False,
) -> rx.Component:
    """Draw a table whose rows become cards where it has little room; `rows` are `table_row`s or a foreach of them.

    `numeric` lists the positions of columns with amounts, which are set flush right. Hide the
    caption where a heading above says the same; screen readers read it all the same. The roles
    keep it a table for them where it is drawn as cards.
    """
    heads = [
        rx.el.th(text, scope="col", role="columnheader", class_name=_cell_class(position, numeric))
        for position, text in enumerate(columns)
    ]
    return rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="ds-sr-only" if hide_caption else ""),
            rx.el.thead(rx.el.tr(*heads, role="row"), role="rowgroup"),
            rx.el.tbody(*rows, role="rowgroup"),
            role="table",
            class_name="ds-table",
            custom_attrs={"data-border": "true", "data-hover": "true", "data-color": "neutral"},
        ),
        class_name="app-table",
    )


def table_row(
    columns: Sequence[Text],
    first: Text | rx.Component,
    *cells: Text | rx.Component,
    numeric: Sequence[int] = (),
    **props: Any,
) -> rx.Component:
    """Draw a row; its first cell names it for screen readers. Give each row of a foreach its `key`.

    `columns` are those of the table: in a card each cell has its column's name before it.
    """
    head = rx.el.th(first, scope="row", role="rowheader", custom_attrs={"data-name": columns[0]})
    rest = [
        rx.el.td(
            cell,
            role="cell",
            class_name=_cell_class(position, numeric),
            custom_attrs={"data-name": columns[position]},
        )
        for position, cell in enumerate(cells, start=1)
    ]
    return rx.el.tr(head, *rest, role="row", **props)


def _cell_class(position: int, numeric: Sequence[int]) -> str:
    return "app-numeric" if position in numeric else ""
