"""The command that serves the built pages, the websocket and the API from one port, without Node."""

import asyncio
import os
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from reflex_base.constants import Env
from reflex_base.environment import environment

from integration_admin.commands.build import ROOT, build_frontend
from integration_admin.core.settings import load_settings, pin_paths
from integration_admin.data.startup import check_schema


def serve_command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 3000,
) -> None:
    """Serve the web app and its API; builds the pages first when they are out of date."""
    settings = load_settings()
    asyncio.run(check_schema(settings.database))
    if not settings.database.startswith("sqlite"):
        typer.echo("On PostgreSQL the exports are the workers' part: integration-admin worker.", err=True)
    build_frontend()
    serve(host, port)


def serve(host: str, port: int) -> None:
    """Serve until interrupted; `build_frontend` must have run.

    The process changes to the project's folder; paths in the settings stay relative to where it started.
    """
    pin_paths()
    os.chdir(ROOT)
    environment.REFLEX_ENV_MODE.set(Env.PROD)
    # The pages are already compiled and bundled: Reflex only has to serve them.
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    environment.REFLEX_CHECK_LATEST_VERSION.set(False)
    Granian(
        target="integration_admin.integration_admin:app",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        # State lives in this one process's memory, unless Redis has it; who needs more starts more of these.
        workers=1,
        log_level=LogLevels.warning,
    ).serve()
