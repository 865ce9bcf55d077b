"""What a million waiting claims cost: memory above idle, and time a claim beside a hundredth of them."""

import asyncio
import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import exporter
from benchmarks.claims import claims
from benchmarks.instance import set_up
from benchmarks.processes import run_child, sandbox
from benchmarks.report import Figure, at_most

_FEW = 10_000
_TIMES = 100
_MOST_MEMORY = 200.0
_MOST_GROWTH = 1.2
_COLUMNS = (
    "organisation_id, kind, revision, status, currency, amount_minor, content_hash, received_at, updated_at"
)


def measure() -> list[Figure]:
    """Export ten thousand claims, then a million, to an adapter that books at once."""
    with TemporaryDirectory(prefix="ia-bench-") as name:
        few, many = Path(name) / "few", Path(name) / "many"
        with sandbox() as xledger:
            typed = {
                "environment": "custom",
                "endpoint": xledger.found["endpoint"],
                "token": xledger.found["tokens"]["full"],
            }
            asyncio.run(set_up(few, typed, claims(_FEW)))
        shutil.copytree(few, many)
        _multiply(many)
        base, whole = _export(few, _FEW), _export(many, _FEW * _TIMES)
    slower = (whole["seconds"] / _TIMES) / base["seconds"]
    return [
        at_most("backlog_memory", whole["peak"], "MB", _MOST_MEMORY),
        Figure(
            "backlog_growth",
            whole["seconds"] / (_FEW * _TIMES) * 1e6,
            "µs/claim",
            base["seconds"] / _FEW * 1e6,
            slower,
            _MOST_GROWTH,
            slower <= _MOST_GROWTH,
        ),
    ]


def _export(folder: Path, count: int) -> dict[str, Any]:
    result = run_child("exporter", str(folder), exporter.INSTANT)
    if result["delivered"] != count:
        detail = f"{result['delivered']} of {count} claims were delivered"
        raise RuntimeError(detail)
    return result


def _multiply(folder: Path) -> None:
    """Repeat the records under other ids: receiving a million of them is not what is measured."""
    (file,) = folder.glob("*.sqlite3")
    with sqlite3.connect(file) as database:
        for copy in range(1, _TIMES):
            database.execute(
                f"INSERT INTO records ({_COLUMNS}, external_id, payload) SELECT {_COLUMNS},"  # noqa: S608, only our own words
                " external_id || '-' || ?1, json_set(payload, '$.id', external_id || '-' || ?1)"
                " FROM records ORDER BY id LIMIT ?2",
                (str(copy), _FEW),
            )
