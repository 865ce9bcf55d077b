"""Reads the values of a body's fields as Business Central does, which refuses, shortens nothing and rounds."""

import re
from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from integration_admin.sandbox.dynamics.business_central.enumerations import decoded
from integration_admin.sandbox.dynamics.business_central.problems import (
    BAD_REQUEST,
    TOO_LONG,
    UNKNOWN,
    Problem,
)

_MOST = 10**15
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BLANK_DATE = "0001-01-01"


def text_of(value: Any, length: int) -> str:
    """Return a text of at most `length` UTF-16 units, which is how the server counts. Raises Problem."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _not_a(value, "Edm.String")
    size = len(value) if value.isascii() else len(value.encode("utf-16-le", "surrogatepass")) // 2
    if size > length:
        raise Problem(
            TOO_LONG,
            f"The length of the string is {size}, but it must be less than or equal to {length} characters."
            f" Value: {value[:60]}",
        )
    return value


def code_of(value: Any, length: int) -> str:
    """Return a code: in capitals and without blanks around it. Raises Problem."""
    return text_of(value, length).strip().upper()


def hundredths_of(value: Any) -> int:
    """Return an amount in hundredths; more decimals are rounded half away from zero. Raises Problem."""
    return scaled(decimal_of(value), 2)


def scaled(value: Decimal, places: int) -> int:
    """Return a decimal in units of its last place, rounded half away from zero."""
    return int(value.scaleb(places).to_integral_value(ROUND_HALF_UP))


def decimal_of(value: Any) -> Decimal:
    """Return a decimal. Raises Problem: numbers in quotes are none."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not is_number or abs(value) >= _MOST:
        raise _not_a(value, "Edm.Decimal")
    return Decimal(value)


def whole_of(value: Any) -> int:
    """Return a whole number of 32 bits. Raises Problem."""
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise _not_a(value, "Edm.Int32")
    return value


def date_of(value: Any) -> str:
    """Return a date as yyyy-MM-dd, or empty for none. Raises Problem."""
    if value is None or value == BLANK_DATE:
        return ""
    if isinstance(value, str) and _is_date(value):
        return value
    raise _not_a(value, "Edm.Date")


@lru_cache(maxsize=4_096)
def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.fullmatch(text) is not None


def choice_of(value: Any, names: Collection[str]) -> str:
    """Return a name of an enumeration, plain or as answers have it. Raises Problem."""
    name = decoded(value) if isinstance(value, str) else ""
    if name not in names:
        raise Problem(UNKNOWN, f"The value '{str(value)[:60]}' is not one of the enumeration's names.")
    return name


def number(hundredths: int, places: int = 2) -> int | float:
    """Return minor units as the JSON number an answer has; exact to 15 digits."""
    unit: int = 10**places
    whole, rest = divmod(hundredths, unit)
    return hundredths / unit if rest else whole


def shown_date(text: str) -> str:
    """Return a date as answers have it: an empty one is the year one."""
    return text or BLANK_DATE


def _not_a(value: Any, kind: str) -> Problem:
    return Problem(
        BAD_REQUEST, f"Cannot convert the literal '{str(value)[:60]}' to the expected type '{kind}'."
    )
