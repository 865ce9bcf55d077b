"""A dry run: what an export would do with everything that waits, told page by page. Nothing is written, nothing sent.

How one record is judged is in dry_run_judge.py.
"""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from integration_admin.adapters.judging import JudgesVouchers
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Failure, Integration, RecordRow
from integration_admin.data.repositories.deliveries import Outgoing, Suspicion
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.delivery_rules import References
from integration_admin.services.dry_run_judge import DryRunEntry, ExportSetup, Would, judge
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.exported_kinds import why_reimbursements_stay
from integration_admin.services.runs import check_may_run
from integration_admin.services.visible_records import body_visible_to

_PAGE = 100
_NOT_YET = ("submitted", "draft")
_LONGEST_WAIT = timedelta(days=30)
"""Longer than any record waits for its next try."""
_ANY = Suspicion()


class DryRuns:
    """Tells what an export would do."""

    def __init__(self, database: Database, adapters: AdapterRegistry, clock: Clock) -> None:
        self._database = database
        self._adapters = adapters
        self._clock = clock

    async def obstacle(self, actor: Actor, integration_id: uuid.UUID) -> Message | None:
        """Return why no export could start now, such as a pause, or None; raises NotFound."""
        actor.require(Permission.RUN)
        async with self._database.read(actor.organisation_id) as unit:
            return why_not_now(await unit.integrations.get(integration_id))

    async def pages(
        self,
        actor: Actor,
        integration_id: uuid.UUID,
        *,
        at: datetime | None = None,
        rules: JudgesVouchers | None = None,
    ) -> AsyncIterator[Sequence[DryRunEntry]]:
        """Yield what would become of everything that waits, in the order it would be sent; then what would stay.

        Codes are judged by the accounting system's lists as they were last read, for an export `at` that time or
        now. `rules` take the place of those the adapter has without asking. In the bodies stands `***` for addresses
        and account numbers of people the actor may not see. Raises NotFound.
        """
        actor.require(Permission.RUN)
        async with self._database.read(actor.organisation_id) as unit:
            setup = await ExportSetup.read(unit, self._adapters, self._clock, integration_id, at=at)
        if rules is not None:
            setup = replace(setup, rules=rules)
        walk = _Walk(setup, actor, self._clock.now())
        for stage in walk.stages():
            after = 0
            while True:
                async with self._database.read(actor.organisation_id) as unit:
                    page = await stage(unit, after)
                if page is None:
                    break
                after = page.last
                yield page.entries


@dataclass(slots=True)
class DryRunTotals:
    """Counts of a dry run, and the sums that would be sent by currency in minor units."""

    counts: dict[Would, int] = field(default_factory=lambda: dict.fromkeys(Would, 0))
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, entries: Sequence[DryRunEntry]) -> None:
        """Count a page."""
        for entry in entries:
            self.counts[entry.would] += 1
            if entry.would is Would.SEND:
                currency = entry.amount.currency
                self.sums[currency] = self.sums.get(currency, 0) + entry.amount.minor

    @property
    def amounts(self) -> list[Money]:
        """The sums that would be sent, one a currency."""
        return [Money(currency, minor) for currency, minor in sorted(self.sums.items())]


class _Page(NamedTuple):
    """What would become of some records; the next page begins after the id `last`."""

    last: int
    entries: list[DryRunEntry]


_Stage = Callable[[Unit, int], Awaitable[_Page | None]]


class _Walk:
    """Reads what waits in the order an export takes it, a page at a time."""

    def __init__(self, setup: ExportSetup, reader: Actor, now: datetime) -> None:
        self._setup = setup
        self._reader = reader
        self._id = setup.integration.id
        self._now = now
        self._references = References(setup.integration.organisation_id, self._id)
        # The numbers that would be given next. None is taken.
        self._number = setup.integration.next_voucher_number

    def stages(self) -> list[_Stage]:
        """Return what reads one kind of waiting records after the other."""
        held = [self._held(state) for state in _WHY_HELD]
        return [self._ready, self._revised, self._new, self._tried, *held, self._not_yet, self._not_exported]

    async def _ready(self, unit: Unit, after: int) -> _Page | None:
        rows = await unit.deliveries.ready(self._id, _ANY, after, _PAGE)
        return await self._judged(unit, rows, rows[-1].id) if rows else None

    async def _revised(self, unit: Unit, after: int) -> _Page | None:
        """Judge what was refused and has come in a newer revision: the next export tries it again."""
        rows = await unit.decisions.held(self._id, DeliveryState.REJECTED, after, _PAGE)
        newer = [(delivery, record) for delivery, record, _ in rows if _is_revised(delivery, record)]
        outgoing = [
            outgoing_of(record, delivery.reference, delivery.voucher_number) for delivery, record in newer
        ]
        return await self._judged(unit, outgoing, rows[-1][0].id) if rows else None

    async def _new(self, unit: Unit, after: int) -> _Page | None:
        """Judge what no export has taken up, under the references and numbers it would be given."""
        rows = await unit.records.without_delivery(
            self._id, self._setup.kinds, EXPORTED_STATUSES, after, _PAGE
        )
        if not rows:
            return None
        records = await unit.records.by_ids([row[0] for row in rows])
        outgoing = [
            outgoing_of(records[record_id], self._references.of(kind, external_id), self._number + place)
            for place, (record_id, kind, external_id, _) in enumerate(rows)
        ]
        self._number += len(rows)
        return await self._judged(unit, outgoing, rows[-1][0])

    async def _tried(self, unit: Unit, after: int) -> _Page | None:
        rows = await unit.deliveries.waited(self._id, _ANY, self._now + _LONGEST_WAIT, after, _PAGE)
        if not rows:
            return None
        page = await self._judged(unit, rows, rows[-1].id)
        again = msg("An earlier try did not get through. It goes out again when its wait is over.")
        return _Page(
            page.last,
            [
                replace(entry, reasons=(again,)) if entry.would is Would.SEND else entry
                for entry in page.entries
            ],
        )

    def _held(self, state: DeliveryState) -> _Stage:
        async def stage(unit: Unit, after: int) -> _Page | None:
            rows = await unit.decisions.held(self._id, state, after, _PAGE)
            entries = [
                _staying(record, _why_held(state, failure), delivery.reference)
                for delivery, record, failure in rows
                if not (state is DeliveryState.REJECTED and _is_revised(delivery, record))
            ]
            return _Page(rows[-1][0].id, entries) if rows else None

        return stage

    async def _not_yet(self, unit: Unit, after: int) -> _Page | None:
        waits = msg("The claim is not approved yet.")
        return await self._left(unit, (EXPENSE_CLAIM,), _NOT_YET, waits, after)

    async def _not_exported(self, unit: Unit, after: int) -> _Page | None:
        adapter, mapping = self._setup.adapter, self._setup.mapping
        able = adapter.capabilities_of(self._setup.integration.settings).kinds
        pays = mapping.payments is not None
        why = why_reimbursements_stay(able, adapter.target_fields, maps_payments=pays)
        if why is None:
            return None
        return await self._left(unit, (REIMBURSEMENT,), EXPORTED_STATUSES, why, after)

    async def _left(
        self, unit: Unit, kinds: Sequence[str], statuses: Sequence[str], why: Message, after: int
    ) -> _Page | None:
        """Tell of records that are not taken up, for the same reason all."""
        rows = await unit.records.without_delivery(self._id, kinds, statuses, after, _PAGE)
        records = await unit.records.by_ids([row[0] for row in rows])
        entries = [
            _staying(records[record_id], (why,), self._references.of(kind, external_id))
            for record_id, kind, external_id, _ in rows
        ]
        return _Page(rows[-1][0], entries) if rows else None

    async def _judged(self, unit: Unit, rows: Sequence[Outgoing], last: int) -> _Page:
        judged = await judge(unit, self._setup, rows)
        return _Page(last, [self._shown(found.entry, row) for found, row in zip(judged, rows, strict=True)])

    def _shown(self, entry: DryRunEntry, row: Outgoing) -> DryRunEntry:
        if entry.payload is None:
            return entry
        return replace(entry, payload=body_visible_to(self._reader, entry.payload, row.payload))


def outgoing_of(record: RecordRow, reference: str, number: int) -> Outgoing:
    """Return a record as an export would have it before it sends it."""
    return Outgoing(
        id=0,
        record_id=record.id,
        state=DeliveryState.READY,
        reference=reference,
        voucher_number=number,
        attempts=0,
        recoveries=0,
        first_sent_at=None,
        status=record.status,
        revision=record.revision,
        content_hash=record.content_hash,
        currency=record.currency,
        amount_minor=record.amount_minor,
        payload=json.dumps(record.payload),
        kind=record.kind,
    )


def why_not_now(integration: Integration) -> Message | None:
    """Return why no export of this integration could start now, such as a pause, or None."""
    try:
        check_may_run(integration)
    except Conflict as refused:
        return refused.message
    return None


_WHY_HELD = {
    DeliveryState.SENDING: msg(
        "It is being sent at this moment, or the program stopped while it was. It is not sent again before it has"
        " been looked up in the accounting system."
    ),
    DeliveryState.UNKNOWN: msg(
        "Nobody knows yet whether the accounting system has it. It is looked up there before anything is sent again."
    ),
    DeliveryState.NEEDS_PERSON: msg(
        "Nobody knows whether the accounting system has it. It is not sent again until you have decided."
    ),
    DeliveryState.REJECTED: msg(
        "It could not be exported earlier, and is not sent again by itself. Mend the cause, then press “Retry what"
        " failed”."
    ),
}


def _why_held(state: DeliveryState, failure: Failure | None) -> tuple[Message, ...]:
    """Return why a record stays, and what was said when it failed."""
    said = () if failure is None else (Message.from_json(failure.message),)
    return (_WHY_HELD[state], *said)


def _is_revised(delivery: Delivery, record: RecordRow) -> bool:
    return record.revision > delivery.revision


def _staying(record: RecordRow, why: tuple[Message, ...], reference: str) -> DryRunEntry:
    return DryRunEntry(
        kind=record.kind,
        record_id=record.external_id,
        amount=Money(record.currency, record.amount_minor),
        would=Would.STAY,
        reference=reference,
        reasons=why,
    )
