"""Money as whole minor units of an ISO 4217 currency; never a float.

Exchange between currencies does not live here.
"""

import re
from typing import Self

import msgspec
from babel.numbers import list_currencies

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg

_AMOUNT = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,4}))?")
_CURRENCIES = frozenset(code for code in list_currencies() if re.fullmatch("[A-Z]{3}", code))

# ISO 4217's own minor units where they are not two. Babel has CLDR's, which are for display: it rounds
# Serbian dinars and Iraqi dinars to whole ones.
_NONE = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR = ("CLF", "UYW")
_DECIMALS = (
    dict.fromkeys(_CURRENCIES, 2)
    | dict.fromkeys(_NONE, 0)
    | dict.fromkeys(_THREE, 3)
    | dict.fromkeys(_FOUR, 4)
)


class Money(msgspec.Struct, frozen=True, order=True, gc=False):
    """An amount in `minor` units (øre for NOK) of `currency` (ISO 4217)."""

    currency: str
    minor: int

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """Read a decimal string such as "412.00".

        Raises InvalidInput for anything else, or for more decimals than the currency has.
        """
        places = _DECIMALS.get(currency)
        if places is None:
            raise InvalidInput(msg("{currency} is not a currency (ISO 4217).", currency=currency))
        found = _AMOUNT.fullmatch(amount)
        if not found:
            raise InvalidInput(msg("“{amount}” is not an amount. Write it as 412.00.", amount=amount[:40]))
        sign, whole, fraction = found.groups("")
        if len(fraction) != places:
            if fraction[places:].strip("0"):
                raise InvalidInput(
                    msg("“{amount}” has more decimals than {currency} has.", amount=amount, currency=currency)
                )
            fraction = fraction[:places].ljust(places, "0")
        minor = int(whole + fraction)
        return cls(currency, -minor if sign else minor)

    def decimal(self) -> str:
        """Return the decimal string with all the currency's decimals, such as "412.00"."""
        places = _DECIMALS.get(self.currency, 2)
        sign = "-" if self.minor < 0 else ""
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            detail = f"{self.currency} and {other.currency} cannot be added"
            raise ValueError(detail)
        return Money(self.currency, self.minor + other.minor)

    def __neg__(self) -> "Money":
        return Money(self.currency, -self.minor)
