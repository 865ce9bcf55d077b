"""Deliveries on their way out and their vouchers, as a run holds them in memory."""

import uuid
from datetime import date
from typing import Any

from integration_admin.adapters.base import Voucher
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.data.repositories.moves import Intent
from integration_admin.services.export_claims import Item


def make_outgoing(number: int = 1, **changes: Any) -> Outgoing:
    """Build a delivery that is ready and was never tried, of 100 kroner."""
    return Outgoing(
        id=number,
        record_id=100 + number,
        state=DeliveryState.READY,
        reference=f"IA{number}",
        voucher_number=number,
        attempts=0,
        recoveries=0,
        first_sent_at=None,
        status="approved",
        revision=1,
        content_hash=uuid.uuid4().hex,
        currency="NOK",
        amount_minor=10_000,
        payload="",
    )._replace(**changes)


def make_item(number: int = 1, **changes: Any) -> Item:
    """Build a delivery with its voucher and its intent."""
    delivery = make_outgoing(number, **changes)
    voucher = Voucher(delivery.reference, number, f"EC-{number}", date(2026, 11, 5), {}, ())
    intent = Intent(delivery.id, delivery.state, delivery.attempts, delivery.revision, "digest")
    return Item(delivery, voucher, intent)
