"""Deliveries on their way out, their vouchers and what a run sends them with, as it holds all of it in memory."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from integration_admin.adapters.base import Credentials, Voucher
from integration_admin.core.errors import Conflict
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.models import Run
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.data.repositories.moves import Intent
from integration_admin.services.circuit import Circuit
from integration_admin.services.delivery_rules import RetryTimes
from integration_admin.services.export_claims import Item
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import Tally
from integration_admin.services.mapping_resolver import CompiledMapping
from integration_admin.services.retry_budget import RetryBudget
from tests.fakes import FakeClock
from tests.services.fake_adapter import FakeAdapter


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


@dataclass
class Lock:
    """A lock in hand that counts how often it was checked, and is lost when told."""

    checks: int = 0
    lost: bool = False

    async def check(self) -> None:
        self.checks += 1
        await asyncio.sleep(0)
        if self.lost:
            raise Conflict(msg("Lost."))


def make_job(folder: Path, adapter: FakeAdapter, lock: Lock, **changes: Any) -> ExportJob:
    """Build a run that sends to a fake accounting system; it never opens its database."""
    given: dict[str, Any] = {
        "database": Database(f"sqlite:///{folder}/never.sqlite3"),
        "clock": FakeClock(),
        "retry_times": RetryTimes(lambda: 0.5),
        "lock": lock,
        "run": Run(),
        "adapter": adapter,
        "capabilities": adapter.capabilities,
        "credentials": Credentials({"address": "https://fake.example"}),
        "mapping": CompiledMapping((), (), ()),
        "tally": Tally(),
        "circuit": Circuit(timedelta(minutes=1)),
        "budget": RetryBudget(10),
    }
    return ExportJob(**given | changes)
