"""Time in the laboratory: the engine's clock runs fast, so that a quiet minute passes in a few seconds.

Adapters keep the machine's own clock: a send that may take a second takes a real one.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from integration_admin.adapters.base import AccountingAdapter, Capabilities, Credentials, Outcome, Voucher
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg

SPEED = 20.0
"""Seconds of the engine in one real second."""
SEND_SECONDS = 1.0
"""The outer deadline of one send, real."""
PROCESSING_SECONDS = 1.0
"""The longest the sandbox goes on booking a request nobody waits for, real."""
QUIET_SECONDS = 2.5
"""How long an unknown outcome rests, real: more than a send and the booking after it."""
ORIGIN = datetime(2026, 11, 2, tzinfo=UTC)


class FastClock:
    """A clock every process of the laboratory shares; it starts at ORIGIN when the machine did."""

    def now(self) -> datetime:
        """Return the engine's instant."""
        return ORIGIN + (SystemClock().now() - ORIGIN) * SPEED

    def monotonic(self) -> float:
        """Return the engine's seconds."""
        return time.monotonic() * SPEED

    async def sleep(self, seconds: float) -> None:
        """Wait for so many of the engine's seconds."""
        await asyncio.sleep(seconds / SPEED)


class HurriedAdapter:
    """A real adapter in a hurry: a send has a second, and the other periods are over in a few by FastClock."""

    def __init__(self, adapter: AccountingAdapter, batch_size: int, in_flight: int) -> None:
        self._adapter = adapter
        self.capabilities = Capabilities(
            batch_size=batch_size,
            in_flight=in_flight,
            send_seconds=SEND_SECONDS,
            processing_seconds=PROCESSING_SECONDS * SPEED,
            quiet_seconds=QUIET_SECONDS * SPEED,
            # A storm is a year's worth of repetitions in one day.
            retries_a_day=1_000_000,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return the same for all settings."""
        del settings
        return self.capabilities

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send within the second, or not know what became of it."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._adapter.send(credentials, batch)
        except TimeoutError:
            raise AdapterError(
                msg("The accounting system did not answer in time."), Fault.UNKNOWN_OUTCOME, code="deadline"
            ) from None
