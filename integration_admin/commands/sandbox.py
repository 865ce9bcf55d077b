"""The command that starts the simulated accounting systems."""

import json
from pathlib import Path
from typing import Annotated

import typer

from integration_admin.sandbox.servers import serve_sandboxes


def sandbox(
    port_base: Annotated[int, typer.Option(help="The first port; each system takes the next.")] = 9101,
    faults: Annotated[str, typer.Option(help="A fault plan such as drop_after=0.05,slow=0.02.")] = "",
    seed: Annotated[int, typer.Option(help="Decides the demo credentials and the faults.")] = 1,
    limits: Annotated[bool, typer.Option(help="Enforce the vendor's published limits.")] = True,
    keep: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Keep what is booked in this folder. Killing the sandbox loses nothing."
        ),
    ] = None,
) -> None:
    """Start the simulated accounting systems on loopback and print where they are, as JSON."""
    serve_sandboxes(
        port_base,
        faults=faults,
        seed=seed,
        limits=limits,
        keep=keep,
        announce=lambda found: typer.echo(json.dumps(found)),
    )
