"""Ctrl-C and the other signals that end a program, at moments when nobody expects them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from subprocess import PIPE

import pytest

from tests.commands.shell import ORGANISATION, Run, connect, environment_of
from tests.commands.test_reconcile import begin_export

_LIKE_A_TERMINAL = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("integration_admin", run_name="__main__")
"""
"""The command as a terminal starts it: what a shell starts in the background passes Ctrl-C over, and so do its children."""

_MAKES_A_FILE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from integration_admin.commands.running import cleaning_up
try:
    with cleaning_up():
        try:
            print("half-way", flush=True)
            input()
        finally:
            print("removed", flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""
"""What `backup` and `restore` do, for as long as a test wants."""


@contextmanager
def started(
    instance: Path, *words: str, code: str = _LIKE_A_TERMINAL, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a command as a terminal starts it; it is gone at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env=environment_of(instance) | more,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: subprocess.Popen[str], signal: Signals) -> tuple[str, str]:
    """Interrupt a process once it has written its first line; return that and all that comes after it."""
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal)
    out, rest = process.communicate(timeout=60)
    assert out == ""
    # A shell makes 130 of it, as Typer does; whoever sent another signal sees that it was the signal.
    assert process.returncode == (130 if signal is SIGINT else -signal)
    return first, rest


def test_ctrl_c_while_the_program_is_being_read_ends_it_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("print('reading', flush=True)\ninput()\n", "utf-8")
    with started(tmp_path, "keys", PYTHONPATH=f"{tmp_path}:{Path.cwd()}") as reading:
        assert reading.stdout is not None
        assert reading.stdout.readline() == "reading\n"
        reading.send_signal(SIGINT)
        assert reading.communicate(timeout=60) == ("", "")
    assert reading.returncode == -SIGINT


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM, SIGHUP])
def test_what_makes_a_file_removes_the_half_of_it_whatever_ends_it(tmp_path: Path, signal: Signals) -> None:
    with started(tmp_path, code=_MAKES_A_FILE) as making:
        assert making.stdout is not None
        assert making.stdout.readline() == "half-way\n"
        making.send_signal(signal)
        assert making.communicate(timeout=60) == ("removed\n", "")
    assert making.returncode == (130 if signal is SIGINT else -signal)


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM])
def test_whoever_interrupts_a_run_is_told_what_goes_on_with_it(
    organisation: Run, tmp_path: Path, signal: Signals
) -> None:
    instance = tmp_path / "instance"
    integration = connect(instance)
    # The run stays queued while this test holds the integration's lock.
    (instance / "locks").mkdir(exist_ok=True)
    with (instance / "locks" / f"{integration}.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        with started(instance, "sync", integration) as syncing:
            first, rest = interrupted(syncing, signal)
    assert "run_left_to_lock_holder" in first
    assert rest == "The export is not over. What goes on with it: integration-admin serve\n"
    again = organisation("sync", integration)
    assert again.returncode == 1
    assert "integration-admin serve" in again.stderr


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM])
def test_whoever_interrupts_a_comparison_is_told_what_goes_on_with_it(
    organisation: Run, tmp_path: Path, signal: Signals
) -> None:
    instance = tmp_path / "instance"
    integration = connect(instance)
    (file,) = instance.glob("*.sqlite3")
    begin_export(file, integration)
    with started(instance, "reconcile", integration) as comparing:
        first, rest = interrupted(comparing, signal)
    assert "The comparison begins when it has ended." in first
    assert rest == "The comparison is not over. What goes on with it: integration-admin serve\n"
    again = organisation("reconcile", integration)
    assert again.returncode == 1
    assert again.stderr == (
        "Where nobody is at it, it ends once you start: integration-admin serve\n"
        "A comparison is under way. Wait until it has ended.\n"
    )


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM])
@pytest.mark.usefixtures("organisation")
def test_whoever_interrupts_an_import_is_told_that_it_may_simply_be_run_again(
    tmp_path: Path, signal: Signals
) -> None:
    file = tmp_path / "records.ndjson"
    os.mkfifo(file)
    # Nothing comes through the pipe, so the import is reading for as long as this end is open.
    with started(tmp_path / "instance", "import-records", str(file), *ORGANISATION) as importing:
        assert importing.stderr is not None
        with file.open("wb"):
            importing.send_signal(signal)
            words = importing.stderr.readline()
        assert importing.communicate(timeout=60) == ("", "")
    assert words == (
        "The import was interrupted. Nothing of the file was stored, unless it had just ended. Run it again: what"
        " is stored already stays as it is.\n"
    )
    assert importing.returncode == (130 if signal is SIGINT else -signal)
