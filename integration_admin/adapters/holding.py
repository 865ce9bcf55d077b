"""What an adapter offers besides, whose accounting system can tell what it holds under our references, and for how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol, runtime_checkable

from integration_admin.adapters.base import Credentials
from integration_admin.core.errors import InvalidInput
from integration_admin.core.money import Money


@dataclass(frozen=True, slots=True)
class Holding:
    """What stands under one of our references: `count` vouchers, `waiting` of them taken and not booked yet.

    `sums` is what they come to together, by currency, as our records count it; None where it is not told.
    """

    reference: str
    count: int
    sums: tuple[Money, ...] | None
    waiting: int = 0
    external_id: str = ""


@runtime_checkable
class ReadsHoldings(Protocol):
    """What an adapter offers besides, that can read amounts back."""

    async def holdings(self, credentials: Credentials, references: Sequence[str]) -> list[Holding]:
        """Return what is there under each of `references`, absent ones left out; changes nothing.

        Raises AuthenticationFailed, AdapterError; so also where the answer is not surely whole.
        """
        ...


def money_of(value: object, currency: object) -> Money | None:
    """Return an amount of an answer, a number or a text; None where it is none, or has more digits than money."""
    if value is None or isinstance(value, bool) or not isinstance(currency, str):
        return None
    try:
        exact = Decimal(str(value))
        return Money.parse(format(exact, "f"), currency.upper()) if exact.is_finite() else None
    except (InvalidOperation, InvalidInput):
        return None


def added(amounts: Iterable[Money | None]) -> tuple[Money, ...] | None:
    """Return the sums by currency; None where an amount is not known."""
    sums: dict[str, int] = {}
    for amount in amounts:
        if amount is None:
            return None
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return tuple(Money(currency, minor) for currency, minor in sorted(sums.items()))
