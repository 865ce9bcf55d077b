"""Batches made in the background while others are on their way: pages are read and vouchers made, a few ahead."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.export_claims import Item, make_vouchers
from integration_admin.services.export_outcomes import Verdict
from integration_admin.services.mapping_resolver import CompiledMapping

_TURN = 10
"""Records that are made in one go where batches are smaller: a turn of the loop for each would cost as much again."""


class Made(NamedTuple):
    """One batch: what can be sent, and what was refused on the way."""

    items: Sequence[Item]
    refused: Sequence[Verdict]


class Size(NamedTuple):
    """How much one batch holds at the most; `lines` counts a balancing one for each voucher."""

    vouchers: int
    lines: int | None = None


class Supply:
    """Makes batches out of `pages`, `ahead` of them at the most; sets `wake` when one is there."""

    def __init__(
        self,
        pages: AsyncIterator[Sequence[Outgoing]],
        mapping: CompiledMapping,
        *,
        size: Size,
        ahead: int,
        wake: asyncio.Event,
    ) -> None:
        self._pages = pages
        self._mapping = mapping
        self._size = size
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
        left: list[Item] = []
        turn = self._size.vouchers * max(1, _TURN // self._size.vouchers)
        async for page in self._pages:
            for start in range(0, len(page), turn):
                items, refused = make_vouchers(self._mapping, page[start : start + turn])
                *full, left = _cut([*left, *items], self._size)
                if self._size.lines is None:
                    # Without a count of lines to fill, a batch is what was read together.
                    full, left = [*full, left], []
                for place, batch in enumerate(full or [[]] * bool(refused)):
                    await self._add(Made(batch, refused if place == 0 else ()))
                # Answers that came meanwhile have their turn.
                await asyncio.sleep(0)
        if left:
            await self._add(Made(left, ()))

    async def _add(self, made: Made) -> None:
        while len(self._made) >= self._ahead:
            self._room.clear()
            await self._room.wait()
        self._made.append(made)
        self._wake.set()


def _cut(items: Sequence[Item], size: Size) -> list[list[Item]]:
    """Divide items into batches that are as full as may be; the last one may be empty or have room left."""
    batches: list[list[Item]] = [[]]
    lines = 0
    for item in items:
        more = len(item.voucher.lines) + 1
        too_many = size.lines is not None and lines + more > size.lines
        if batches[-1] and (too_many or len(batches[-1]) == size.vouchers):
            batches.append([])
            lines = 0
        batches[-1].append(item)
        lines += more
    return batches
