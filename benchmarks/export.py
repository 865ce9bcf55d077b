"""How fast claims are exported, beside a bare client that sends the same bytes, and in how much memory."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import exporter
from benchmarks.claims import claims
from benchmarks.instance import set_up
from benchmarks.processes import Sandbox, run_child, sandbox
from benchmarks.report import Figure, at_most, compared

CLAIMS = 10_000
_ROUNDS = 3
_MOST_MEMORY = 150.0
_MOST_GROWTH = 10.0


def measure(count: int = CLAIMS) -> list[Figure]:
    """Export `count` claims three times in one run each, alternating with the bare client."""
    with TemporaryDirectory(prefix="ia-bench-") as name, sandbox() as xledger:
        folder = Path(name)
        typed = {
            "environment": "custom",
            "endpoint": xledger.found["endpoint"],
            "token": xledger.found["tokens"]["full"],
        }
        asyncio.run(set_up(folder / "fresh", typed, claims(count)))
        bodies = folder / "bodies"
        _export(folder, count, xledger, exporter.RECORD, str(bodies))
        rounds = [
            (_export(folder, count, xledger), _send_bare(bodies, count, xledger)) for _ in range(_ROUNDS)
        ]
        engine = [_export(folder, count, None, exporter.INSTANT) for _ in range(_ROUNDS)]
    exports = [result for result, _ in rounds]
    rate = count / median(result["seconds"] for result in exports)
    bare = count / median(seconds for _, seconds in rounds)
    return [
        compared("export_xledger", rate, "claims/s", bare),
        Figure("export_engine", count / median(result["seconds"] for result in engine), "claims/s"),
        at_most("export_xledger_memory", max(result["peak"] for result in exports), "MB", _MOST_MEMORY),
        at_most("export_xledger_growth", max(result["growth"] for result in exports), "MB", _MOST_GROWTH),
    ]


def _export(folder: Path, count: int, xledger: Sandbox | None, *words: str) -> Mapping[str, Any]:
    """Export a fresh copy of the installation; raise unless every claim was booked once."""
    copy = folder / "copy"
    shutil.copytree(folder / "fresh", copy)
    if xledger:
        xledger.reset()
    result = run_child("exporter", str(copy), *words)
    shutil.rmtree(copy)
    if xledger:
        _check_booked(xledger, count)
    if result["delivered"] != count:
        detail = f"{result['delivered']} of {count} claims were delivered"
        raise RuntimeError(detail)
    return result


def _send_bare(bodies: Path, count: int, xledger: Sandbox) -> float:
    xledger.reset()
    result = run_child(
        "bare_client",
        str(bodies),
        xledger.found["endpoint"],
        "Authorization",
        "1",
        stdin=f"token {xledger.found['tokens']['full']}",
    )
    _check_booked(xledger, count)
    return float(result["seconds"])


def _check_booked(xledger: Sandbox, count: int) -> None:
    stats = xledger.stats()
    if (stats["vouchers"], stats["doubles"]) != (count, 0):
        detail = f"{stats['vouchers']} vouchers of {count}, {stats['doubles']} doubled"
        raise RuntimeError(detail)
