"""No two tests are given the same port, wherever they run: one would reach the other's server."""

import subprocess
import sys
from pathlib import Path

from tests.ports import _reserve, free_port

ROOT = Path(__file__).parents[1]


def test_each_port_is_given_once() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_ports_in_a_row_are_all_given() -> None:
    first = free_port(in_a_row=3)
    assert [_reserve(first + number) for number in range(3)] == [False] * 3


def test_a_port_given_here_is_given_in_no_other_process() -> None:
    port = free_port()
    script = f"from tests.ports import _reserve; print(_reserve({port}), _reserve({port}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False False\n"
