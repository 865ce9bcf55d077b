"""Sentences on pages, drawn in the reader's language in the browser. Sentences made on the server use core.messages."""

import reflex as rx
from reflex.vars import LiteralVar

from integration_admin.core.messages import DEFAULT_LANGUAGE, LANGUAGES, translations
from integration_admin.states.language import LanguageState

Text = str | rx.Var[str]
"""What a component shows: a plain string, or one that is known or changes in the browser."""


def t(template: str, /, **values: object) -> Text:
    """Return the sentence in the language of whoever reads the page.

    `template` is English and the gettext key; `{placeholders}` take strings or vars. The
    translations go into the bundle, so no request is needed to change language. A sentence that
    is the same in every language stays a plain string.
    """
    drawn = {name: LiteralVar.create(_fill(template, name, values)) for name in LANGUAGES}
    if len({str(var) for var in drawn.values()}) == 1:
        plain = _fill(template, DEFAULT_LANGUAGE, values)
        return plain if _all_plain(values) else drawn[DEFAULT_LANGUAGE].to(str)
    return rx.Var.create(drawn)[LanguageState.language].to(str)


def _fill(template: str, language: str, values: dict[str, object]) -> str:
    """Return the translation with the values in it; Reflex finds vars in formatted strings again."""
    return translations(language).gettext(template).format_map(values)


def _all_plain(values: dict[str, object]) -> bool:
    return not any(isinstance(value, rx.Var) for value in values.values())
