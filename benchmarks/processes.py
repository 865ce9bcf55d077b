"""The other processes of a bench: the sandbox, and one child for each measurement."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_STOP_SECONDS = 30
_PORTS = 8


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One simulated accounting system, in a process of its own with the others; `found` is what it announced."""

    found: dict[str, Any]

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self.found["url"])

    def stats(self) -> dict[str, Any]:
        """Return what it has booked, in numbers."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/stats") as answer:  # noqa: S310, our own address
            counts: dict[str, Any] = json.load(answer)
        return counts

    def reset(self) -> None:
        """Let it forget everything."""
        self.post("reset", {})

    def post(self, route: str, body: dict[str, Any]) -> None:
        """Steer it."""
        request = urllib.request.Request(  # noqa: S310, our own address
            f"{self.url}/_sandbox/{route}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        urllib.request.urlopen(request).close()  # noqa: S310, our own address


@contextmanager
def sandbox(name: str = "xledger", *, limits: bool = False) -> Iterator[Sandbox]:
    """Run the sandboxes until the block ends, with or without their vendors' limits; yield the one of that name."""
    words = ["sandbox", "--port-base", str(free_ports()), *([] if limits else ["--no-limits"])]
    process = subprocess.Popen(  # noqa: S603, our own interpreter with fixed words
        [sys.executable, "-m", "integration_admin.cli", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        yield Sandbox(json.loads(process.stdout.readline() if process.stdout else "{}")[name])
    finally:
        process.terminate()
        process.wait(timeout=_STOP_SECONDS)


def run_child(module: str, *words: str, stdin: str = "") -> dict[str, Any]:
    """Run a module of this folder in a fresh process and return the JSON on its last line."""
    done = _run(module, words, stdin)
    done.check_returncode()
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def run_until_killed(module: str, *words: str) -> None:
    """Run a module of this folder that kills itself; raises RuntimeError when it ends otherwise."""
    done = _run(module, words, "")
    if done.returncode != -signal.SIGKILL:
        detail = f"{module} ended with {done.returncode} instead of being killed"
        raise RuntimeError(detail)


def _run(module: str, words: Sequence[str], stdin: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603, our own interpreter with our own words
        [sys.executable, "-m", f"benchmarks.{module}", *words],
        input=stdin,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


def free_ports() -> int:
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
