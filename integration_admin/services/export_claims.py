"""Makes vouchers of claims on their way out, and refuses the claims that cannot become one."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from integration_admin.adapters.base import Voucher
from integration_admin.core.errors import Fault, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.core.stored_claims import stored_claim
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.data.repositories.moves import Intent
from integration_admin.services.export_outcomes import Verdict
from integration_admin.services.mapping_resolver import CompiledMapping, Unresolvable

_log = structlog.get_logger(__name__)

EXPORTED_STATUSES = ("approved", "paid")
"""A claim paid out between two runs was approved before, and is still owed its voucher."""


class Item(NamedTuple):
    """A delivery with its voucher."""

    delivery: Outgoing
    voucher: Voucher
    intent: Intent


def make_vouchers(
    mapping: CompiledMapping, deliveries: Sequence[Outgoing]
) -> tuple[list[Item], list[Verdict]]:
    """Return what can be sent, and a refusal with its reason for all else."""
    items: list[Item] = []
    refused: list[Verdict] = []
    for delivery in deliveries:
        made = _make(mapping, delivery)
        if isinstance(made, Item):
            items.append(made)
        else:
            refused.append(made)
    return items, refused


def _make(mapping: CompiledMapping, delivery: Outgoing) -> Item | Verdict:
    if delivery.status not in EXPORTED_STATUSES:
        return _refused(
            delivery, Fault.CONFIG, msg("The claim is no longer approved, so it was not exported.")
        )
    try:
        claim = stored_claim(delivery.payload)
        voucher = mapping.resolve(claim, reference=delivery.reference, number=delivery.voucher_number)
    except Unresolvable as error:
        # The first thing that is wrong; the record's page lists them all.
        first = error.problems[0]
        return _refused(delivery, Fault.CONFIG, first.message, first.field)
    except (ValidationError, InvalidInput) as error:
        _log.error("record_unreadable", record=delivery.record_id, error=type(error).__name__)
        return _refused(
            delivery,
            Fault.BUG,
            msg("The stored claim cannot be read any more. Send it again from the expense system."),
        )
    return Item(delivery, voucher, _intent(mapping, delivery))


def _intent(mapping: CompiledMapping, delivery: Outgoing) -> Intent:
    """Say what is about to be sent; its digest follows from the claim's content and the mapping."""
    digest = hashlib.sha256(f"{delivery.content_hash} {mapping.fingerprint}".encode()).hexdigest()
    return Intent(delivery.id, delivery.state, delivery.attempts, delivery.revision, digest)


def _refused(delivery: Outgoing, fault: Fault, message: Message, field: str = "") -> Verdict:
    return Verdict(delivery, DeliveryState.REJECTED, fault=fault, field=field, message=message, judged=True)
