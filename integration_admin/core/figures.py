"""Days, amounts and counts as each language writes them; the sentences they stand in are messages.py's."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from babel.dates import format_date
from babel.numbers import format_decimal

LOCALES: Final = {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}
_OTHERWISE: Final = "nb"
_DAYS: Final = {"nb": "d. MMMM y", "nn": "d. MMMM y", "en": "d MMMM y"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A day (2026-11-21), a month (2026-11) or an amount (1412.00) inside a sentence; each reader sees it written their way."""

    kind: Literal["day", "month", "amount"]
    value: str

    def __str__(self) -> str:
        return self.value

    def written(self, language: str) -> str:
        """Return it as `language` (nb, nn or en; others read bokmål) writes it."""
        if self.kind == "day":
            return written_day(date.fromisoformat(self.value), language)
        if self.kind == "month":
            return _written_month(self.value, language)
        return written_amount(self.value, language)

    def to_json(self) -> dict[str, str]:
        """Return the form that is stored in the database."""
        return {self.kind: self.value}


def written_day(day: date, language: str) -> str:
    """Return a date in words, such as 21. november 2026."""
    return format_date(day, _DAYS.get(language, _DAYS[_OTHERWISE]), locale=_locale(language))


def _written_month(month: str, language: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return format_date(first, "MMMM y", locale=_locale(language))


def written_amount(amount: str, language: str) -> str:
    """Return a decimal number with the language's own signs and as many decimals as it came with."""
    decimals = len(amount.partition(".")[2])
    pattern = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return format_decimal(Decimal(amount), pattern, locale=_locale(language))


def written_count(count: str, language: str) -> str:
    """Return a count with the language's own grouping; what is no plain number stays as it is."""
    if not (count.isascii() and count.isdigit()):
        return count
    return format_decimal(int(count), locale=_locale(language))


def _locale(language: str) -> str:
    return LOCALES.get(language, LOCALES[_OTHERWISE])
