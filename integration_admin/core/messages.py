"""Sentences for people: an English template, the values put into it, and its translations.

No sentence is written here; this module only carries them and finds them in locale/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Literal, Self, get_args

from integration_admin.core.figures import Figure, written_count

Language = Literal["nb", "nn", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT_LANGUAGE: Language = "nb"

_COUNT = "count"
_QUOTED = "words"
_BEGIN, _END = "\ue000", "\ue001"
"""Signs of no language, put around what another system said while a sentence is taken apart."""

_LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for a person, kept untranslated so that each reader gets it in their own language.

    `template` is English and is also the gettext key; `values` fill its `{placeholders}`, and one
    that is a Message itself (a field's label) is translated with it. A Figure, and a value called `count`,
    is written as each language writes it; one called `words` is what another system said, in English.
    """

    template: str
    values: Mapping[str, "str | Message | Figure"] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format_map(self.values)

    def translate(self, language: str) -> str:
        """Return the sentence in `language` (nb, nn or en; others read bokmål)."""
        return self._filled(language, quoted="{}")

    def pieces(self, language: str) -> list[tuple[str, bool]]:
        """Return the sentence in parts, each with whether it is another system's own English words."""
        marked = self._filled(language, quoted=f"{_BEGIN}{{}}{_END}").replace(_END, _BEGIN)
        return [(text, bool(place % 2)) for place, text in enumerate(marked.split(_BEGIN)) if text]

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored in the database."""
        values = {
            name: value if isinstance(value, str) else value.to_json() for name, value in self.values.items()
        }
        return {"template": self.template, "values": values}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Rebuild a message from `to_json`."""
        return cls(stored["template"], {name: _restored(value) for name, value in stored["values"].items()})

    def _filled(self, language: str, *, quoted: str) -> str:
        values = {name: _written(name, value, language, quoted) for name, value in self.values.items()}
        return translations(language).gettext(self.template).format_map(values)


def msg(template: str, /, **values: object) -> Message:
    """Write a sentence; Babel extracts the template from calls of this function."""
    return Message(template, {name: _kept(value) for name, value in values.items()})


def amount(decimal: str) -> Figure:
    """Return an amount, such as 1412.00, to put into a sentence; its currency stands beside it."""
    return Figure("amount", decimal)


def _kept(value: object) -> str | Message | Figure:
    """Return a value as a sentence keeps it: a date stays one, anything else without a form of its own is text."""
    if isinstance(value, Message | Figure):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return Figure("day", value.isoformat())
    return str(value)


def _restored(stored: Any) -> str | Message | Figure:
    if isinstance(stored, str):
        return stored
    if "template" in stored:
        return Message.from_json(stored)
    ((kind, value),) = stored.items()
    return Figure(kind, value)


def _written(name: str, value: str | Message | Figure, language: str, quoted: str) -> str:
    if isinstance(value, Message):
        return value._filled(language, quoted=quoted)  # noqa: SLF001, one of its own kind
    if isinstance(value, Figure):
        return value.written(language)
    if name == _QUOTED:
        return quoted.format(value)
    return written_count(value, language) if name == _COUNT else value


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
