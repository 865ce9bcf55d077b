"""The other processes of a bench: the sandbox, and one child for each measurement."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_STOP_SECONDS = 30
_PORTS = 8


@dataclass(frozen=True, slots=True)
class XledgerSandbox:
    """The simulated Xledger in a process of its own."""

    endpoint: str
    token: str
    url: str

    def stats(self) -> dict[str, Any]:
        """Return what it has booked, in numbers."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/stats") as answer:  # noqa: S310, our own address
            counts: dict[str, Any] = json.load(answer)
        return counts

    def reset(self) -> None:
        """Let it forget everything."""
        self._post("reset", {})

    def set_latency(self, seconds: float) -> None:
        """Let every request take this long besides the work itself."""
        self._post("behaviour", {"latency": seconds})

    def _post(self, route: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310, our own address
            f"{self.url}/_sandbox/{route}", json.dumps(body).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()  # noqa: S310, our own address


@contextmanager
def sandbox() -> Iterator[XledgerSandbox]:
    """Run the sandbox without Xledger's limits until the block ends."""
    words = ["sandbox", "--no-limits", "--port-base", str(_free_ports())]
    process = subprocess.Popen(  # noqa: S603, our own interpreter with fixed words
        [sys.executable, "-m", "integration_admin.cli", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        found = json.loads(process.stdout.readline() if process.stdout else "{}")["xledger"]
        yield XledgerSandbox(found["endpoint"], found["tokens"]["full"], found["url"])
    finally:
        process.terminate()
        process.wait(timeout=_STOP_SECONDS)


def run_child(module: str, *words: str, stdin: str = "") -> dict[str, Any]:
    """Run a module of this folder in a fresh process and return the JSON on its last line."""
    done = subprocess.run(  # noqa: S603, our own interpreter with our own words
        [sys.executable, "-m", f"benchmarks.{module}", *words],
        input=stdin,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _free_ports() -> int:
    """Return a free port whose next few neighbours are free too."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            base: int = probe.getsockname()[1]
        if base + _PORTS < 65_536 and all(_is_free(base + place) for place in range(1, _PORTS)):
            return base
    detail = "No free ports."
    raise RuntimeError(detail)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
