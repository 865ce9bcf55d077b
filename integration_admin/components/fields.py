"""What people fill in. Every field has a visible label, and its help and error are read out with it.

Fields are uncontrolled: what is typed reaches the server only with the form's submit event, and a
`default_value` var counts only when the field is first drawn, so draw forms inside `loading`.
"""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from integration_admin.components.texts import Text, t

Options = Sequence[tuple[str, Text]] | rx.Var[list[tuple[str, str]]]
"""Values and labels to choose from, known when the page is written or loaded by a state."""
About = Text | rx.Component
"""What is told of a field under its label: a sentence, or something drawn, which may be empty at times."""
Demand = bool | rx.Var[bool]
"""Whether a field must be filled in, known when the page is written or loaded by a state."""


class NativeForm(BaseHTML):
    """A form the browser itself sends; Reflex's own form elements always stop that."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]


def native_form(*children: rx.Component, action: str, **props: Any) -> rx.Component:
    """Draw a form that is posted to one of our HTTP routes with a full page load."""
    return NativeForm.create(*children, action=action, method="post", **props)


def form(*children: rx.Component, on_submit: Any, **props: Any) -> rx.Component:
    """Draw a form whose submit event goes to a state; the server checks it and answers in words.

    The browser's own bubbles are off: screen readers do not announce them reliably.
    """
    return rx.el.form(
        *children, on_submit=on_submit, no_validate=True, class_name="app-stack app-stack--medium", **props
    )


def drawn(times: rx.Var[int]) -> rx.Component:
    """Say in a form which drawing of it this is, so that one that is sent twice in a hurry is taken once."""
    return rx.el.input(type="hidden", name="drawn", default_value=times.to_string())


def text_field(
    name: str,
    label: Text,
    *,
    help: About = "",  # noqa: A002  # the field's standard term
    error: Text | None = None,
    required: Demand = False,
    field_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a one-line field; `props` go to the input (type, default_value, auto_complete, input_mode, ...)."""
    field_id = field_id or name
    box = rx.el.input(
        id=field_id,
        name=name,
        class_name="ds-input",
        **({"type": "text"} | props),
        custom_attrs=_described(field_id, help, error, required=required),
    )
    return _field(field_id, label, box, help, error, required=required)


def date_field(
    name: str,
    label: Text,
    *,
    help: Text = "",  # noqa: A002  # the field's standard term
    error: Text,
    **props: Any,
) -> rx.Component:
    """Draw the browser's own field for a day that may be left out; one begun and not finished is sent as no date.

    Its id is kept from Reflex, which would send an empty value for it past `RefuseUnfinishedDates`.
    """
    box = rx.el.input(
        name=name,
        class_name="ds-input",
        type="date",
        **props,
        custom_attrs={"id": name} | _described(name, help, error, required=False),
    )
    return _field(name, label, box, help, error, required=False)


def password_field(
    name: str,
    label: Text,
    *,
    help: Text = "",  # noqa: A002  # the field's standard term
    error: Text | None = None,
    required: Demand = True,
    field_id: str = "",
    auto_complete: str = "off",
) -> rx.Component:
    """Draw a field for a secret. It is always empty when drawn: nothing stored comes back to the browser."""
    return text_field(
        name,
        label,
        help=help,
        error=error,
        required=required,
        field_id=field_id,
        type="password",
        auto_complete=auto_complete,
        spell_check=False,
    )


def text_area(
    name: str,
    label: Text,
    *,
    help: Text = "",  # noqa: A002  # the field's standard term
    error: Text | None = None,
    required: Demand = False,
    rows: int = 4,
    **props: Any,
) -> rx.Component:
    """Draw a field of several lines."""
    box = rx.el.textarea(
        id=name,
        name=name,
        rows=rows,
        class_name="ds-input",
        **props,
        custom_attrs=_described(name, help, error, required=required),
    )
    return _field(name, label, box, help, error, required=required)


def select_field(
    name: str,
    label: Text,
    options: Options,
    *,
    help: Text = "",  # noqa: A002  # the field's standard term
    error: Text | None = None,
    required: Demand = False,
    placeholder: Text = "",
    field_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw the browser's own list, which every keyboard, phone and screen reader knows.

    `placeholder` adds a first, empty choice.
    """
    field_id = field_id or name
    first = [rx.el.option(placeholder, value="")] if not _is_empty(placeholder) else []
    box = rx.el.select(
        *first,
        *_each(options, lambda value, text: rx.el.option(text, value=value, key=value)),
        id=field_id,
        name=name,
        class_name="ds-input",
        **props,
        custom_attrs=_described(field_id, help, error, required=required),
    )
    return _field(field_id, label, box, help, error, required=required)


def checkbox(
    name: str,
    label: Text,
    *,
    help: Text = "",  # noqa: A002  # the field's standard term
    field_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw one yes-or-no choice; it is true or false in the submitted form."""
    return _toggle("checkbox", field_id or name, label, help, name=name, **props)


def radio_group(
    name: str,
    legend: Text,
    options: Options,
    *,
    help: Text = "",  # noqa: A002  # the field's standard term
    error: Text | None = None,
    default_value: Text = "",
    **props: Any,
) -> rx.Component:
    """Draw a choice of one among few, all in sight."""

    def choice(value: Text, text: Text) -> rx.Component:
        chosen = value == default_value
        return _toggle(
            "radio", f"{name}-{value}", text, "", name=name, value=value, default_checked=chosen, **props
        )

    return fieldset(legend, *_each(options, choice), help=help, error=error, field_id=name)


def fieldset(
    legend: Text,
    *children: rx.Component,
    help: Text = "",  # noqa: A002  # the field's standard term
    error: Text | None = None,
    field_id: str = "",
) -> rx.Component:
    """Group fields under one legend that is read out with each of them; `field_id` is needed with `error`."""
    about = [] if _is_empty(help) else [rx.el.p(help, custom_attrs={"data-field": "description"})]
    wrong = [] if error is None else [_error(field_id, error)]
    attributes = {} if error is None else {"aria-describedby": f"{field_id}-error", "tabIndex": -1}
    return rx.el.fieldset(
        rx.el.legend(legend, class_name="ds-label app-label"),
        *about,
        *children,
        *wrong,
        class_name="ds-fieldset",
        **({"id": field_id} if field_id else {}),
        custom_attrs=attributes,
    )


def _field(
    field_id: str, label: Text, box: rx.Component, about: About, error: Text | None, *, required: Demand
) -> rx.Component:
    """Put label, help, box and error together in the order they are read."""
    # Without the space a screen reader says both as one word.
    optional = _unless(required, rx.fragment(" ", rx.el.span(t("(optional)"), class_name="app-optional")))
    described = [] if _is_empty(about) else [_help(field_id, about)]
    wrong = [] if error is None else [_error(field_id, error)]
    return rx.el.div(
        rx.el.label(label, *optional, html_for=field_id, class_name="ds-label app-label"),
        *described,
        box,
        *wrong,
        class_name="ds-field",
    )


def _toggle(kind: str, field_id: Text, label: Text, about: Text, **props: Any) -> rx.Component:
    """Draw a checkbox or radio button with its label beside it.

    A radio button's id is kept from Reflex, which would send every id as a value of its own.
    """
    attributes = {} if _is_empty(about) else {"aria-describedby": f"{field_id}-help"}
    own_id = {"id": field_id} if kind == "checkbox" else {}
    attributes |= {} if own_id else {"id": field_id}
    described = [] if _is_empty(about) else [_help(field_id, about)]
    return rx.el.div(
        rx.el.input(type=kind, class_name="ds-input", custom_attrs=attributes, **own_id, **props),
        rx.el.label(label, html_for=field_id, class_name="ds-label"),
        *described,
        class_name="ds-field",
    )


def _help(field_id: Text, about: About) -> rx.Component:
    return rx.el.div(about, custom_attrs={"id": f"{field_id}-help", "data-field": "description"})


def _error(field_id: str, error: Text) -> rx.Component:
    """Draw the place for a field's error; it is always there, so what describes the field always exists."""
    sentence = rx.el.p(error, class_name="ds-validation-message", custom_attrs={"data-field": "validation"})
    return rx.el.div(
        rx.cond(error, sentence), class_name="app-error", custom_attrs={"id": f"{field_id}-error"}
    )


def _described(field_id: str, about: About, error: Text | None, *, required: Demand) -> dict[str, Any]:
    """Return the ARIA attributes that tie help, error and requirement to an input."""
    ids = [] if _is_empty(about) else [f"{field_id}-help"]
    attributes: dict[str, Any] = {}
    if isinstance(required, rx.Var):
        attributes["aria-required"] = rx.cond(required, "true", "false")
    elif required:
        attributes["aria-required"] = "true"
    if error is not None:
        ids.append(f"{field_id}-error")
        attributes["aria-invalid"] = rx.cond(error, "true", "false")
    if ids:
        attributes["aria-describedby"] = " ".join(ids)
    return attributes


def _unless(required: Demand, mark: rx.Component) -> list[rx.Component]:
    """Return the mark of a field that may stay empty, or nothing."""
    if isinstance(required, rx.Var):
        return [rx.cond(required, rx.fragment(), mark)]
    return [] if required else [mark]


def _each(options: Options, draw: Any) -> list[rx.Component]:
    if isinstance(options, rx.Var):
        return [rx.foreach(options, lambda option: draw(option[0], option[1]))]
    return [draw(value, text) for value, text in options]


def _is_empty(text: About) -> bool:
    return isinstance(text, str) and not text
