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

    `template` is English and is also the gettext key; `values` fill its `{placeholders}`.
    """

    template: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format_map(self.values)

    def translate(self, language: str) -> str:
        """Return the sentence in `language` (nb, nn or en; others read bokmål)."""
        return translations(language).gettext(self.template).format_map(self.values)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored in the database."""
        return {"template": self.template, "values": dict(self.values)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Rebuild a message from `to_json`."""
        return cls(stored["template"], dict(stored["values"]))


def msg(template: str, /, **values: object) -> Message:
    """Write a sentence; Babel extracts the template from calls of this function."""
    return Message(template, {name: str(value) for name, value in values.items()})


@cache
def translations(language: str) -> NullTranslations:
    """Return the compiled catalogue of `language`; English needs none."""
    known = language if language in LANGUAGES else DEFAULT_LANGUAGE
    path = _LOCALE_DIR / known / "LC_MESSAGES" / "messages.mo"
    if known == "en" or not path.exists():
        return NullTranslations()
    with path.open("rb") as compiled:
        return GNUTranslations(compiled)
