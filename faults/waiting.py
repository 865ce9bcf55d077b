"""Waiting for what other processes do, which nothing here can be told of."""

import asyncio
from collections.abc import Awaitable, Callable

_BEAT_SECONDS = 0.05


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 180.0) -> None:
    """Wait until `condition` holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110, other processes set no event of ours
            await asyncio.sleep(_BEAT_SECONDS)
