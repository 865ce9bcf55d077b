"""The language the page is drawn in. Choosing and remembering it is the sign-in's work."""

import reflex as rx

from integration_admin.core.messages import DEFAULT_LANGUAGE


class LanguageState(rx.State):
    """One of core.messages.LANGUAGES; `t()` reads it in the browser."""

    language: str = DEFAULT_LANGUAGE
