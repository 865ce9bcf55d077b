"""A field for a file that is read in the browser: no upload route is needed, and the form sends what was read."""

from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx

from integration_admin.components.effects import PackFiles
from integration_admin.components.texts import Text, t


@dataclass(frozen=True, slots=True)
class FileNews:
    """What is said about a chosen file; `large` also where it stays too large when packed."""

    ready: Text
    large: Text
    unreadable: Text

    def by_kind(self) -> Mapping[str, Text]:
        """Return the sentences by the words the browser's part knows them by."""
        return {"ready": self.ready, "large": self.large, "unreadable": self.unreadable}


def file_field(
    name: str,
    label: Text,
    *,
    help: Text,  # noqa: A002  # the field's standard term
    error: rx.Var[str],
    news: FileNews,
    accept: str,
    most: tuple[int, int],
    required: bool = False,
) -> rx.Component:
    """Draw a file button; the form has the chosen file under `name` as base64 of gzip, empty without one.

    `most` is how many bytes the file may have, and how many characters may be sent. What became of the file
    is read out.
    """
    most_bytes, most_packed = most
    button = rx.el.input(
        type="file",
        accept=accept,
        class_name="ds-input",
        custom_attrs={
            # Kept from Reflex, which would send a field that has an id and no name.
            "id": rx.Var(f'"{name}"'),
            "data-packed": f"{name}-packed",
            "data-most-bytes": most_bytes,
            "data-most-packed": most_packed,
            "aria-describedby": f"{name}-help {name}-news {name}-error",
            "aria-invalid": rx.cond(error, "true", "false"),
        },
    )
    return rx.el.div(
        rx.el.label(
            label,
            *([] if required else [rx.el.span(t("(optional)"), class_name="app-optional")]),
            html_for=name,
            class_name="ds-label app-label",
        ),
        rx.el.div(help, custom_attrs={"id": f"{name}-help", "data-field": "description"}),
        button,
        # Without Reflex's id, which would send the value twice.
        rx.el.input(type="hidden", name=name, custom_attrs={"id": f"{name}-packed"}),
        PackFiles.create(),
        _news(name, news),
        rx.el.div(
            rx.cond(
                error,
                rx.el.p(error, class_name="ds-validation-message", custom_attrs={"data-field": "validation"}),
            ),
            class_name="app-error",
            custom_attrs={"id": f"{name}-error"},
        ),
        class_name="ds-field",
    )


def _news(name: str, news: FileNews) -> rx.Component:
    """Draw every sentence out of sight; the browser's part shows the one that has come true."""
    sentences = (
        rx.el.p(words, custom_attrs={"data-news": kind, "hidden": True})
        for kind, words in news.by_kind().items()
    )
    return rx.el.div(*sentences, role="status", custom_attrs={"id": f"{name}-news"})
