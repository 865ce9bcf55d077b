"""What a page says, in the language somebody reads it in; tests name each sentence in English, as the code does."""

from typing import Literal
from weakref import WeakKeyDictionary

from playwright.async_api import Page, expect

from integration_admin.components.shell import LANGUAGE_NAMES
from integration_admin.core.messages import translations

Language = Literal["en", "nb", "nn"]

_EXPORTED = "Exported: {count}."
_LANGUAGES: WeakKeyDictionary[Page, Language] = WeakKeyDictionary()


async def read_in(page: Page, language: Language) -> None:
    """Choose a language by the button that is named in it, and wait until the page is in it."""
    button = page.get_by_role("button", name=LANGUAGE_NAMES[language], exact=True)
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
    _LANGUAGES[page] = language


def exported(page: Page, count: int) -> str:
    """Return how a page begins to tell of an export that delivered so many."""
    return said(page, _EXPORTED, count=count)


def said(page: Page, sentence: str, **values: object) -> str:
    """Return a sentence as the page says it, up to the first placeholder that is given no value."""
    words = translations(_LANGUAGES.get(page, "en")).gettext(sentence)
    for name, value in values.items():
        words = words.replace(f"{{{name}}}", str(value))
    known = words.partition("{")[0].rstrip()
    assert known, sentence
    return known
