"""One live connection test, within ten seconds; what it changes is decided by whoever asked for it."""

import asyncio

from integration_admin.adapters.base import AccountingAdapter, Credentials
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError
from integration_admin.core.messages import msg
from integration_admin.services.connection_report import TestReport, failed, reached

TEST_SECONDS = 10.0


async def attempt(
    adapter: AccountingAdapter, credentials: Credentials, clock: Clock, *, seconds: float = TEST_SECONDS
) -> TestReport:
    """Sign in to the accounting system and tell what happened. Never raises for what the far side does."""
    started = clock.monotonic()
    try:
        async with asyncio.timeout(seconds):
            connection = await adapter.test_connection(credentials)
    except TimeoutError:
        return failed(
            msg("The accounting system did not answer within ten seconds. Try again in a few minutes."),
            clock.monotonic() - started,
        )
    except AdapterError as error:
        return failed(error.message, clock.monotonic() - started)
    return reached(connection, clock.monotonic() - started)
