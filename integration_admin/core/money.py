"""Money as whole minor units of an ISO 4217 currency; never a float.

Exchange between currencies does not live here.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from babel.numbers import get_currency_precision, list_currencies

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg

_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,4})?")
_CURRENCIES = frozenset(code for code in list_currencies() if re.fullmatch("[A-Z]{3}", code))


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in `minor` units (øre for NOK) of `currency` (ISO 4217)."""

    currency: str
    minor: int

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """Read a decimal string such as "412.00".

        Raises InvalidInput for anything else, or for more decimals than the currency has.
        """
        if currency not in _CURRENCIES:
            raise InvalidInput(msg("{currency} is not a currency (ISO 4217).", currency=currency))
        if not _AMOUNT.fullmatch(amount):
            raise InvalidInput(msg("“{amount}” is not an amount. Write it as 412.00.", amount=amount[:40]))
        scaled = Decimal(amount).scaleb(get_currency_precision(currency))
        if scaled != scaled.to_integral_value():
            raise InvalidInput(
                msg("“{amount}” has more decimals than {currency} has.", amount=amount, currency=currency)
            )
        return cls(currency, int(scaled))

    def decimal(self) -> str:
        """Return the decimal string with all the currency's decimals, such as "412.00"."""
        places = get_currency_precision(self.currency)
        return str(Decimal(self.minor).scaleb(-places).quantize(Decimal(1).scaleb(-places)))

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            detail = f"{self.currency} and {other.currency} cannot be added"
            raise ValueError(detail)
        return Money(self.currency, self.minor + other.minor)

    def __neg__(self) -> "Money":
        return Money(self.currency, -self.minor)
