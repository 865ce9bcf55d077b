"""An accounting system that takes vouchers into a queue and books or refuses them later, as a test decides."""

from collections.abc import Sequence
from dataclasses import replace

from integration_admin.adapters.base import Credentials, Outcome, Voucher
from integration_admin.adapters.following import Fate
from integration_admin.core.errors import AdapterError
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import FateState
from tests.services.fake_adapter import FakeAdapter

CLOSED = msg("The period is closed.")


class BooksLater(FakeAdapter):
    """Everything it is sent is staged; `decided` says what became of which record. Counts its requests."""

    def __init__(self, *, page: int = 3, included: int | None = 100) -> None:
        super().__init__()
        self.capabilities = replace(
            self.capabilities, follows_up=True, lookup_size=page, requests_a_month=included
        )
        self.decided: dict[str, tuple[FateState, Message | None]] = {}
        self.forgotten: set[str] = set()
        self.asked: list[list[str]] = []
        self.broken: AdapterError | None = None

    def books(self, *records: str) -> None:
        """Book records now."""
        self.decided |= dict.fromkeys(records, (FateState.BOOKED, None))

    def refuses(self, *records: str, why: Message = CLOSED) -> None:
        """Refuse records now."""
        self.decided |= dict.fromkeys(records, (FateState.REJECTED, why))

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        credentials.meter.count()
        return await super().send(credentials, batch)

    async def fates(self, credentials: Credentials, references: Sequence[str]) -> list[Fate]:
        credentials.meter.count()
        records = {voucher.reference: voucher.record_id for voucher in self.ledger}
        self.asked.append([records[reference] for reference in references])
        if self.broken is not None:
            raise self.broken
        return [
            self._fate(reference, records[reference])
            for reference in references
            if records[reference] not in self.forgotten
        ]

    def _fate(self, reference: str, record: str) -> Fate:
        state, why = self.decided.get(record, (FateState.STAGED, None))
        return Fate(reference, state, f"J-{record}" if state is FateState.BOOKED else "", why)
