"""The sandbox accounting systems in a process of their own, which no fault here ever kills."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.processes import free_ports

_STOP_SECONDS = 30


@contextmanager
def sandboxes(seed: int = 1) -> Iterator[dict[str, Any]]:
    """Serve them without their vendors' limits; yield what they announce, by name."""
    words = ["sandbox", "--no-limits", "--seed", str(seed), "--port-base", str(free_ports())]
    process = subprocess.Popen(  # noqa: S603, our own interpreter with fixed words
        [sys.executable, "-m", "integration_admin.cli", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "{}")
    finally:
        process.terminate()
        process.wait(timeout=_STOP_SECONDS)
        if process.stdout:
            process.stdout.close()
