"""What pages written on the server are made of: paragraphs, alerts, sections, forms and their fields."""

from integration_admin.api.html_page import Reader
from integration_admin.api.markup import Content, Markup, tag
from integration_admin.core.messages import Message, msg

_WORDS = {
    "info": msg("Information:"),
    "success": msg("Done:"),
    "warning": msg("Warning:"),
    "danger": msg("Error:"),
}


def paragraph(*children: Content, id_: str | None = None) -> Markup:
    """Return a paragraph of running text."""
    return tag("p", *children, class_="ds-paragraph", id_=id_)


def alert(reader: Reader, kind: str, sentence: Message) -> Markup:
    """Return a box that says what kind of news it holds in words too."""
    word = tag("span", f"{reader.say(_WORDS[kind])} ", class_="ds-sr-only")
    role = "alert" if kind in {"warning", "danger"} else "status"
    return tag("div", word, tag("div", reader.say(sentence)), class_="ds-alert", role=role, data_color=kind)


def section(reader: Reader, name: str, title: Message, *children: Content) -> Markup:
    """Return a part of a page with a heading of its own."""
    heading = tag("h2", reader.say(title), class_="ds-heading", data_size="sm", id_=f"{name}-heading")
    return tag(
        "section",
        heading,
        *children,
        aria_labelledby=f"{name}-heading",
        class_="app-stack app-stack--small",
    )


def link(text: str, address: str) -> Markup:
    """Return a link."""
    return tag("a", text, class_="ds-link", href=address)


def link_button(text: str, address: str) -> Markup:
    """Return a link that looks like a button, for the one thing a page leads to."""
    return tag("a", text, class_="ds-button", href=address, data_variant="primary", data_color="accent")


def button(text: Content, *, variant: str = "primary", color: str = "accent", **more: str | bool) -> Markup:
    """Return the button that sends its form."""
    return tag(
        "button",
        text,
        **({"type": "submit"} | more),
        class_="ds-button",
        data_variant=variant,
        data_color=color,
    )


def form(action: str, *children: Content, **hidden: str) -> Markup:
    """Return a form the browser itself posts; `hidden` are values it sends along."""
    values = [tag("input", type="hidden", name=name, value=value) for name, value in hidden.items()]
    return tag("form", *values, *children, action=action, method="post", class_="app-stack app-stack--medium")


def field(  # the parts of a field, each by name
    reader: Reader,
    name: str,
    label: Message,
    *,
    about: Message | None = None,
    error: Message | None = None,
    **attributes: str | bool,
) -> Markup:
    """Return a one-line field, required unless told otherwise; one that was refused has the focus, and its error is read out with it."""
    described = [f"{name}-help"] if about else []
    described += [f"{name}-error"] if error else []
    usual: dict[str, str | bool] = {"type": "text", "required": True}
    attributes = usual | attributes | ({"autofocus": True} if error else {})
    box = tag(
        "input",
        id_=name,
        name=name,
        class_="ds-input",
        aria_invalid="true" if error else None,
        aria_describedby=" ".join(described) or None,
        **attributes,
    )
    return tag(
        "div",
        tag("label", reader.say(label), for_=name, class_="ds-label app-label"),
        tag("div", reader.say(about), id_=f"{name}-help", data_field="description") if about else None,
        box,
        _wrong(reader, name, error) if error else None,
        class_="ds-field",
    )


def code_field(reader: Reader, label: Message, about: Message, error: Message | None) -> Markup:
    """Return the field for a code of an app or, where `label` says so, a recovery code."""
    return field(
        reader,
        "code",
        label,
        about=about,
        error=error,
        autocomplete="one-time-code",
        autocapitalize="none",
        spellcheck="false",
    )


def password_field(reader: Reader, name: str, label: Message, error: Message | None = None) -> Markup:
    """Return a field for the person's own password; it is always empty."""
    return field(
        reader, name, label, error=error, type="password", autocomplete="current-password", spellcheck="false"
    )


def _wrong(reader: Reader, name: str, error: Message) -> Markup:
    sentence = tag("p", reader.say(error), class_="ds-validation-message", data_field="validation")
    return tag("div", sentence, class_="app-error", id_=f"{name}-error")
