"""The production server as its users start it, in an instance folder of its own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration_admin.core.settings import PREFIX
from tests import canary
from tests.commands.shell import here
from tests.ports import free_port

ORGANISATION = "Prøveforbundet"
EMAIL = "administrator@example.org"
PASSWORD = canary.secret("administrator")
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A running server, and the environment its commands share."""

    url: str
    instance: Path
    environment: Mapping[str, str]

    def command(self, *words: str, stdin: str = "") -> str:
        """Run one of the product's commands on the server's database and return what it printed."""
        done = here(self.instance)(*words, stdin=stdin, **_ours(self.environment))
        assert done.returncode == 0, f"{words} exited {done.returncode}: {done.stderr}"
        return done.stdout


@contextmanager
def running_server(instance: Path, **more: str) -> Iterator[Server]:
    """Make an instance with one administrator, serve it on a free port, and stop it at the end.

    `more` are settings by their names without the prefix.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = Server(
        url, instance, _environment(instance, url) | {PREFIX + name: value for name, value in more.items()}
    )
    server.command("migrate")
    server.command("init-key")
    server.command("create-admin", "--organisation", ORGANISATION, "--email", EMAIL, stdin=PASSWORD + "\n")
    with running_again(server):
        yield server


@contextmanager
def running_again(server: Server) -> Iterator[None]:
    """Serve an instance that has been served before, at the same address, and stop it at the end."""
    log = server.instance / "server.log"
    port = server.url.rpartition(":")[2]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "integration_admin.cli", "serve", "--port", port],
            env=dict(server.environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, server.url, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _environment(instance: Path, url: str) -> dict[str, str]:
    """Return this machine's environment with our settings and nobody else's."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return given | {
        PREFIX + "INSTANCE_DIR": str(instance),
        PREFIX + "PUBLIC_URL": url,
        PREFIX + "OUTBOUND_ALLOW": "127.0.0.1/32",
    }


def _ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(PREFIX)}


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310, our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("The server did not start:\n" + log.read_text())
