"""The command that sets how long an organisation keeps its history."""

from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run


def keep_history(
    organisation: Annotated[str, typer.Option("--organisation", help="The organisation's name.")],
    years: Annotated[
        int | None, typer.Option(help="How many years; without it the setting is shown.")
    ] = None,
) -> None:
    """Say for how many years an organisation keeps the history of its exports, or set it."""

    async def keep(application: Application) -> int:
        actor = await application.services.organisations.actor_of(organisation)
        if years is not None:
            await application.services.retention.set_years(actor, years)
        return await application.services.retention.years(actor)

    typer.echo(f"{organisation} keeps the history of its exports for {run(keep)} years.")
