"""Runs one piece of work on the assembled product, and says what the signals that end programs do to it."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from integration_admin.bootstrap import Application, bootstrap
from integration_admin.data.failures import unwritable
from integration_admin.data.startup import check_schema

Result = TypeVar("Result")


def run(work: Callable[[Application], Awaitable[Result]], *, of_any_release: bool = False) -> Result:
    """Run `work` on the assembled product and close it afterwards; raises DatabaseUnreachable on a full disk.

    Raises ConfigurationError where the database is missing or not this release's, unless the work looks itself.
    A signal that ends programs cancels the work, so that it can say what goes on with it, as Ctrl-C does anyway.
    """
    ended_by: list[signal.Signals] = []

    async def whole() -> Result:
        _cancel_on_signals(ended_by)
        application = bootstrap()
        try:
            if not of_any_release:
                await check_schema(application.settings.database)
            return await work(application)
        finally:
            await application.close()

    try:
        return asyncio.run(whole())
    except asyncio.CancelledError:
        _end_by(ended_by)
        raise
    except OperationalError as error:
        raise unwritable(error) or error from error.__cause__


@contextmanager
def cleaning_up() -> Iterator[None]:
    """Let a signal that ends programs unwind the block, as Ctrl-C does anyway, so that nothing half-made is left."""
    ended_by: list[signal.Signals] = []

    def stop(number: int, _frame: object) -> None:
        ended_by.append(signal.Signals(number))
        raise KeyboardInterrupt

    is_ours = threading.current_thread() is threading.main_thread()
    numbers = [number for number in stop_signals() if is_ours and number is not signal.SIGINT]
    previous = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        _end_by(ended_by)
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _end_by(signals: Iterable[signal.Signals]) -> None:
    """End as the first of the signals would have ended it: whoever sent it sees no failure; return where there is none."""
    for number in signals:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


def _cancel_on_signals(ended_by: list[signal.Signals]) -> None:
    """Have the running task cancelled by what ends programs, and note which it was; a second one ends it at once."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or threading.current_thread() is not threading.main_thread():
        return

    def stop(number: signal.Signals) -> None:
        ended_by.append(number)
        loop.remove_signal_handler(number)
        task.cancel()

    for number in stop_signals():
        # asyncio cancels on this one itself.
        if number is not signal.SIGINT:
            loop.add_signal_handler(number, stop, number)


def exporter(application: Application) -> str:
    """Return the command that goes on with exports nobody is at."""
    return f"integration-admin {'serve' if application.database.is_sqlite else 'worker'}"


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end in good order what runs until it is stopped.

    The end of a terminal is one of them, except where nohup has made it be ignored.
    """
    ends = (signal.SIGTERM, signal.SIGINT)
    return ends if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*ends, signal.SIGHUP)
