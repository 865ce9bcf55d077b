"""`sync` as a shell sees it."""

import json
import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path
from signal import SIGINT
from subprocess import PIPE

from tests.commands.shell import Run, connect, environment_of

_WITH_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from integration_admin.cli import main
main()
"""
"""The command as a terminal starts it: what a shell starts in the background passes Ctrl-C over, and so do its children."""


def test_a_run_can_be_left_to_the_server(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    left = organisation("sync", integration, "--no-wait", "--json")
    again = organisation("sync", integration)

    assert (left.returncode, json.loads(left.stdout)["state"]) == (0, "queued"), left.stderr
    assert again.returncode == 1
    assert "already" in again.stderr
    assert "Where nothing exports, it ends once you start: integration-admin serve" in again.stderr


def test_whoever_interrupts_a_run_is_told_what_goes_on_with_it(organisation: Run, tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    integration = connect(instance)
    # The run stays queued while this test holds the integration's lock.
    (instance / "locks").mkdir(exist_ok=True)
    with (instance / "locks" / f"{integration}.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        command = [sys.executable, "-c", _WITH_CTRL_C, "sync", integration]
        with subprocess.Popen(
            command, env=environment_of(instance), stdout=PIPE, stderr=PIPE, text=True
        ) as syncing:
            try:
                assert syncing.stderr is not None
                first = syncing.stderr.readline()  # It waits from here on.
                syncing.send_signal(SIGINT)
                out, rest = syncing.communicate(timeout=60)
            finally:
                syncing.kill()

    assert "run_left_to_lock_holder" in first
    assert rest == "The export is not over. What goes on with it: integration-admin serve\n"
    assert (syncing.returncode, out) == (130, "")
    again = organisation("sync", integration)
    assert again.returncode == 1
    assert "integration-admin serve" in again.stderr


def test_a_run_is_waited_for_and_told_in_the_sentence_of_the_page(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    told = organisation("sync", integration, "--wait")
    shown = organisation("integration", "show", integration, "--json")

    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == json.loads(shown.stdout)["sentence"]
