"""Commands that bring records in."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, BinaryIO, Final, cast

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.progress import ProgressLine, ShownFile
from integration_admin.commands.running import run
from integration_admin.services.record_files import ImportReport

_INTERRUPTED: Final = (
    "The import was interrupted. Nothing of the file was stored, unless it had just ended. Run it again: what is"
    " stored already stays as it is."
)


def import_records(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON, NDJSON or CSV.")],
    organisation: Annotated[str, typer.Option("--organisation", help="The organisation's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Read records from a file: all of them, or none and a list of what is wrong; on a terminal, show how far it is."""

    async def import_file(application: Application) -> ImportReport:
        actor = await application.services.organisations.actor_of(organisation)
        line = ProgressLine()
        with file.open("rb") as stream:
            shown = ShownFile(stream, line)
            try:
                return await application.services.record_files.import_file(
                    actor, file.name, cast("BinaryIO", shown), shown.stored, size=shown.size
                )
            except asyncio.CancelledError:
                line.clear()
                typer.echo(_INTERRUPTED, err=True)
                raise
            finally:
                line.clear()

    report = run(import_file)
    _print(report, as_json=as_json)
    if report.errors:
        raise typer.Exit(1)


def _print(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
        return
    for error in report.errors:
        typer.echo(str(error.message), err=True)
    typer.echo(f"Created: {report.created}. Updated: {report.updated}. Unchanged: {report.unchanged}.")
    if report.errors:
        typer.echo("Nothing was stored.", err=True)
