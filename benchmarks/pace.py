"""How much of what a vendor's published limits allow an export really uses, and whether it ever meets them."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import exporter
from benchmarks.claims import claim
from benchmarks.instance import set_up
from benchmarks.processes import Sandbox, run_child, sandbox
from benchmarks.report import Figure, compared
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock

_LINES = 3
_SECONDS = 60.0
"""About how long an export at the vendor's limit takes here; long enough that a burst at the start counts little."""


@dataclass(frozen=True, slots=True)
class _System:
    """One vendor: what is typed into its form, and how many lines in a second its limits allow."""

    figure: str
    kind: str
    sandbox: str
    typed: Callable[[dict[str, Any]], dict[str, str]]
    latency: tuple[str, str, float]
    """The sandbox's route, its switch, and 80 ms in that switch's unit."""
    lines: float
    bar: float


_SYSTEMS = (
    _System(
        "xledger_pace",
        "xledger",
        "xledger",
        lambda found: {
            "environment": "custom",
            "endpoint": found["endpoint"],
            "token": found["tokens"]["full"],
        },
        ("behaviour", "latency", 0.08),
        20 / 5 * 500,
        0.95,
    ),
)


def measure() -> list[Figure]:
    """Export for about a minute to each system with its limits on and 80 ms away."""
    return [figure for system in _SYSTEMS for figure in _figures(system)]


def _figures(system: _System) -> Iterator[Figure]:
    count = int(system.lines * _SECONDS) // (_LINES + 1)
    with (
        TemporaryDirectory(prefix="ia-bench-") as name,
        sandbox(system.sandbox, limits=True) as far_side,
    ):
        route, switch, value = system.latency
        far_side.post(route, {switch: value})
        folder = Path(name)
        asyncio.run(_set_up(folder, system, far_side, count))
        result = run_child("exporter", str(folder), exporter.PACED, system.kind)
        stats = far_side.stats()
    if result["delivered"] != count:
        detail = f"{result['delivered']} of {count} claims were delivered"
        raise RuntimeError(detail)
    rate = count * (_LINES + 1) / result["seconds"]
    refused = sum(stats["errors"].values())
    yield compared(system.figure, rate, "lines/s", system.lines, system.bar)
    yield Figure(f"{system.figure}_refused", refused, "requests", bar=0, holds=refused == 0)


async def _set_up(folder: Path, system: _System, far_side: Sandbox, count: int) -> None:
    async with OutboundClient(allow=("127.0.0.1/32",)) as client:
        await set_up(
            folder,
            system.typed(far_side.found),
            (claim(number, _LINES) for number in range(1, count + 1)),
            adapter=CATALOG[system.kind](client, SystemClock()),
        )
