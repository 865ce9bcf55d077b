"""Sentences for people: an English template, the values put into it, and its translations.

No sentence is written here; this module only carries them and finds them in locale/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Literal, Self, get_args

Language = Literal["nb", "nn", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "nb"

_LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for a person, kept untranslated so that each reader gets it in their own language.

    `template` is English and is also the gettext key; `values` fill its `{placeholders}`, and one
    that is a Message itself (a field's label) is translated with it.
    """

    template: str
    values: Mapping[str, "str | Message"] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format_map(self.values)

    def translate(self, language: str) -> str:
        """Return the sentence in `language` (nb, nn or en; others read bokmål)."""
        values = {
            name: value.translate(language) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return translations(language).gettext(self.template).format_map(values)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored in the database."""
        values = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"template": self.template, "values": values}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Rebuild a message from `to_json`."""
        values = {
            name: value if isinstance(value, str) else cls.from_json(value)
            for name, value in stored["values"].items()
        }
        return cls(stored["template"], values)


def msg(template: str, /, **values: object) -> Message:
    """Write a sentence; Babel extracts the template from calls of this function."""
    kept = {name: value if isinstance(value, Message) else str(value) for name, value in values.items()}
    return Message(template, kept)


def translations(language: str) -> NullTranslations:
    """Return the compiled catalogue of `language`; English needs none."""
    # Only known languages reach the cache: a browser may name any number of others.
    return _catalogue(language if language in LANGUAGES else DEFAULT_LANGUAGE)


@cache
def _catalogue(language: str) -> NullTranslations:
    path = _LOCALE_DIR / language / "LC_MESSAGES" / "messages.mo"
    if language == "en" or not path.exists():
        return NullTranslations()
    with path.open("rb") as compiled:
        return GNUTranslations(compiled)
