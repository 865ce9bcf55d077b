"""Runs one piece of work on the assembled product, and says which signals end what runs until it is stopped."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from integration_admin.bootstrap import Application, bootstrap
from integration_admin.data.failures import unwritable
from integration_admin.data.startup import check_schema

Result = TypeVar("Result")


def run(work: Callable[[Application], Awaitable[Result]], *, of_any_release: bool = False) -> Result:
    """Run `work` on the assembled product and close it afterwards; raises DatabaseUnreachable on a full disk.

    Raises ConfigurationError where the database is missing or not this release's, unless the work looks itself.
    """

    async def whole() -> Result:
        application = bootstrap()
        try:
            if not of_any_release:
                await check_schema(application.settings.database)
            return await work(application)
        finally:
            await application.close()

    try:
        return asyncio.run(whole())
    except OperationalError as error:
        raise unwritable(error) or error from error.__cause__


def exporter(application: Application) -> str:
    """Return the command that goes on with exports nobody is at."""
    return f"integration-admin {'serve' if application.database.is_sqlite else 'worker'}"


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end in good order what runs until it is stopped.

    The end of a terminal is one of them, except where nohup has made it be ignored.
    """
    ends = (signal.SIGTERM, signal.SIGINT)
    return ends if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*ends, signal.SIGHUP)
