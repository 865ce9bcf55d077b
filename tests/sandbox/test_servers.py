"""The process that serves the sandboxes: where it says it is, and how it stops."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.servers import serve_sandboxes

PROGRAM = """
import json
from integration_admin.sandbox.servers import serve_sandboxes
serve_sandboxes({port}, faults="", seed=3, announce=lambda found: print(json.dumps(found), flush=True))
"""


@contextmanager
def _served(port: int) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(port=port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_sandboxes_announce_themselves_and_stop_on_a_signal(ports: int, number: signal.Signals) -> None:
    with _served(ports) as (process, found):
        xledger = found["xledger"]
        assert xledger["endpoint"] == f"http://127.0.0.1:{ports}/graphql"
        assert {"full", "expired", "no_write", "no_read"} <= set(xledger["tokens"])
        dynamics = found["dynamics"]
        assert dynamics["endpoint"] == f"http://127.0.0.1:{ports + 1}"
        assert {"tenant", "client_id", "client_secret", "environment", "company"} <= set(dynamics)
        for system in found.values():
            assert httpx2.get(system["ledger"]).json() == []
        process.send_signal(number)
        assert process.wait(timeout=10) == 0


def test_a_taken_port_is_said_in_one_sentence(ports: int) -> None:
    with _served(ports), pytest.raises(ConfigurationError, match="taken"):
        serve_sandboxes(ports, faults="", seed=1, announce=lambda _: None)
