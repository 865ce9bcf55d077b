"""Ctrl-C and the other signals that end a program, at moments when nobody expects them."""

import subprocess
import sys
from pathlib import Path
from signal import SIGINT
from subprocess import PIPE

from tests.commands.shell import environment_of

_LIKE_A_TERMINAL = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("integration_admin", run_name="__main__")
"""
"""The command as a terminal starts it: what a shell starts in the background passes Ctrl-C over, and so do its children."""


def test_ctrl_c_while_the_program_is_being_read_ends_it_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("print('reading', flush=True)\ninput()\n", "utf-8")
    environment = environment_of(tmp_path) | {"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    command = [sys.executable, "-c", _LIKE_A_TERMINAL, "keys"]
    with subprocess.Popen(
        command, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True
    ) as reading:
        assert reading.stdout is not None
        assert reading.stdout.readline() == "reading\n"
        reading.send_signal(SIGINT)
        assert reading.communicate(timeout=60) == ("", "")
    assert reading.returncode == -SIGINT
