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


@dataclass(frozen=True, slots=True)
class RunRecordPage:
    """Some records of a run, and the cursor that continues after them; empty when there are no more."""

    records: tuple[RunRecordView, ...]
    next_cursor: str


class RunRecords:
    """Reads the records of runs: first those that failed in it, then what it sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, actor: Actor, run_id: uuid.UUID, cursor: str = "", limit: int = PAGE
    ) -> RunRecordPage:
        """Return up to `limit` records of a run after `cursor`; raises NotFound, InvalidInput."""
        actor.require(Permission.VIEW)
        part, after = _read_cursor(cursor)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.runs.get(run_id)
            rows: list[RunRecord] = []
            if part == _FAILED:
                rows, after = await unit.run_records.failed(run_id, after, limit)
                if after:
                    return _page(run_id, rows, f"{_FAILED}|{after}")
            return await _then_sent(unit, run_id, rows, after, limit)

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
) -> RunRecordPage:
    """Fill a page up with what was sent."""
    if len(rows) >= limit:
        return _page(run_id, rows, f"{_SENT}|0")
    sent, after = await unit.run_records.sent(run_id, after, limit - len(rows))
    return _page(run_id, [*rows, *sent], f"{_SENT}|{after}" if after else "")


def _page(run_id: uuid.UUID, rows: list[RunRecord], next_cursor: str) -> RunRecordPage:
    return RunRecordPage(tuple(_view(run_id, row) for row in rows), next_cursor)


def _view(run_id: uuid.UUID, row: RunRecord) -> RunRecordView:
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
        reason=Message.from_json(row.failure.message) if row.failure and not exported else None,
        reference=delivery.reference if delivery else "",
        external_id=delivery.external_id if delivery else "",
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
