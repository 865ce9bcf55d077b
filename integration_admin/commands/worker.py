"""The command that exports without the web: as many of them as wanted, on as many machines, on PostgreSQL."""

import asyncio
from contextlib import suppress
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run, stop_signals
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.data.run_queue import CONCURRENCY


def worker(
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="How many integrations are exported at a time.")
    ] = CONCURRENCY,
) -> None:
    """Start due runs and carry them out, without the web, until stopped; needs PostgreSQL."""

    async def work(application: Application) -> None:
        if application.database.is_sqlite:
            raise ConfigurationError(
                msg(
                    "The command “worker” needs a PostgreSQL database. On SQLite, the command “serve” carries out"
                    " the exports itself."
                )
            )
        _cancel_on_signal()
        await application.check_start()
        await application.services.worker.run(concurrency)

    # Cancelled is how it ends; what it does then is the queue's business.
    with suppress(asyncio.CancelledError):
        run(work, of_any_release=True)


def _cancel_on_signal() -> None:
    """Stop in good order on whatever ends a program; a second one hurries."""
    task = asyncio.current_task()
    if task is None:
        detail = "Signals are for a task."
        raise RuntimeError(detail)
    for number in stop_signals():
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
