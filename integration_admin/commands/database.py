"""Commands on the database itself."""

import typer

from integration_admin.core.settings import load_settings
from integration_admin.data import migrations


def migrate() -> None:
    """Bring the database to the newest schema."""
    migrations.upgrade(load_settings().database)
    typer.echo("The database is up to date.")
