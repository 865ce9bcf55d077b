"""How one voucher compares with what the accounting system holds, and what all of them come to. Asks nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final, NamedTuple, Self

from integration_admin.adapters.holding import Holding
from integration_admin.core.money import Money
from integration_admin.core.statuses import DIFFERENCES, DeliveryState, Finding, ReconciliationState
from integration_admin.data.repositories.reconciliations import Voucher
from integration_admin.services.spreadsheet import csv_line, guarded

OPEN_STATES: Final = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON})
"""Of these it is not known whether they were delivered."""
HEADINGS: Final = (
    "finding",
    "kind",
    "record",
    "reference",
    "sent_at",
    "state_here",
    "currency",
    "amount",
    "count_there",
    "waiting_there",
    "sums_there",
    "id_there",
)
"""The columns of the file, the same in every language: what is hashed must not depend on who looks."""

Sums = dict[str, list[int]]
"""Currency -> how many vouchers, and their sum in minor units."""


class Compared(NamedTuple):
    """One voucher, both sides, and how they compare."""

    voucher: Voucher
    holding: Holding | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """What vouchers of one currency come to."""

    count: int
    sum: Money


@dataclass(slots=True)
class Totals:
    """What has been compared so far; `to_json` is stored after every page."""

    asked: int = 0
    here: Sums = field(default_factory=dict)
    there: Sums = field(default_factory=dict)
    findings: dict[str, Sums] = field(default_factory=dict)
    kept: int = 0
    """How many lines are kept for people to look at."""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return stored totals; none stored is the beginning."""
        return cls(**stored)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "asked": self.asked,
            "here": self.here,
            "there": self.there,
            "findings": self.findings,
            "kept": self.kept,
        }

    def add(self, one: Compared) -> None:
        """Count one voucher. What is open counts on neither side."""
        currency, minor = one.voucher.currency, one.voucher.amount_minor
        _count(self.findings.setdefault(one.finding.value, {}), currency, 1, minor)
        if one.finding is Finding.OPEN:
            return
        if one.finding is not Finding.NOT_DELIVERED:
            _count(self.here, currency, 1, minor)
        if one.holding is not None:
            sums = one.holding.sums or (Money(currency, 0),)
            for place, money in enumerate(sums):
                _count(self.there, money.currency, 0 if place else one.holding.count, money.minor)

    def number(self, *findings: Finding) -> int:
        """Return how many vouchers compare in one of these ways."""
        return sum(
            count for finding in findings for count, _ in self.findings.get(finding.value, {}).values()
        )

    @property
    def state(self) -> ReconciliationState:
        """What all of it comes to."""
        if self.number(*DIFFERENCES):
            return ReconciliationState.DIFFERS
        return ReconciliationState.NOT_COMPARED if self.number(Finding.UNTOLD) else ReconciliationState.AGREES


def totals_of(sums: Sums) -> tuple[CurrencyTotal, ...]:
    """Return stored sums as amounts, by currency."""
    return tuple(
        CurrencyTotal(count, Money(currency, minor)) for currency, (count, minor) in sorted(sums.items())
    )


def compare(vouchers: Iterable[Voucher], holdings: Iterable[Holding]) -> list[Compared]:
    """Return how the vouchers compare; what was not delivered and is not there is no finding."""
    there = {holding.reference: holding for holding in holdings if holding.count}
    found = []
    for voucher in vouchers:
        holding = there.get(voucher.reference)
        finding = _finding(voucher, holding)
        if finding is not None:
            found.append(Compared(voucher, holding, finding))
    return found


def file_line(one: Compared) -> str:
    """Return a line of the file; amounts alone may begin with a minus, for they are numbers."""
    voucher, holding = one.voucher, one.holding
    sent_at = voucher.sent_at.astimezone(UTC).isoformat(timespec="seconds") if voucher.sent_at else ""
    sums = holding.sums or () if holding else ()
    return csv_line(
        [
            one.finding.value,
            voucher.kind,
            guarded(voucher.record),
            guarded(voucher.reference),
            sent_at,
            voucher.state.value,
            voucher.currency,
            Money(voucher.currency, voucher.amount_minor).decimal(),
            str(holding.count if holding else 0),
            str(holding.waiting if holding else 0),
            " + ".join(f"{money.decimal()} {money.currency}" for money in sums),
            guarded(holding.external_id if holding else ""),
        ]
    )


def _finding(voucher: Voucher, holding: Holding | None) -> Finding | None:
    if voucher.state in OPEN_STATES:
        return Finding.OPEN
    if voucher.state is not DeliveryState.DELIVERED:
        return Finding.NOT_DELIVERED if holding else None
    return Finding.MISSING if holding is None else _of_delivered(voucher, holding)


def _of_delivered(voucher: Voucher, holding: Holding) -> Finding:
    if holding.count > 1:
        return Finding.DOUBLED
    if holding.sums is None:
        return Finding.UNTOLD
    if holding.sums != (Money(voucher.currency, voucher.amount_minor),):
        return Finding.AMOUNT
    return Finding.WAITING if holding.waiting else Finding.AGREES


def _count(sums: Sums, currency: str, count: int, minor: int) -> None:
    before = sums.setdefault(currency, [0, 0])
    before[0] += count
    before[1] += minor
