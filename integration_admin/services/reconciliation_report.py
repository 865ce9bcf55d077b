"""What a comparison found, in sentences and as data. How it is made is in reconciliation_work.py."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from integration_admin.core.figures import Figure
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DIFFERENCES, DeliveryState, Finding, ReconciliationState
from integration_admin.data.models_reconciliations import Reconciliation, ReconciliationLine
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.reconciliation_compare import CurrencyTotal, Totals, totals_of

FINDINGS: Final = {
    Finding.AGREES: msg("The same on both sides"),
    Finding.MISSING: msg("Delivered, and not in the accounting system"),
    Finding.DOUBLED: msg("In the accounting system more than once"),
    Finding.AMOUNT: msg("In the accounting system with another amount"),
    Finding.NOT_DELIVERED: msg("In the accounting system, and not delivered here"),
    Finding.OPEN: msg("Not known yet whether it was delivered"),
    Finding.WAITING: msg("In the accounting system, and not booked there yet"),
    Finding.UNTOLD: msg("In the accounting system, which does not give the amount"),
}
"""What each finding is called."""
UNTOLD: Final = msg(
    "The accounting system tells which vouchers it holds, but not their amounts. Only their number was compared."
)


@dataclass(frozen=True, slots=True)
class About:
    """Who was compared with whom, as they were called then; `entity` is the company the accounting system named."""

    organisation: str
    organisation_number: str
    time_zone: str
    integration: str
    system: Message
    entity: str
    entity_id: str
    address: str

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "About | None":
        """Return what is stored; none before a comparison has begun."""
        if not stored:
            return None
        return cls(**(stored | {"system": Message.from_json(stored["system"])}))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {
            "system": self.system.to_json()
        }


@dataclass(frozen=True, slots=True)
class FindingTotal:
    """How many vouchers compare in one way, and what they come to here."""

    finding: Finding
    totals: tuple[CurrencyTotal, ...]

    @property
    def count(self) -> int:
        """How many, of all currencies."""
        return sum(total.count for total in self.totals)


@dataclass(frozen=True, slots=True)
class LineView:
    """One voucher that does not simply agree; `there` is None where the accounting system has none or tells no amount."""

    finding: Finding
    kind: str
    record: str
    reference: str
    state: DeliveryState
    here: Money
    count_there: int
    there: tuple[Money, ...] | None
    external_id: str


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """One comparison of one month; `here` and `there` are what both sides hold as delivered, by currency."""

    id: uuid.UUID
    integration_id: uuid.UUID
    period: str
    version: int
    state: ReconciliationState
    started_by: str
    requested_at: datetime
    begun_at: datetime | None
    finished_at: datetime | None
    asked: int
    here: tuple[CurrencyTotal, ...]
    there: tuple[CurrencyTotal, ...]
    findings: tuple[FindingTotal, ...]
    kept_lines: int
    about: About | None
    trouble: Message | None
    csv_hash: str
    note: str
    signed_by: str
    signed_at: datetime | None

    def count(self, *findings: Finding) -> int:
        """Return how many vouchers compare in one of these ways."""
        return sum(total.count for total in self.findings if total.finding in findings)

    @property
    def differences(self) -> int:
        """How many vouchers somebody has to look at."""
        return self.count(*DIFFERENCES)

    @property
    def sentence(self) -> Message:
        """What came of it, and what to do."""
        return _sentence(self)

    @property
    def remarks(self) -> tuple[Message, ...]:
        """What is not settled yet, and is no difference."""
        found = []
        if waiting := self.count(Finding.WAITING):
            found.append(
                msg("Vouchers the accounting system has taken and not booked yet: {count}.", count=waiting)
            )
        if still_open := self.count(Finding.OPEN):
            found.append(
                msg(
                    "Records of which it is not known yet whether they were delivered: {count}. They count on"
                    " neither side.",
                    count=still_open,
                )
            )
        return tuple(found)


def view_of(row: Reconciliation) -> ReconciliationView:
    """Return a stored comparison as people are told of it."""
    totals = Totals.from_json(row.totals)
    return ReconciliationView(
        id=row.id,
        integration_id=row.integration_id,
        period=row.period,
        version=row.version,
        state=row.state,
        started_by=row.started_by,
        requested_at=row.requested_at,
        begun_at=row.begun_at,
        finished_at=row.finished_at,
        asked=totals.asked,
        here=totals_of(totals.here),
        there=totals_of(totals.there),
        findings=tuple(
            FindingTotal(finding, totals_of(totals.findings[finding.value]))
            for finding in Finding
            if finding.value in totals.findings
        ),
        kept_lines=totals.kept,
        about=About.from_json(row.about),
        trouble=Message.from_json(row.trouble) if row.trouble else None,
        csv_hash=row.csv_hash,
        note=row.note,
        signed_by=row.signed_by,
        signed_at=row.signed_at,
    )


def line_view(row: ReconciliationLine) -> LineView:
    """Return one stored line."""
    there = row.sums_there
    return LineView(
        finding=row.finding,
        kind=row.kind,
        record=row.record,
        reference=row.reference,
        state=row.state_here,
        here=Money(row.currency, row.amount_minor),
        count_there=row.count_there,
        there=None if there is None else tuple(Money(currency, minor) for currency, minor in there.items()),
        external_id=row.external_id,
    )


async def differing_month(unit: Unit, integration_id: uuid.UUID) -> Message | None:
    """Say that a month differs, where one does and nobody has signed it."""
    row = await unit.reconciliations.differing(integration_id)
    return view_of(row).sentence if row else None


def month(period: str) -> Figure:
    """Return a month to put into a sentence."""
    return Figure("month", period)


def _sentence(view: ReconciliationView) -> Message:
    named = month(view.period)
    match view.state:
        case ReconciliationState.UNDER_WAY if view.begun_at is None:
            return msg("The comparison of {month} begins as soon as no export is under way.", month=named)
        case ReconciliationState.UNDER_WAY:
            return msg(
                "The vouchers of {month} are being compared. Asked about so far: {count}.",
                month=named,
                count=view.asked,
            )
        case ReconciliationState.NOT_COMPARED:
            return msg(
                "The vouchers of {month} could not be compared: {reason}",
                month=named,
                reason=view.trouble or msg("There is a fault in this program."),
            )
        case ReconciliationState.DIFFERS:
            return msg(
                "Vouchers of {month} that differ from the accounting system: {count}. Look at each of them.",
                month=named,
                count=view.differences,
            )
    return _agreement(view)


def _agreement(view: ReconciliationView) -> Message:
    named = month(view.period)
    if not view.asked:
        return msg("Nothing was sent in {month}, so there is nothing to compare.", month=named)
    if not view.here:
        return msg(
            "Nothing was delivered in {month}, and the accounting system holds none of it.", month=named
        )
    return msg(
        "The accounting system agrees for {month}. Vouchers with the same amounts on both sides: {count}.",
        month=named,
        count=sum(total.count for total in view.here),
    )
