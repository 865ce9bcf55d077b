"""Ports for the servers that tests start."""

import random
import socket
from contextlib import ExitStack, suppress

import pytest


def free_port(in_a_row: int = 1) -> int:
    """Return the first of so many ports in a row that nobody listens on.

    They lie below those the system gives to outgoing connections (Linux: from 32768), so that no connection
    takes one before its server has started, nor while it is being restarted.
    """
    for first in random.sample(range(20_000, 30_000), 100):
        with suppress(OSError), ExitStack() as held:
            for port in range(first, first + in_a_row):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    pytest.fail("There are no free ports in a row.")
