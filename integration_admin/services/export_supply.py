"""Batches made in the background while others are on their way: pages are read and vouchers made, a few ahead."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.export_claims import Item, make_vouchers
from integration_admin.services.export_outcomes import Verdict
from integration_admin.services.mapping_resolver import CompiledMapping


class Made(NamedTuple):
    """One batch: what can be sent, and what was refused on the way."""

    items: Sequence[Item]
    refused: Sequence[Verdict]


class Supply:
    """Makes batches of `batch_size` out of `pages`, `ahead` of them at the most; sets `wake` when one is there."""

    def __init__(
        self,
        pages: AsyncIterator[Sequence[Outgoing]],
        mapping: CompiledMapping,
        *,
        batch_size: int,
        ahead: int,
        wake: asyncio.Event,
    ) -> None:
        self._pages = pages
        self._mapping = mapping
        self._batch_size = batch_size
        self._ahead = ahead
        self._wake = wake
        self._made: deque[Made] = deque()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._make())
        self._task.add_done_callback(lambda _: wake.set())

    @property
    def ended(self) -> bool:
        """Whether everything has been made and taken; raises what making it raised."""
        if self._task.done():
            self._task.result()
            return not self._made
        return False

    def take(self, count: int) -> list[Made]:
        """Return up to `count` batches that are made."""
        taken = [self._made.popleft() for _ in range(min(count, len(self._made)))]
        if taken:
            self._room.set()
        return taken

    async def close(self) -> None:
        """Stop making."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _make(self) -> None:
        async for page in self._pages:
            for start in range(0, len(page), self._batch_size):
                while len(self._made) >= self._ahead:
                    self._room.clear()
                    await self._room.wait()
                deliveries = page[start : start + self._batch_size]
                self._made.append(Made(*make_vouchers(self._mapping, deliveries)))
                self._wake.set()
                # Answers that came meanwhile have their turn.
                await asyncio.sleep(0)
