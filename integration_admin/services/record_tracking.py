"""Where a record is: what was received, and its way to each accounting system. Receiving lives in records.py."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, FateState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Integration, RecordRow
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run import outgoing_of
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.failure_causes import told_with_dismissal
from integration_admin.services.held_claims import why_held, with_holders
from integration_admin.services.mapping_plans import excluded_categories
from integration_admin.services.voucher_links import VoucherLinks

PAGE = 100
_NOT_SENT = frozenset({DeliveryState.READY, DeliveryState.RETRY_WAIT})


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record in its newest revision; activities have no amount."""

    kind: str
    id: str
    revision: int
    status: str
    amount: Money | None
    received_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A record's way to one accounting system; `external_id` is what that system calls it.

    `fate` is what became of it there after it was delivered, where that is followed. `reason` says why it waits
    or failed, where that is known.
    """

    integration_id: uuid.UUID
    integration_name: str
    state: DeliveryState
    reference: str
    revision: int
    attempts: int
    external_id: str
    run_id: uuid.UUID | None
    sent_at: datetime | None
    due_at: datetime | None
    fate: FateState | None
    reason: Message | None
    held_by: str = ""
    """The excluded expense category that keeps it here."""
    voucher_url: str = ""
    """Where a person looks at its voucher in the accounting system, if there is such a place."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records, and the cursor that continues after them; empty when there are no more."""

    records: tuple[RecordView, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class TrackedRecord:
    """Everything about one record; `payload` is its record JSON."""

    record: RecordView
    payload: Mapping[str, Any]
    deliveries: tuple[DeliveryView, ...]


class RecordTracking:
    """Answers what has been received and where it is."""

    def __init__(self, database: Database, adapters: AdapterRegistry | None = None) -> None:
        self._database = database
        self._adapters = adapters

    async def page(self, actor: Actor, status: str = "", cursor: str = "", limit: int = PAGE) -> RecordPage:
        """Return up to `limit` records in the order they first came, after `cursor`; raises InvalidInput."""
        actor.require(Permission.VIEW)
        after = _read_cursor(cursor)
        async with self._database.read(actor.organisation_id) as unit:
            rows = await unit.records.page(status or None, after, limit + 1)
        more = len(rows) > limit
        return RecordPage(tuple(_view(row) for row in rows[:limit]), str(rows[limit - 1].id) if more else "")

    async def get(self, actor: Actor, kind: str, record_id: str) -> TrackedRecord:
        """Return one record with its deliveries; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            row = await unit.records.get(kind, record_id)
            deliveries = await unit.deliveries.of_record(row.id)
            integrations = {row.id: row for row in await unit.integrations.everything()}
            views = [
                await self._delivery(unit, row, delivery, integrations[delivery.integration_id])
                for delivery in deliveries
            ]
        return TrackedRecord(_view(row), row.payload, tuple(views))

    async def _delivery(
        self, unit: Unit, record: RecordRow, row: Delivery, integration: Integration
    ) -> DeliveryView:
        held_by, reason = await _reason(unit, record, row)
        links = VoucherLinks(self._adapters, integration)
        return DeliveryView(
            integration_id=row.integration_id,
            integration_name=integration.name,
            state=row.state,
            reference=row.reference,
            revision=row.revision,
            attempts=row.attempts,
            external_id=row.external_id,
            run_id=row.run_id,
            sent_at=row.sent_at,
            due_at=row.due_at,
            fate=row.fate,
            reason=reason,
            held_by=held_by,
            voucher_url=links.of(row.state, row.external_id, row.reference, row.fate),
        )


def _read_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        sentence = msg("This cursor is damaged. Start without one.")
        raise InvalidInput(sentence, fields={"cursor": sentence})
    return int(cursor)


def _view(row: RecordRow) -> RecordView:
    return RecordView(
        kind=row.kind,
        id=row.external_id,
        revision=row.revision,
        status=row.status,
        amount=Money(row.currency, row.amount_minor) if row.currency else None,
        received_at=row.received_at,
        updated_at=row.updated_at,
    )


async def _reason(unit: Unit, record: RecordRow, delivery: Delivery) -> tuple[str, Message | None]:
    """Return why a record is not where it should be: an excluded category, or what was said when it failed.

    The category comes with its key, which is empty for all else.
    """
    integration_id = delivery.integration_id
    if delivery.state in _NOT_SENT and record.status in EXPORTED_STATUSES:
        left_out = excluded_categories(await unit.integrations.exclusions(integration_id))
        waiting = outgoing_of(record, delivery.reference, delivery.voucher_number)
        (judged,) = await with_holders(unit, integration_id, left_out, [waiting])
        if judged.held_by:
            return judged.held_by, why_held(record.kind, judged.held_by)
    if delivery.state is DeliveryState.DISMISSED:
        dismissed = (await unit.failures.dismissals(integration_id, [record.id])).get(record.id)
        return "", told_with_dismissal(dismissed) if dismissed else None
    failures = await unit.decisions.reasons(integration_id, [record.id])
    return "", Message.from_json(failures[record.id].message) if record.id in failures else None
