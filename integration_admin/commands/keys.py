"""Commands on the vault's keys."""

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run
from integration_admin.core.settings import load_settings
from integration_admin.data.startup import check_schema


def init_key() -> None:
    """Make the first vault key; refuses where there is one."""

    async def init(application: Application) -> None:
        await check_schema(application.settings.database)
        await application.keys.init_key(f"key-{application.clock.now():%Y%m%d}")

    run(init)
    typer.echo(f"The vault key is in {load_settings().keys}. Keep a copy away from the database's backups.")
