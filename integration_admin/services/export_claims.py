"""Makes vouchers of claims and reimbursements on their way out, and refuses those that cannot become one."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from integration_admin.adapters.base import Voucher
from integration_admin.core.errors import Fault, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.statuses import DeliveryState
from integration_admin.core.stored_claims import stored_claim, stored_reimbursement
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.data.repositories.moves import Intent
from integration_admin.services.export_outcomes import Verdict
from integration_admin.services.mapping_resolver import CompiledMapping, Unresolvable

_log = structlog.get_logger(__name__)

EXPORTED_STATUSES = ("approved", "paid")
"""A claim paid out between two runs was approved before, and is still owed its voucher. Reimbursements are always paid."""


NO_LONGER_APPROVED = msg("The claim is no longer approved, so it was not exported.")


class Item(NamedTuple):
    """A delivery with its voucher."""

    delivery: Outgoing
    voucher: Voucher
    intent: Intent


def make_vouchers(
    mapping: CompiledMapping, deliveries: Sequence[Outgoing]
) -> tuple[list[Item], list[Verdict]]:
    """Return what can be sent, and a refusal with its reason for all else.

    What is held here on purpose (held_claims.py) is in neither list: it stays, ready for when it is let in again.
    """
    items: list[Item] = []
    refused: list[Verdict] = []
    for delivery in deliveries:
        made = _make(mapping, delivery)
        if isinstance(made, Item):
            items.append(made)
        elif made is not None:
            refused.append(made)
    return items, refused


def _make(mapping: CompiledMapping, delivery: Outgoing) -> Item | Verdict | None:
    if delivery.status not in EXPORTED_STATUSES:
        return _refused(delivery, Fault.CONFIG, NO_LONGER_APPROVED)
    if delivery.held_by:
        # One that waits for another try would be due for ever; it becomes ready, and stays that.
        waits = delivery.state is DeliveryState.RETRY_WAIT
        return Verdict(delivery, DeliveryState.READY) if waits else None
    try:
        voucher = _voucher(mapping, delivery)
    except Unresolvable as error:
        # The first thing that is wrong; the record's page lists them all.
        first = error.problems[0]
        return _refused(delivery, Fault.CONFIG, first.message, first.field)
    except InvalidInput as error:
        _log.error("record_unreadable", record=delivery.record_id, error=type(error).__name__)
        return _refused(delivery, Fault.BUG, _unreadable(delivery.kind))
    return Item(delivery, voucher, _intent(mapping, delivery))


def _voucher(mapping: CompiledMapping, delivery: Outgoing) -> Voucher:
    reference, number = delivery.reference, delivery.voucher_number
    if delivery.kind == REIMBURSEMENT:
        payment = stored_reimbursement(delivery.payload)
        return mapping.resolve_reimbursement(payment, reference=reference, number=number)
    return mapping.resolve(stored_claim(delivery.payload), reference=reference, number=number)


def _unreadable(kind: str) -> Message:
    if kind == REIMBURSEMENT:
        return msg("The stored reimbursement cannot be read any more. Send it again from the expense system.")
    return msg("The stored claim cannot be read any more. Send it again from the expense system.")


def _intent(mapping: CompiledMapping, delivery: Outgoing) -> Intent:
    """Say what is about to be sent; its digest follows from the record's content and the mapping."""
    digest = hashlib.sha256(f"{delivery.content_hash} {mapping.fingerprint}".encode()).hexdigest()
    return Intent(delivery.id, delivery.state, delivery.attempts, delivery.revision, digest)


def _refused(delivery: Outgoing, fault: Fault, message: Message, field: str = "") -> Verdict:
    return Verdict(delivery, DeliveryState.REJECTED, fault=fault, field=field, message=message, judged=True)
