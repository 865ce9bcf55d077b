"""Ports for the servers that tests start."""

import fcntl
import os
import random
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

_GIVEN: set[int] = set()


def free_port(in_a_row: int = 1) -> int:
    """Return the first of so many ports in a row that nobody listens on, and that no test has been given before.

    They lie below those the system gives to outgoing connections (Linux: from 32768), so that no connection
    takes one before its server has started, nor while it is being restarted.
    """
    for first in random.sample(range(20_000, 30_000), 100):
        ports = range(first, first + in_a_row)
        if all(map(_reserve, ports)) and all(map(_is_free, ports)):
            return first
    pytest.fail("There are no free ports in a row.")


def _reserve(port: int) -> bool:
    """Take a port for this process until it ends; a server starts only a while after it was given one."""
    if port in _GIVEN:
        return False
    with suppress(BlockingIOError):
        fcntl.lockf(_given_anywhere(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        _GIVEN.add(port)
        return True
    return False


@cache
def _given_anywhere() -> int:
    """Open the file in which each process of this machine that runs tests locks the bytes numbered as its ports."""
    file = Path(tempfile.gettempdir()) / f"integration-admin-tests-ports-{os.getuid()}"
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False
