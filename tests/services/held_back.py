"""An accounting system that answers no batch before it is told to go on."""

import asyncio
from collections.abc import Sequence

from integration_admin.adapters.base import Outcome, Voucher
from tests.services.fake_adapter import FakeAdapter, book_all


class HeldBack:
    """A fake adapter's behaviour: `begun` is set when a batch has come, and books wait for `go_on`."""

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, adapter: FakeAdapter, batch: Sequence[Voucher]) -> list[Outcome]:
        self.begun.set()
        await self.go_on.wait()
        return book_all(adapter, batch)
