"""The bounds of a connection test, which every adapter keeps. What is tested is each one's own."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from integration_admin.adapters.base import Connection
from integration_admin.adapters.outbound import answers_within
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message

TEST_SECONDS: Final = 9.5
"""Leaves half a second of the promised ten for everything around the test."""
TEST_BYTES: Final = 524_288
"""Enough for the names of two thousand companies; as JSON made to be costly it takes up thirty times as much."""


async def in_time(probe: Awaitable[Connection], seconds: float, too_slow: Message) -> Connection:
    """Return what `probe` finds within `seconds`, taking in no answer above TEST_BYTES.

    Raises AdapterError with `too_slow`, and what `probe` raises.
    """
    try:
        async with asyncio.timeout(seconds):
            with answers_within(TEST_BYTES):
                return await probe
    except TimeoutError:
        raise AdapterError(too_slow, Fault.UPSTREAM, code="deadline") from None
