"""How much of what a vendor's published limits allow an export really uses, and whether it ever meets them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks import exporter
from benchmarks.claims import MAPPING, claim
from benchmarks.instance import LOOPBACK, set_up
from benchmarks.processes import Sandbox, run_child, sandbox
from benchmarks.report import Figure, at_most, compared
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.mapping import FieldMapping

LINES: Final = 3
SECONDS: Final = 60.0
"""About how long an export at the vendor's limit takes here; long enough that a burst at the start counts little."""
ACCOUNTS: Final = 20_000
_MOST_GROWTH: Final = 10.0


def business_central(found: Mapping[str, Any]) -> dict[str, str]:
    """Return what is typed into the form to reach the sandbox Business Central, from what it announced."""
    names = ("endpoint", "tenant", "client_id", "client_secret", "environment", "company", "journal")
    return {"cloud": "custom", **{name: found[name] for name in names}}


@dataclass(frozen=True, slots=True)
class System:
    """One vendor: what is typed into its form, and how many lines in a second its limits allow."""

    figure: str
    kind: str
    sandbox: str
    typed: Callable[[Mapping[str, Any]], dict[str, str]]
    route: str
    """The sandbox's route for its switches."""
    switches: Mapping[str, float]
    """80 ms of latency in the sandbox's unit, and how large its chart is where it can be made large."""
    lines: float
    bar: float
    mapping: Mapping[str, FieldMapping] = field(default_factory=lambda: MAPPING)


_CENTRAL: Final = {"latency_ms": 80.0, "accounts": ACCOUNTS}

SYSTEMS: Final = (
    System(
        "xledger_pace",
        "xledger",
        "xledger",
        lambda found: {
            "environment": "custom",
            "endpoint": found["endpoint"],
            "token": found["tokens"]["full"],
        },
        "behaviour",
        {"latency": 0.08},
        20 / 5 * 500,
        0.95,
    ),
    System(
        "business_central_pace",
        "dynamics_bc",
        "dynamics",
        business_central,
        "settings",
        _CENTRAL,
        6_000 / 300 * 100,
        0.90,
    ),
    System(
        "business_central_pace_dimensions",
        "dynamics_bc",
        "dynamics",
        lambda found: {**business_central(found), "dimensions": "AVDELING"},
        "settings",
        _CENTRAL,
        # A line's dimension needs an operation of its own in a second batch, so half as many lines go through.
        6_000 / 300 * 100 / 2,
        0.90,
        mapping=MAPPING | {"dimension_1": FieldMapping(source="department")},
    ),
)


def measure() -> list[Figure]:
    """Export for about a minute to each system with its limits on and 80 ms away."""
    return [figure for system in SYSTEMS for figure in figures(system)]


def figures(system: System, seconds: float = SECONDS) -> Iterator[Figure]:
    """Yield what an export at the system's limit, which takes about so many seconds, came to."""
    count = int(system.lines * seconds) // (LINES + 1)
    with (
        TemporaryDirectory(prefix="ia-bench-") as name,
        sandbox(system.sandbox, limits=True) as far_side,
    ):
        far_side.post(system.route, dict(system.switches))
        folder = Path(name)
        asyncio.run(_set_up(folder, system, far_side, count))
        result = run_child("exporter", str(folder), exporter.PACED, system.kind)
        stats = far_side.stats()
    if result["delivered"] != count or stats["doubles"]:
        detail = f"{result['delivered']} of {count} claims were delivered, {stats['doubles']} twice"
        raise RuntimeError(detail)
    rate = count * (LINES + 1) / result["seconds"]
    refused = sum(stats["errors"].values())
    yield compared(system.figure, rate, "lines/s", system.lines, system.bar)
    yield Figure(f"{system.figure}_refused", refused, "requests", bar=0, holds=refused == 0)
    yield at_most(f"{system.figure}_growth", result["growth"], "MB", _MOST_GROWTH)


async def _set_up(folder: Path, system: System, far_side: Sandbox, count: int) -> None:
    async with OutboundClient(allow=LOOPBACK) as client:
        await set_up(
            folder,
            system.typed(far_side.found),
            (claim(number, LINES) for number in range(1, count + 1)),
            adapter=CATALOG[system.kind](client, SystemClock()),
            mapping=system.mapping,
        )
