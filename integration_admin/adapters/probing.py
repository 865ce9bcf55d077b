"""The deadline of a connection test, which every adapter keeps. What is tested is each one's own."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from integration_admin.adapters.base import Connection
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message

TEST_SECONDS: Final = 9.5
"""Leaves half a second of the promised ten for everything around the test."""


async def in_time(probe: Awaitable[Connection], seconds: float, too_slow: Message) -> Connection:
    """Return what `probe` finds within `seconds`. Raises AdapterError with `too_slow`, and what it raises."""
    try:
        async with asyncio.timeout(seconds):
            return await probe
    except TimeoutError:
        raise AdapterError(too_slow, Fault.UPSTREAM, code="deadline") from None
