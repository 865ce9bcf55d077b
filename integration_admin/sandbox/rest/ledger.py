"""What the REST ledger has booked. Nothing in it is unique: a reference may be booked any number of times."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.rest.vouchers import Booking, Refusal, check

_FIRST_ID = 100_001


class Voucher(NamedTuple):
    """One booked voucher; small, because a bench books very many."""

    reference: str
    currency: str
    total: int
    kept: bytes


class Ledger:
    """Every booked voucher in its order; with a journal it goes on from where the last one ended."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self.clear()
        if journal is not None:
            self._restore(journal)

    def clear(self) -> None:
        """Begin with nothing; the journal keeps what it has."""
        self.vouchers: list[Voucher] = []
        self.lines = 0
        self.sums: Counter[str] = Counter()
        """Minor units by currency."""
        self._first: dict[str, int] = {}
        self._again: dict[str, list[int]] = {}

    def forget(self) -> None:
        """Forget everything, in the journal too."""
        if self._journal is not None:
            self._journal.clear()
        self.clear()

    @property
    def doubles(self) -> int:
        """How many references are booked more than once."""
        return len(self._again)

    @property
    def extra(self) -> int:
        """How many vouchers carry a reference that was booked before."""
        return sum(map(len, self._again.values()))

    def book(self, bookings: Sequence[Booking]) -> list[str]:
        """Book vouchers and return their ids. Raises OSError where they cannot be kept; then none is."""
        if self._journal is not None and bookings:
            self._journal.append(booking.kept for booking in bookings)
        return [self._add(booking) for booking in bookings]

    def ids(self, reference: str) -> list[str]:
        """Return the ids of the vouchers booked under a reference."""
        return [_id(place) for place in self._places(reference)]

    def voucher(self, voucher_id: str) -> Voucher | None:
        """Return the voucher with an id."""
        place = int(voucher_id) - _FIRST_ID if voucher_id.isascii() and voucher_id.isdigit() else -1
        return self.vouchers[place] if 0 <= place < len(self.vouchers) else None

    def listing(
        self, reference: str | None = None, *, offset: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Yield what is booked, one entry a voucher: a double shows as two entries.

        `reference` keeps one reference only; `offset` and `limit` count vouchers, from the newest if asked.
        """
        places: Sequence[int] = range(len(self.vouchers))
        if reference is not None:
            places = self._places(reference)
        if newest:
            places = places[::-1]
        for place in places[offset : None if limit is None else offset + limit]:
            yield self._entry(place)

    def _places(self, reference: str) -> list[int]:
        first = self._first.get(reference)
        return [] if first is None else [first, *self._again.get(reference, ())]

    def _add(self, booking: Booking) -> str:
        place = len(self.vouchers)
        self.vouchers.append(Voucher(booking.reference, booking.currency, booking.total, booking.kept))
        if self._first.setdefault(booking.reference, place) != place:
            self._again.setdefault(booking.reference, []).append(place)
        self.lines += booking.lines
        self.sums[booking.currency] += booking.total
        return _id(place)

    def _restore(self, journal: Journal) -> None:
        """Book what the journal has; raises ConfigurationError for a line that does not fit."""
        for number, line in enumerate(journal.lines(), start=1):
            try:
                found = check(json.loads(line))
            except ValueError:
                found = Refusal("", "", "", "")
            if isinstance(found, Refusal):
                raise ConfigurationError(
                    msg(
                        "Line {line} of “{path}” is damaged. Delete the file to start with an empty ledger.",
                        line=number,
                        path=journal.path,
                    )
                )
            self._add(found)

    def _entry(self, place: int) -> dict[str, Any]:
        """Describe one booked voucher, the balancing credit line last."""
        voucher = self.vouchers[place]
        record = json.loads(voucher.kept)
        credit = record["credit"]
        owed = Money(voucher.currency, voucher.total)
        return {
            "reference": voucher.reference,
            "id": _id(place),
            "amount": owed.decimal(),
            "currency": voucher.currency,
            "balanced": True,
            "posted_date": record["date"],
            "count": len(self._places(voucher.reference)),
            "lines": [
                *(_line(line) for line in record["lines"]),
                _line(
                    {"account": credit["account"], "amount": (-owed).decimal(), "text": record.get("text")}
                ),
            ],
        }


def _line(line: dict[str, Any]) -> dict[str, Any]:
    dimensions = line.get("dimensions", {})
    return {
        "account": line["account"],
        "amount": line["amount"],
        "text": line.get("text") or "",
        "vat_code": line.get("vat_code"),
        "cost_centre": dimensions.get("cost_centre"),
        "project": dimensions.get("project"),
        "department": dimensions.get("department"),
    }


def _id(place: int) -> str:
    return str(_FIRST_ID + place)
