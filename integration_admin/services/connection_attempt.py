"""One live connection test, within ten seconds; what it changes is decided by whoever asked for it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final
from weakref import WeakValueDictionary

from integration_admin.adapters.base import AccountingAdapter, Credentials
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError
from integration_admin.core.messages import msg
from integration_admin.services.connection_report import TestReport, failed, reached

TEST_SECONDS: Final = 10.0
AT_ONCE: Final = 8
"""Tests under way in one process: what that many hostile servers send at once is still little."""
AT_ONCE_EACH: Final = 2
"""Tests under way for one organisation, so that nobody's hanging servers hold up the others."""
_SILENT = msg("The accounting system did not answer within ten seconds. Try again in a few minutes.")
_BUSY = msg("Other connections are being tested just now, so this one was not. Try again in a moment.")


class Turns:
    """Who may test a connection just now; the others wait, within their ten seconds."""

    def __init__(self, at_once: int = AT_ONCE, each: int = AT_ONCE_EACH) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._each = each
        self._own: WeakValueDictionary[uuid.UUID, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def taken(self, organisation_id: uuid.UUID) -> AsyncIterator[None]:
        """Wait for a turn and hold it until the block ends."""
        own = self._own.setdefault(organisation_id, asyncio.Semaphore(self._each))
        async with own, self._all:
            yield


async def attempt(
    adapter: AccountingAdapter,
    credentials: Credentials,
    clock: Clock,
    *,
    turn: AbstractAsyncContextManager[None] | None = None,
    seconds: float = TEST_SECONDS,
) -> TestReport:
    """Sign in to the accounting system and tell what happened. Never raises for what the far side does.

    The answer comes within `seconds`, whatever is waited for, `turn` (see Turns) included.
    """
    started, waiting = clock.monotonic(), True
    try:
        async with asyncio.timeout(seconds), turn or nullcontext():
            waiting = False
            connection = await adapter.test_connection(credentials)
    except TimeoutError:
        return failed(_BUSY if waiting else _SILENT, clock.monotonic() - started)
    except AdapterError as error:
        return failed(error.message, clock.monotonic() - started)
    return reached(connection, clock.monotonic() - started)
