"""The worker command: what it refuses before it begins, and how it ends."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration_admin.core.settings import PREFIX
from tests.commands.shell import environment_of, here, process


@contextmanager
def start(instance: Path, *words: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the command on an instance of this test's own; it is gone at the end."""
    given = {PREFIX + name: value for name, value in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "integration_admin.cli", *words],
        env=environment_of(instance) | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def run(instance: Path, *words: str, **settings: str) -> tuple[int, str]:
    """Run the command to its end; return its exit code and its last words."""
    # A worker listens for signals from its first moment, which only the first thread of a process can.
    begin = process if words == ("worker",) else here
    done = begin(instance)(*words, **{PREFIX + name: value for name, value in settings.items()})
    return done.returncode, f"{done.stdout}{done.stderr}".strip()


def test_on_sqlite_it_says_in_one_sentence_who_does_its_work(tmp_path: Path) -> None:
    assert run(tmp_path, "worker") == (
        1,
        "The command “worker” needs a PostgreSQL database. On SQLite, the command “serve” carries out the exports itself.",
    )


def test_a_schema_that_is_behind_refuses_the_start(tmp_path: Path, postgresql_server: "object") -> None:
    url = postgresql_server.new_empty()  # type: ignore[attr-defined]  # tests/postgresql.py's server
    code, words = run(tmp_path, "worker", DATABASE_URL=url)
    assert (code, len(words.splitlines())) == (1, 1)
    assert "integration-admin migrate" in words


def test_a_missing_key_refuses_the_start(tmp_path: Path, postgresql_url: str) -> None:
    code, words = run(tmp_path, "worker", DATABASE_URL=postgresql_url)
    assert (code, len(words.splitlines())) == (1, 1)


@pytest.mark.parametrize("command", ["worker", "migrate", "init-key", "integrations --organisation Alta"])
def test_a_database_that_is_down_is_told_in_one_sentence(tmp_path: Path, command: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://somebody@127.0.0.1:{nobody.getsockname()[1]}/none"
        code, words = run(tmp_path, *command.split(), DATABASE_URL=url)
    assert (code, words) == (
        1,
        "The database cannot be reached. Check that it is running and that DATABASE_URL names it.",
    )


@pytest.mark.parametrize("number", ["0", "65", "many"])
def test_a_number_of_runs_that_makes_no_sense_is_wrong_usage(tmp_path: Path, number: str) -> None:
    assert run(tmp_path, "worker", "--concurrency", number)[0] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_it_says_once_that_it_is_ready_and_ends_well_when_it_is_stopped(
    tmp_path: Path, postgresql_url: str, number: signal.Signals
) -> None:
    assert run(tmp_path, "init-key", DATABASE_URL=postgresql_url)[0] == 0
    with start(tmp_path, "worker", "--concurrency", "2", DATABASE_URL=postgresql_url) as started:
        assert started.stderr is not None
        line = await asyncio.to_thread(started.stderr.readline)
        assert "worker_ready" in line
        assert "concurrency=2" in line
        started.send_signal(number)
        _, rest = await asyncio.to_thread(started.communicate, timeout=30)
        assert (started.returncode, rest) == (0, "")
