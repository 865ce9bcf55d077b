"""What `serve` refuses before it begins: one sentence each, and no traceback of the server it would have started."""

import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from integration_admin.commands.web import free_address
from integration_admin.core.settings import PREFIX
from tests.commands.shell import Run


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


def test_an_address_of_another_machine_is_named(organisation: Run) -> None:
    code, out, words = said(organisation("serve", "--host", "192.0.2.1"))
    assert (code, out, len(words.splitlines())) == (1, "", 1)
    assert words.startswith("This machine cannot listen on 192.0.2.1, port 3000: ")


def test_a_name_of_this_machine_will_do() -> None:
    assert free_address("localhost", _free_port()) in {"127.0.0.1", "::1"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


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
