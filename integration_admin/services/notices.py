"""The part of notices that runs by itself: looks for what has changed, and delivers. Every process does both.

It is no job of the scheduler's, so that it goes on when that one does not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from integration_admin.services.recurring_failures import log_failure

_log = structlog.get_logger(__name__)

LOOK_SECONDS = 15.0
DELIVER_SECONDS = 5.0
"""Together with the look, and the time a server takes, well within a minute of a run's end."""


class _Watch(Protocol):
    async def look(self) -> None: ...


class _Courier(Protocol):
    async def deliver_due(self) -> int: ...


class Notices:
    """Looks and delivers again and again, until cancelled."""

    def __init__(
        self,
        watch: _Watch,
        courier: _Courier,
        look_seconds: float = LOOK_SECONDS,
        deliver_seconds: float = DELIVER_SECONDS,
    ) -> None:
        self._watch = watch
        self._courier = courier
        self._look_seconds = look_seconds
        self._deliver_seconds = deliver_seconds

    async def run(self) -> None:
        """Look and deliver, neither waiting for the other: a server that hangs hides no news."""
        await asyncio.gather(
            _again_and_again(self._watch.look, self._look_seconds),
            _again_and_again(self._courier.deliver_due, self._deliver_seconds),
        )


async def _again_and_again(work: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception as error:  # noqa: BLE001, the next time must come
            log_failure(_log, "notices_failed", error)
