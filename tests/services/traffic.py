"""Sends that take their time, so that several are under way at once, and what a test asks of them."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all

Behaviour = Callable[[FakeAdapter, Sequence[Voucher]], list[Outcome]]


async def states(engine: Engine, integration: uuid.UUID) -> dict[DeliveryState, int]:
    async with engine.database.read(engine.actor.organisation_id) as unit:
        return await unit.deliveries.counts(integration)


async def set_up(engine: Engine, records: int, *, batch_size: int, in_flight: int) -> uuid.UUID:
    integration = await engine.set_up(kind="manual")
    engine.adapter.capabilities = replace(
        engine.adapter.capabilities, batch_size=batch_size, in_flight=in_flight
    )
    await engine.receive(records)
    return integration


class Traffic:
    """Lets every send take a few turns of the event loop, and counts how many are under way."""

    def __init__(self, adapter: FakeAdapter, behaviour: Behaviour = book_all, turns: int = 20) -> None:
        self.behaviour = behaviour
        self.turns = turns
        self.under_way = 0
        self.seen: list[int] = []
        adapter.behaviour = self._send

    async def _send(self, adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        self.under_way += 1
        self.seen.append(self.under_way)
        try:
            await asyncio.sleep(self.turns / 1000)
            return self.behaviour(adapter, batch)
        finally:
            self.under_way -= 1


def limited(seconds: float, times: int) -> Behaviour:
    """Return a behaviour that refuses so many sends with a rate limit and then books."""
    left = [times]

    def behaviour(adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        if left[0]:
            left[0] -= 1
            raise AdapterError(msg("Too many requests."), Fault.RATE_LIMITED, retry_after=seconds)
        return book_all(adapter, batch)

    return behaviour
