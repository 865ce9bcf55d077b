"""Commands that write a backup and restore one. How is in data/backup.py."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from integration_admin.bootstrap import Application, assemble
from integration_admin.commands.running import cleaning_up, run
from integration_admin.core.settings import Settings, load_settings
from integration_admin.data import backup as files
from integration_admin.data.keyring import Keyring


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
) -> None:
    """Write everything the database holds into a new file; the vault's keys are not in it."""
    settings = load_settings()
    with cleaning_up():
        counts = files.back_up(settings.database, file.absolute())
    typer.echo(f"{sum(counts.values())} rows of {len(counts)} tables are in {file}.")
    typer.echo(
        f"Without the vault's keys the secrets in it cannot be read. Keep a copy of {settings.keys} as well,"
        " in another place: whoever has both can read them.",
        err=True,
    )


def restore(
    file: Annotated[
        Path, typer.Argument(help="A file that `backup` has written.", exists=True, dir_okay=False)
    ],
    leave_active: Annotated[
        bool, typer.Option("--leave-active", help="Do not pause what was active when the backup was made.")
    ] = False,
) -> None:
    """Put a backup into an empty database, and say which of the vault's keys it needs."""
    settings = load_settings()
    pausing = _Pausing(settings)
    with cleaning_up():
        counts = files.restore(settings.database, file.absolute(), None if leave_active else pausing)
    typer.echo(f"{sum(counts.values())} rows of {len(counts)} tables are restored.")
    if pausing.count:
        _tell_paused(pausing.count)
    missing = sorted({*files.key_ids(file.absolute())} - {*Keyring.load(settings.keys).ids})
    if missing:
        typer.echo(
            f"The vault's keys {', '.join(missing)} are not in {settings.keys}. Put their files there before you"
            " start, or nothing starts.",
            err=True,
        )


def mark_restored() -> None:
    """Pause every integration of a database that another tool put back, as restore does.

    Run it before anything is started: what was exported after the copy was made is not known to it.
    """
    _tell_paused(run(_pause_all))


def _tell_paused(count: int) -> None:
    typer.echo(
        f"Integrations that were paused: {count}. What was exported after the backup was made is not"
        " known here, so every record is looked up in the accounting system before it goes out, once an"
        " administrator has resumed them on their pages. Where that cannot be asked, compare first, or it is"
        " exported twice.",
        err=True,
    )


class _Pausing:
    """Pauses every integration of a copy, before it becomes the database and anything could export."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.count = 0

    def __call__(self, url: str) -> None:
        """Pause what is in the copy at `url`, and count it."""
        self.count = asyncio.run(self._pause(url))

    async def _pause(self, url: str) -> int:
        application = assemble(self._settings.model_copy(update={"database_url": url}))
        try:
            return await _pause_all(application)
        finally:
            await application.close()


async def _pause_all(application: Application) -> int:
    async with application.database.system() as system:
        names = [row.name for row in await system.organisations()]
    services, paused = application.services, 0
    for name in names:
        paused += await services.configuration.pause_restored(await services.organisations.actor_of(name))
    return paused
