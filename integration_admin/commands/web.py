"""The command that serves the built pages, the websocket and the API from one port, without Node."""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import typer
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from reflex_base.constants import Env
from reflex_base.environment import environment

from integration_admin.bootstrap import assemble
from integration_admin.commands.build import ROOT, build_frontend
from integration_admin.commands.running import stop_signals
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings, load_settings, pin_paths


def serve_command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 3000,
) -> None:
    """Serve the web app and its API; builds the pages first when they are out of date."""
    settings = load_settings()
    asyncio.run(_check_start(settings))
    address = free_address(host, port)
    with alone_on(address, port):
        if not settings.database.startswith("sqlite"):
            typer.echo("On PostgreSQL the exports are the workers' part: integration-admin worker.", err=True)
        build_frontend()
        serve(address, port)


async def _check_start(settings: Settings) -> None:
    """Raise what refuses the start here, where it becomes one sentence: the server's own process tells tracebacks."""
    application = assemble(settings)
    try:
        await application.check_start()
    finally:
        await application.close()


def free_address(host: str, port: int) -> str:
    """Return `host` as a number, which Granian wants; raises ConfigurationError where nothing can listen there."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # What an earlier run has only just closed counts as free, as it does for the server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _taken(port) from None
        raise ConfigurationError(
            msg(
                "This machine cannot listen on {host}, port {port}: {reason}. Choose another address or port.",
                host=host,
                port=port,
                reason=error.strerror,
            )
        ) from None
    return str(place[0])


def _taken(port: int) -> ConfigurationError:
    return ConfigurationError(msg("Port {port} is taken by another program. Choose another one.", port=port))


@contextmanager
def alone_on(host: str, port: int) -> Iterator[None]:
    """Keep another `serve` from this port until the block ends; raises ConfigurationError where there is one.

    While the pages are built nobody listens yet, and on Linux Granian would share the port with the other one: then
    each click goes to either, and what is on a page is known to one of them.
    """
    with ExitStack() as held:
        if sys.platform == "linux":
            mark = held.enter_context(socket.socket(socket.AF_UNIX))
            try:
                # A name that is no file: it goes when the process does, however that ends.
                mark.bind(f"\0integration-admin {host} {port}")
            except OSError:
                raise _taken(port) from None
        yield


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
    server = Server(
        target="integration_admin.integration_admin:app",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        # State lives in this one process's memory, unless Redis has it; who needs more starts more of these.
        workers=1,
        log_level=LogLevels.warning,
    )
    try:
        server.serve()
    except RuntimeError:
        # Somebody may have taken the port while the pages were built; anything else is a fault of our own.
        free_address(host, port)
        raise


class Server(Granian):  # type: ignore[misc, valid-type]  # which class Granian is depends on the interpreter
    """Ends when its terminal is closed: Granian would begin anew there, and go on where nobody sees it."""

    def startup(self, *arguments: Any) -> None:
        """Note what ends us, before Granian listens for signals whether or not they are ignored."""
        self._ends_on_hang_up = signal.SIGHUP in stop_signals()
        super().startup(*arguments)

    def signal_handler_reload(self, *arguments: Any) -> None:
        """Stop as on a termination signal, or go on where nohup has asked for that."""
        if self._ends_on_hang_up:
            self.signal_handler_interrupt(*arguments)
