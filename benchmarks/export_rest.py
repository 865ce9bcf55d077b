"""Export to the sandbox REST system beside a bare client with the same bodies and as many in flight."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.claims import claims
from benchmarks.instance import set_up_rest
from benchmarks.postgresql import Databases, databases
from benchmarks.processes import Sandbox, run_child, sandbox
from benchmarks.report import Figure, at_most, compared

_ROUNDS = 2
_MOST_MEMORY = 150.0
_POSTGRESQL_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Shape:
    """How records are sent, how many of them, and the ratio each latency (milliseconds) must reach."""

    name: str
    records: int
    batch: int
    in_flight: int
    bars: Mapping[int, float]


SHAPES = (
    Shape("batch", 100_000, 100, 8, {20: 0.95, 80: 0.95, 0: 0.70}),
    Shape("single", 30_000, 1, 32, {20: 0.90, 0: 0.60}),
)


def measure() -> list[Figure]:
    """Measure both shapes on both databases."""
    figures = []
    with databases() as postgresql, sandbox("generic_rest") as system:
        for shape in SHAPES:
            with TemporaryDirectory(prefix="ia-bench-") as folder:
                figures += _Bench(Path(folder), shape, system, postgresql).figures()
    return figures


class _Bench:
    """One shape: an installation on each database, made once and copied for every round."""

    def __init__(self, folder: Path, shape: Shape, system: Sandbox, postgresql: Databases) -> None:
        self._folder = folder
        self._shape = shape
        self._system = system
        self._postgresql = postgresql
        self._bodies = folder / "bodies"
        self._latency = 0
        self._memory = 0.0
        self._most = 0

    def figures(self) -> list[Figure]:
        """Return the ratios at every latency, on both databases, and what must never be exceeded."""
        template = self._postgresql.new()
        self._set_up(self._folder / "fresh")
        self._set_up(self._folder / "fresh_postgresql", template)
        self._export("--record", str(self._bodies))
        figures = [
            figure for latency, bar in self._shape.bars.items() for figure in self._at(latency, bar, template)
        ]
        name = self._shape.name
        figures.append(at_most(f"export_rest_{name}_memory", self._memory, "MB", _MOST_MEMORY))
        figures.append(at_most(f"export_rest_{name}_in_flight", self._most, "sends", self._shape.in_flight))
        return figures

    def _at(self, latency: int, bar: float, template: str) -> Iterator[Figure]:
        self._latency = latency
        rounds = [
            (self._export(), self._export_postgresql(template), self._send_bare()) for _ in range(_ROUNDS)
        ]
        sqlite, postgresql, bare = (
            self._shape.records / median(column) for column in zip(*rounds, strict=True)
        )
        suffix = f"{self._shape.name}_{latency}ms"
        yield compared(f"export_rest_{suffix}", sqlite, "claims/s", bare, bar)
        yield compared(f"export_postgresql_{suffix}", postgresql, "claims/s", bare, bar * _POSTGRESQL_SHARE)

    def _set_up(self, folder: Path, database_url: str = "") -> None:
        shape = self._shape
        typed = {
            "base_url": self._system.url,
            "api_key": self._system.found["keys"]["full"],
            "batch": str(shape.batch),
            "in_flight": str(shape.in_flight),
        }
        asyncio.run(set_up_rest(folder, typed, claims(shape.records), database_url=database_url))

    def _export(self, *words: str) -> float:
        with _copied(self._folder / "fresh") as copy:
            return self._run(copy, *words)

    def _export_postgresql(self, template: str) -> float:
        with self._postgresql.copied(template) as url:
            return self._run(self._folder / "fresh_postgresql", "--database", url)

    def _run(self, folder: Path, *words: str) -> float:
        self._forget()
        result = run_child("rest_exporter", str(folder), *words)
        self._check_booked(result)
        self._memory = max(self._memory, result["peak"])
        self._most = max(self._most, result["most_in_flight"])
        return float(result["seconds"])

    def _send_bare(self) -> float:
        self._forget()
        words = (
            str(self._bodies),
            f"{self._system.url}/api/vouchers",
            "X-Api-Key",
            str(self._shape.in_flight),
        )
        result = run_child("bare_client", *words, stdin=self._system.found["keys"]["full"])
        self._check_booked(None)
        return float(result["seconds"])

    def _forget(self) -> None:
        """Let the sandbox forget what it has booked; its latency too, so that is set again."""
        self._system.reset()
        self._system.post("settings", {"latency_ms": self._latency})

    def _check_booked(self, result: Mapping[str, Any] | None) -> None:
        """Raise unless every claim was booked once."""
        stats = self._system.stats()
        booked = (stats["vouchers"], stats["doubles"])
        delivered = result["delivered"] if result else self._shape.records
        if booked != (self._shape.records, 0) or delivered != self._shape.records:
            detail = f"{booked[0]} vouchers, {booked[1]} doubled, {delivered} delivered"
            raise RuntimeError(detail)


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)
