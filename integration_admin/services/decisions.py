"""What only a person can tell: whether a record whose outcome nobody knows is in the accounting system.

The export itself never touches these records; deciding starts no run.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.actor import Actor
from integration_admin.core.audit_actions import AuditAction
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, Fault, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import FailureState, Permission
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Failure, RecordRow
from integration_admin.data.repositories.unit import Unit

RecordKey = tuple[str, str]
"""A record's kind and id."""
PAGE = 50
MOST_AT_ONCE = 1_000
_LONGEST_NUMBER = 100
_NO_REASON = msg("Nobody knows whether the accounting system has this record. Look there yourself.")


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One record that waits for a person, with what is needed to look for it there.

    `reference` is ours and went out with every attempt; `voucher_number` too, where the system takes one.
    """

    record_kind: str
    record_id: str
    amount: Money
    reference: str
    voucher_number: int
    sent_at: datetime | None
    message: Message
    may_send_again: bool


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Some records that wait, the oldest first; the cursor continues after them and is 0 at the end."""

    decisions: tuple[DecisionView, ...]
    next_cursor: int


class Decisions:
    """Shows what waits for a person and carries out what the person decided."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def waiting(
        self, actor: Actor, integration_id: uuid.UUID, cursor: int = 0, limit: int = PAGE
    ) -> DecisionPage:
        """Return up to `limit` records of an integration that wait for a person, after `cursor`."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            await unit.integrations.get(integration_id)
            return await decision_page(unit, integration_id, cursor, limit)

    async def found(
        self, actor: Actor, integration_id: uuid.UUID, record: RecordKey, voucher_number: str
    ) -> None:
        """Note that the accounting system has the record, under `voucher_number` there.

        It counts as exported from now on, in no run's counts: none of them delivered it. Raises NotFound,
        InvalidInput, and Conflict when it does not wait for a person any more.
        """
        actor.require(Permission.RUN)
        number = _check_number(voucher_number)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            row = await _record(unit, integration_id, record)
            reference = await unit.decisions.found(integration_id, row.id, number, now)
            await _settle(unit, actor, integration_id, row, reference, now, "record.found", number=number)

    async def send_again(self, actor: Actor, integration_id: uuid.UUID, records: Sequence[RecordKey]) -> None:
        """Let records go out again with the next run, each under its same reference: all of them, or none.

        Raises NotFound, and Conflict when one does not wait any more or is booked there more than once.
        """
        actor.require(Permission.RUN)
        if not 1 <= len(set(records)) <= MOST_AT_ONCE:
            raise InvalidInput(msg("Choose between 1 and {most} records.", most=MOST_AT_ONCE))
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # In one order for everybody, so that two people who decide at once wait for each other only once.
            for record in sorted(set(records)):
                row = await _record(unit, integration_id, record)
                await _check_sendable(unit, integration_id, row)
                reference = await unit.decisions.send_again(integration_id, row.id, now)
                await _settle(unit, actor, integration_id, row, reference, now, "record.send_again")

    async def put_right(self, actor: Actor, integration_id: uuid.UUID, record: RecordKey) -> None:
        """Note that a person has put a record right in the accounting system that was refused there after import.

        It counts as booked from now on, and nobody asks any more. Raises NotFound, and Conflict when it was
        not refused or is booked meanwhile.
        """
        actor.require(Permission.RUN)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            row = await _record(unit, integration_id, record)
            reference = await unit.fates.put_right(integration_id, row.id, now)
            await _settle(unit, actor, integration_id, row, reference, now, "record.put_right")


async def decision_page(
    unit: Unit, integration_id: uuid.UUID, cursor: int = 0, limit: int = PAGE
) -> DecisionPage:
    """Return up to `limit` records that wait for a person, after `cursor`."""
    rows = await unit.decisions.waiting(integration_id, cursor, limit + 1)
    views = tuple(_view(*row) for row in rows[:limit])
    return DecisionPage(views, rows[limit - 1][0].id if len(rows) > limit else 0)


async def _record(unit: Unit, integration_id: uuid.UUID, record: RecordKey) -> RecordRow:
    await unit.integrations.get(integration_id)
    return await unit.records.get(*record)


async def _settle(
    unit: Unit,
    actor: Actor,
    integration_id: uuid.UUID,
    row: RecordRow,
    reference: str | None,
    now: datetime,
    action: AuditAction,
    **detail: str,
) -> None:
    """Close the failure of a record that was decided and write down who decided what."""
    if reference is None:
        raise Conflict(
            msg("Somebody else has decided this already, or there is nothing to decide about this record.")
        )
    ends = FailureState.REPLACED if action == "record.send_again" else FailureState.DELIVERED
    await unit.runs.resolve_failures(integration_id, [row.id], now, ends)
    target = f"{row.kind} {row.external_id}"
    await unit.audit.add(
        now, actor.name, action, target, integration=str(integration_id), reference=reference, **detail
    )


async def _check_sendable(unit: Unit, integration_id: uuid.UUID, row: RecordRow) -> None:
    """Raise Conflict for what is booked more than once: a further voucher would be one more double."""
    reason = (await unit.decisions.reasons(integration_id, [row.id])).get(row.id)
    if _is_doubled(reason):
        raise Conflict(
            msg(
                "{record} is booked more than once already, so it cannot be sent again. Remove the surplus vouchers"
                " in the accounting system.",
                record=row.external_id,
            )
        )


def _view(delivery: Delivery, record: RecordRow, reason: Failure | None) -> DecisionView:
    return DecisionView(
        record_kind=record.kind,
        record_id=record.external_id,
        amount=Money(delivery.currency, delivery.amount_minor)
        if delivery.currency
        else Money(record.currency, record.amount_minor),
        reference=delivery.reference,
        voucher_number=delivery.voucher_number,
        sent_at=delivery.sent_at,
        message=Message.from_json(reason.message) if reason else _NO_REASON,
        may_send_again=not _is_doubled(reason),
    )


def _is_doubled(reason: Failure | None) -> bool:
    """Tell whether a lookup found the record more than once; half-taken vouchers are UPSTREAM's fault too."""
    return reason is not None and reason.fault == Fault.UPSTREAM and "count" in reason.message["values"]


def _check_number(typed: str) -> str:
    number = typed.strip()
    if not number or len(number) > _LONGEST_NUMBER or not number.isprintable():
        sentence = msg("Enter the voucher number that the accounting system shows, at most 100 characters.")
        raise InvalidInput(sentence, fields={"voucher_number": sentence})
    return number
