"""An accounting system in memory that tells what it holds under our references, and lets a test change its books."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.holding import Holding
from integration_admin.core.money import Money
from tests.services.fake_adapter import FakeAdapter


class TellsHoldings(FakeAdapter):
    """Its ledger is what it holds; `changed` replaces what it tells of a reference, `extra` is what nobody sent.

    `meanwhile` happens at every question, `seconds` is how long one takes, and `trouble` is raised once each.
    """

    def __init__(self, *, page: int = 3, lookup: bool = True, included: int | None = None) -> None:
        super().__init__()
        self.capabilities = replace(
            self.capabilities, lookup_size=page, lookup=lookup, requests_a_month=included
        )
        self.changed: dict[str, Holding | None] = {}
        self.asked: list[list[str]] = []
        self.trouble: list[Exception] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def holds(self, record: str, **changes: object) -> None:
        """Change what it tells of the voucher of a record."""
        (reference,) = {one.reference for one in self.ledger if one.record_id == record}
        (told,) = self._told([reference])
        self.changed[reference] = replace(told, **changes)  # type: ignore[arg-type]  # the fields' own types

    def loses(self, record: str) -> None:
        """Hold nothing of a record any more."""
        self.ledger = [one for one in self.ledger if one.record_id != record]

    async def holdings(self, credentials: Credentials, references: Sequence[str]) -> list[Holding]:
        credentials.meter.count()
        self.asked.append(list(references))
        self.meanwhile()
        if self.trouble:
            raise self.trouble.pop(0)
        return self._told(references)

    def _told(self, references: Sequence[str]) -> list[Holding]:
        found = []
        for reference in references:
            booked = [one for one in self.ledger if one.reference == reference]
            if reference in self.changed:
                told = self.changed[reference]
                found += [told] if told else []
            elif booked:
                minor = sum(line.amount.minor for one in booked for line in one.lines)
                money = Money(booked[0].lines[0].amount.currency, minor)
                found.append(Holding(reference, len(booked), (money,), external_id=f"V-{reference[-4:]}"))
        return found
