"""One real record before and after the mapping: what came in, the entries it becomes, and the exact payload."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, NotFound
from integration_admin.core.figures import Figure
from integration_admin.core.mapping import CLAIM_SOURCES, LINE_SOURCES, REIMBURSEMENT_SOURCES
from integration_admin.core.messages import Message, amount, msg
from integration_admin.core.money import Money
from integration_admin.core.records import (
    EXPENSE_CLAIM,
    REIMBURSEMENT,
    ClaimLine,
    ExpenseClaim,
    Reimbursement,
)
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.core.stored_claims import stored_claim, stored_reimbursement
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, RecordRow
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.delivery_rules import References
from integration_admin.services.dry_run import outgoing_of
from integration_admin.services.dry_run_judge import DryRunEntry, ExportSetup, Would, codes_of, judge
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.mapping_plans import CATEGORY, is_excluded
from integration_admin.services.mapping_readers import (
    OF_CLAIMS,
    OF_LINES,
    OF_REIMBURSEMENTS,
    Getter,
    reference_without_account_number,
)
from integration_admin.services.mapping_words import category_label, origin_label
from integration_admin.services.postings import Named, Posting, heading, postings

KINDS = (EXPENSE_CLAIM, REIMBURSEMENT)
_DISTANCE = "line.kilometres"
_LOOKED_AT = 200
_OFFERED = 20


@dataclass(frozen=True, slots=True)
class PreviewChoice:
    """A record that can be looked at; `waiting` says that it has not been exported yet."""

    kind: str
    record_id: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class SourceValue:
    """One field as it came in; an excluded one has no value here, for it is shown to nobody."""

    label: Message
    value: str | Message | Figure | Money
    excluded: bool


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a claim as it came in."""

    amount: Money
    values: tuple[SourceValue, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """One record before and after; without postings where no voucher can be made, and the entry says why.

    `numbered` tells whether the voucher number is the record's own already, or only the next free one.
    """

    entry: DryRunEntry
    received: tuple[SourceValue, ...]
    lines: tuple[SourceLine, ...]
    day: date | None
    number: int
    numbered: bool
    heading: tuple[Named, ...]
    postings: tuple[Posting, ...]


class Previews:
    """Shows what the saved mapping makes of records, to administrators alone: nothing of a record is hidden here."""

    def __init__(self, database: Database, adapters: AdapterRegistry, clock: Clock) -> None:
        self._database = database
        self._adapters = adapters
        self._clock = clock

    async def choices(self, actor: Actor, integration_id: uuid.UUID) -> list[PreviewChoice]:
        """Return some of the newest records, those first that wait for this integration; raises NotFound."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            rows = await unit.records.newest(KINDS, _LOOKED_AT)
            states = await unit.decisions.states_of(integration_id, [row[0] for row in rows])
        found = [
            PreviewChoice(kind, record_id, _waits(status, states.get(row_id)))
            for row_id, kind, record_id, status in rows
        ]
        return sorted(found, key=lambda choice: not choice.waiting)[:_OFFERED]

    async def of(
        self, actor: Actor, integration_id: uuid.UUID, record_id: str, kinds: Sequence[str] = KINDS
    ) -> Preview:
        """Return the record of that id, of the first of `kinds` that has one; raises NotFound."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            setup = await ExportSetup.read(unit, self._adapters, self._clock, integration_id)
            record = await _record(unit, record_id, kinds)
            deliveries = await unit.deliveries.of_record(record.id)
            delivery = next((row for row in deliveries if row.integration_id == integration_id), None)
            return await _preview(unit, setup, record, delivery)


async def _preview(unit: Unit, setup: ExportSetup, record: RecordRow, delivery: Delivery | None) -> Preview:
    references = References(record.organisation_id, setup.integration.id)
    reference = delivery.reference if delivery else references.of(record.kind, record.external_id)
    number = delivery.voucher_number if delivery else setup.integration.next_voucher_number
    # What is not approved yet is shown as it would be if it were.
    outgoing = outgoing_of(record, reference, number)._replace(status=EXPORTED_STATUSES[0])
    (judged,) = await judge(unit, setup, [outgoing])
    received, lines = _received(record, outgoing.payload, setup.excluded)
    voucher, targets = judged.voucher, setup.adapter.target_fields
    codes = await codes_of(unit, setup, [voucher] if voucher else [])
    return Preview(
        entry=_entry(judged.entry, record, delivery),
        received=received,
        lines=lines,
        day=voucher.date if voucher else None,
        number=number,
        numbered=delivery is not None,
        heading=heading(voucher, targets, codes) if voucher else (),
        postings=postings(voucher, targets, codes) if voucher and voucher.lines else (),
    )


def _entry(entry: DryRunEntry, record: RecordRow, delivery: Delivery | None) -> DryRunEntry:
    """Say it where the record would not be sent whatever the mapping makes of it."""
    if delivery is not None and delivery.state is DeliveryState.DELIVERED:
        why = msg(
            "It is exported already and is not sent again. With today’s mapping it would look like this."
        )
    elif record.status not in EXPORTED_STATUSES:
        why = msg("The claim is not approved yet.")
    else:
        return entry
    return replace(entry, would=Would.STAY, reasons=(why, *entry.reasons))


def _waits(status: str, state: DeliveryState | None) -> bool:
    return status in EXPORTED_STATUSES and state is not DeliveryState.DELIVERED


async def _record(unit: Unit, record_id: str, kinds: Sequence[str]) -> RecordRow:
    known = await unit.records.known([(kind, record_id) for kind in kinds])
    for kind in kinds:
        if found := known.get((kind, record_id)):
            return found
    raise NotFound(
        msg("There is no claim and no reimbursement with the number {record}.", record=record_id[:64])
    )


def _received(
    record: RecordRow, payload: str, excluded: frozenset[str]
) -> tuple[tuple[SourceValue, ...], tuple[SourceLine, ...]]:
    """Return a record as it came in; of one that cannot be read any more, nothing."""
    try:
        if record.kind == REIMBURSEMENT:
            return _of_payment(stored_reimbursement(payload), excluded), ()
        claim = stored_claim(payload)
    except InvalidInput:
        return (), ()
    values = [_value(name, OF_CLAIMS, claim, excluded) for name in CLAIM_SOURCES]
    return tuple(values), tuple(_line(line, claim.currency, excluded) for line in claim.lines)


def _of_payment(payment: Reimbursement, excluded: frozenset[str]) -> tuple[SourceValue, ...]:
    readable = dict(OF_REIMBURSEMENTS)
    if is_excluded("claimant.bank_account", excluded):
        readable["reference"] = reference_without_account_number
    number = SourceValue(msg("Reimbursement number"), payment.id, excluded=False)
    amount = SourceValue(msg("Amount"), Money.parse(payment.amount, payment.currency), excluded=False)
    others = [_value(name, readable, payment, excluded) for name in REIMBURSEMENT_SOURCES if name != "id"]
    return (number, amount, *others)


def _line(line: ClaimLine, currency: str, excluded: frozenset[str]) -> SourceLine:
    values = tuple(_value(name, OF_LINES, line, excluded) for name in LINE_SOURCES)
    return SourceLine(Money.parse(line.amount, currency), values)


def _value(
    name: str,
    readable: Mapping[str, Getter],
    record: ExpenseClaim | Reimbursement | ClaimLine,
    excluded: frozenset[str],
) -> SourceValue:
    """Return a field of a record or of a line; what is excluded is not even read."""
    if is_excluded(name, excluded):
        return SourceValue(origin_label(name), "", excluded=True)
    return SourceValue(origin_label(name), _readable(name, readable[name](record)), excluded=False)


def _readable(name: str, value: str | int | date | None) -> str | Message | Figure:
    """Return a field's content in a form each reader sees written their own way."""
    if not value:
        return ""
    if isinstance(value, date):
        return Figure("day", value.isoformat())
    if name == CATEGORY:
        return category_label(str(value))
    return amount(str(value)) if name == _DISTANCE else str(value)
