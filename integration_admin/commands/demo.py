"""The command `make run` calls: the sandbox, the demo organisation and the web app, until Ctrl-C."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated, Any

import typer

from integration_admin import demo as demo_data
from integration_admin.bootstrap import assemble
from integration_admin.commands.build import build_frontend
from integration_admin.commands.running import stop_signals
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.settings import PREFIX, load_settings

_SANDBOX_PORT = 9101
_READY_SECONDS = 60.0
_OTHER_PORT = 3100


def demo(port: Annotated[int, typer.Option(help="Where the web app listens.")] = 3000) -> None:
    """Start everything with demo data on this machine; a second start keeps the data."""
    _require_free(port)
    environment = _environment(port)
    with ExitStack() as stack:
        stack.enter_context(_stop_on_signal())
        kept = load_settings(environment).instance_dir / "sandbox"
        words = ["sandbox", "--port-base", str(_SANDBOX_PORT), "--keep", str(kept)]
        sandbox = stack.enter_context(_child(words, environment))
        found = _announcement(sandbox)
        asyncio.run(_load(environment, found["xledger"]))
        typer.echo("Building the pages; the first time takes a minute.", err=True)
        build_frontend()
        server = stack.enter_context(_child(["serve", "--port", str(port)], environment))
        _wait_until_ready(server, f"http://127.0.0.1:{port}/healthz")
        typer.echo(f"Open http://127.0.0.1:{port}/settings/integrations")
        typer.echo(f"Sign in with {demo_data.EMAIL} and the password {demo_data.PASSWORD}")
        typer.echo(
            f"To try the wizard, use the address {found['xledger']['endpoint']} and the token {found['xledger']['tokens']['branch']}"
        )
        typer.echo(_dynamics(found["dynamics"]))
        _wait_until_ended(server)


def _dynamics(found: Mapping[str, Any]) -> str:
    """Return what the wizard asks for when the system is Microsoft Dynamics."""
    return (
        f"For Microsoft Dynamics, use the address {found['endpoint']}, the tenant {found['tenant']},"
        f" the client ID {found['client_id']} and the client secret {found['client_secret']}"
    )


def _require_free(port: int) -> None:
    """Raise ConfigurationError when another program listens on `port`."""
    with socket.socket() as probe:
        # What an earlier run has only just closed counts as free, as it does for the server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise ConfigurationError(
                msg(
                    "Port {port} is taken by another program. Choose another one with PORT={other}",
                    port=port,
                    other=_OTHER_PORT if port != _OTHER_PORT else _OTHER_PORT + 1,
                )
            ) from None


async def _load(environment: Mapping[str, str], xledger: Mapping[str, Any]) -> None:
    application = assemble(load_settings(environment))
    try:
        await demo_data.load(application, xledger["endpoint"], Secret(xledger["tokens"]["full"]))
    finally:
        await application.close()


def _environment(port: int) -> dict[str, str]:
    """Return the environment of the demo's processes: the user's own, allowed to call the sandbox."""
    environment = dict(os.environ)  # noqa: TID251, handed on to our own processes
    environment[PREFIX + "OUTBOUND_ALLOW"] = "127.0.0.1/32"
    environment[PREFIX + "PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    return environment


@contextmanager
def _child(words: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run another of our commands beside this one and stop it at the end."""
    process = subprocess.Popen(  # noqa: S603, our own interpreter with fixed words
        [sys.executable, "-m", "integration_admin", *words],
        env=dict(environment),
        stdout=subprocess.PIPE if words[0] == "sandbox" else None,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def _stop_on_signal() -> Iterator[None]:
    """Leave in good order on Ctrl-C, on a termination signal and when the terminal is closed."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, stop) for number in stop_signals()}
    try:
        yield
    except KeyboardInterrupt:
        # Where the terminal is closed there is nobody left to tell.
        with suppress(OSError):
            typer.echo("Stopped.", err=True)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _announcement(sandbox: subprocess.Popen[str]) -> dict[str, Any]:
    """Read where the sandbox listens."""
    line = sandbox.stdout.readline() if sandbox.stdout else ""
    if not line:
        raise ConfigurationError(
            msg("The sandbox did not start. Is something else listening on port {port}?", port=_SANDBOX_PORT)
        )
    announced: dict[str, Any] = json.loads(line)
    return announced


def _wait_until_ready(server: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310, our own address
                # Another program may have answered while ours failed to get the port.
                if server.poll() is None:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ConfigurationError(msg("The web app did not start. The reason is in the output above."))


def _wait_until_ended(server: subprocess.Popen[str]) -> None:
    """Wait for the web app to end, and fail as it failed."""
    code = server.wait()
    if code:
        # A process ended by a signal tells its number with a minus; a shell adds 128.
        raise typer.Exit(code if code > 0 else 128 - code)
