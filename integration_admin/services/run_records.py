"""What became of every record in one run: a page at a time, and all of them one after another for a file.

How the files are written is in run_files.py.
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.data.database import Database
from integration_admin.data.repositories.run_records import RunRecord
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.failure_causes import told_with_dismissal
from integration_admin.services.voucher_links import VoucherLinks

PAGE: Final = 100
_FILE_PAGE: Final = 500
_FAILED, _SENT = "failed", "sent"


@dataclass(frozen=True, slots=True)
class RunRecordView:
    """One record of a run: whether that run exported it, why not, and the `state` it is in by now.

    `reference` is ours in the accounting system, `external_id` theirs; both are empty where there is none.
    """

    kind: str
    id: str
    amount: Money | None
    exported: bool
    state: DeliveryState | None
    reason: Message | None
    reference: str
    external_id: str
    voucher_url: str = ""
    """Where a person looks at its voucher in the accounting system, if there is such a place."""


@dataclass(frozen=True, slots=True)
class RunRecordPage:
    """Some records of a run, and the cursor that continues after them; empty when there are no more."""

    records: tuple[RunRecordView, ...]
    next_cursor: str


class RunRecords:
    """Reads the records of runs: first those that failed in it, then what it sent."""

    def __init__(self, database: Database, adapters: AdapterRegistry | None = None) -> None:
        self._database = database
        self._adapters = adapters

    async def page(
        self, actor: Actor, run_id: uuid.UUID, cursor: str = "", limit: int = PAGE
    ) -> RunRecordPage:
        """Return up to `limit` records of a run after `cursor`; raises NotFound, InvalidInput."""
        actor.require(Permission.VIEW)
        part, after = _read_cursor(cursor)
        async with self._database.read(actor.organisation_id) as unit:
            run = await unit.runs.get(run_id)
            links = VoucherLinks(self._adapters, await unit.integrations.get(run.integration_id))
            rows: list[RunRecord] = []
            if part == _FAILED:
                rows, after = await unit.run_records.failed(run_id, after, limit)
                if after:
                    return _page(run_id, rows, f"{_FAILED}|{after}", links)
            rows, next_cursor = await _then_sent(unit, run_id, rows, after, limit)
            return _page(run_id, rows, next_cursor, links)

    async def everything(self, actor: Actor, run_id: uuid.UUID) -> AsyncIterator[RunRecordView]:
        """Yield every record of a run, holding no more than one page of them."""
        cursor = ""
        while True:
            page = await self.page(actor, run_id, cursor, _FILE_PAGE)
            for record in page.records:
                yield record
            cursor = page.next_cursor
            if not cursor:
                return


async def _then_sent(
    unit: Unit, run_id: uuid.UUID, rows: list[RunRecord], after: int, limit: int
) -> tuple[list[RunRecord], str]:
    """Fill a page up with what was sent; return it with the cursor that continues."""
    if len(rows) >= limit:
        return rows, f"{_SENT}|0"
    sent, after = await unit.run_records.sent(run_id, after, limit - len(rows))
    return [*rows, *sent], f"{_SENT}|{after}" if after else ""


def _page(run_id: uuid.UUID, rows: list[RunRecord], next_cursor: str, links: VoucherLinks) -> RunRecordPage:
    return RunRecordPage(tuple(_view(run_id, row, links) for row in rows), next_cursor)


def _view(run_id: uuid.UUID, row: RunRecord, links: VoucherLinks) -> RunRecordView:
    record, delivery = row.record, row.delivery
    currency, minor = record.currency, record.amount_minor
    if delivery is not None and delivery.currency:
        currency, minor = delivery.currency, delivery.amount_minor
    delivered = delivery is not None and delivery.state is DeliveryState.DELIVERED
    exported = delivered and delivery is not None and delivery.run_id == run_id
    return RunRecordView(
        kind=record.kind,
        id=record.external_id,
        amount=Money(currency, minor) if currency else None,
        exported=exported,
        state=delivery.state if delivery else None,
        reason=told_with_dismissal(row.failure) if row.failure and not exported else None,
        reference=delivery.reference if delivery else "",
        external_id=delivery.external_id if delivery else "",
        voucher_url=links.of(delivery.state, delivery.external_id, delivery.reference, delivery.fate)
        if delivery
        else "",
    )


def _read_cursor(cursor: str) -> tuple[str, int]:
    """Return in which part to go on, and after which row; raises InvalidInput."""
    if not cursor:
        return _FAILED, 0
    part, _, row = cursor.partition("|")
    if part not in {_FAILED, _SENT} or not row.isascii() or not row.isdigit() or len(row) > 18:
        sentence = msg("This cursor is damaged. Start without one.")
        raise InvalidInput(sentence, fields={"cursor": sentence})
    return part, int(row)
