"""What `serve` refuses before it begins: one sentence each, and no traceback of the server it would have started."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration_admin.commands.web import alone_on, free_address
from integration_admin.core.settings import PREFIX
from tests.commands.shell import Run, environment_of
from tests.ports import free_port


def said(done: "subprocess.CompletedProcess[str]") -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def test_without_a_key_it_says_how_one_is_made(run: Run) -> None:
    assert run("migrate").returncode == 0
    assert said(run("serve")) == (1, "", "No vault key is in use yet. Run: integration-admin init-key\n")


def test_a_key_that_is_gone_is_named(organisation: Run, founded: Path, tmp_path: Path) -> None:
    (key,) = (founded / "keys").iterdir()
    code, out, words = said(organisation("serve", **{PREFIX + "KEY_DIR": str(tmp_path / "elsewhere")}))
    assert (code, out, len(words.splitlines())) == (1, "", 1)
    assert key.name in words


def test_a_port_that_is_taken_is_named(organisation: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = organisation("serve", "--port", str(port))
    assert said(done) == (1, "", f"Port {port} is taken by another program. Choose another one.\n")


def test_a_port_for_which_another_serve_still_builds_its_pages_is_not_shared_with_it(
    organisation: Run,
) -> None:
    port = free_port()
    with alone_on("127.0.0.1", port):
        done = organisation("serve", "--port", str(port))
    assert said(done) == (1, "", f"Port {port} is taken by another program. Choose another one.\n")


def test_a_port_that_was_taken_meanwhile_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        script = f"from integration_admin.commands.web import serve; serve('127.0.0.1', {port})"
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment_of(tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        f"ConfigurationError: Port {port} is taken by another program. Choose another one."
    )


def test_an_address_of_another_machine_is_named(organisation: Run) -> None:
    code, out, words = said(organisation("serve", "--host", "192.0.2.1"))
    assert (code, out, len(words.splitlines())) == (1, "", 1)
    assert words.startswith("This machine cannot listen on 192.0.2.1, port 3000: ")


def test_a_name_of_this_machine_will_do() -> None:
    assert free_address("localhost", free_port()) in {"127.0.0.1", "::1"}


@pytest.mark.parametrize("port", ["0", "70000", "many"])
def test_a_port_that_is_none_is_wrong_usage(run: Run, port: str) -> None:
    assert run("serve", "--port", port).returncode == 2


@pytest.mark.parametrize("command", ["serve", "migrate", "doctor", "init-key", "backup elsewhere"])
def test_a_database_of_a_newer_release_is_not_told_to_migrate(
    organisation: Run, tmp_path: Path, command: str
) -> None:
    with sqlite3.connect(tmp_path / "instance" / "integration_admin.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    done = organisation(*command.split())
    words = done.stdout + done.stderr
    assert done.returncode == 1
    assert "The database was brought up to date by a newer release. Start that release" in words
    assert "Traceback" not in words


_SERVING = """
import signal, sys
from granian.constants import Interfaces
from integration_admin.commands.web import Server

async def app(scope, receive, send):
    await receive()
    print("ready", flush=True)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})

if sys.argv[2:] == ["nohup"]:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
Server("app", interface=Interfaces.ASGI, port=int(sys.argv[1]), log_enabled=False).serve(
    target_loader=lambda _: app
)
"""


@contextmanager
def serving(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """Serve an app that does nothing, in a process group of its own, and see it begin."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVING, str(free_port()), *words],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == "ready\n"
            yield server
        finally:
            # Whoever leaves a server that did not stop would wait for it for ever.
            server.kill()


def test_it_ends_when_its_terminal_is_closed_instead_of_going_on_unseen() -> None:
    with serving() as server:
        os.killpg(server.pid, signal.SIGHUP)
        assert server.wait(timeout=30) == 0


def test_it_goes_on_when_its_terminal_is_closed_where_nohup_has_started_it() -> None:
    with serving("nohup") as server:
        os.killpg(server.pid, signal.SIGHUP)
        os.kill(server.pid, signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(timeout=0.5)
        server.terminate()
        assert server.wait(timeout=30) == 0
        assert server.stdout is not None
        assert server.stdout.read() == "", "it did not begin anew either"
