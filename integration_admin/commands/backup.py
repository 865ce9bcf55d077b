"""Commands that write a backup and restore one. How is in data/backup.py."""

from pathlib import Path
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run
from integration_admin.core.settings import load_settings
from integration_admin.core.statuses import IntegrationState
from integration_admin.data import backup as files
from integration_admin.data.keyring import Keyring


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
) -> None:
    """Write everything the database holds into a new file; the vault's keys are not in it."""
    settings = load_settings()
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
    counts = files.restore(settings.database, file.absolute())
    typer.echo(f"{sum(counts.values())} rows of {len(counts)} tables are restored.")
    paused = 0 if leave_active else run(_pause_all)
    if paused:
        typer.echo(
            f"Integrations that were paused: {paused}. What was exported after the backup was made is not known"
            " here. Compare with the accounting system before you let them go on, or it is exported twice.",
            err=True,
        )
    missing = sorted({*files.key_ids(file.absolute())} - {*Keyring.load(settings.keys).ids})
    if missing:
        typer.echo(
            f"The vault's keys {', '.join(missing)} are not in {settings.keys}. Put their files there before you"
            " start, or nothing starts.",
            err=True,
        )


async def _pause_all(application: Application) -> int:
    """Pause every active integration, and return how many there were."""
    services, paused = application.services, 0
    async with application.database.system() as system:
        names = [row.name for row in await system.organisations()]
    for name in names:
        actor = await services.organisations.actor_of(name)
        for view in await services.configuration.everything(actor):
            if view.state is IntegrationState.ACTIVE:
                await services.configuration.set_paused(actor, view.id, paused=True)
                paused += 1
    return paused
