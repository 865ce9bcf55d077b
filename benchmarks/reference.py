"""How long it takes to read a chart of 20,000 accounts anew, and how much memory."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.instance import LOOPBACK, set_up
from benchmarks.pace import ACCOUNTS, business_central
from benchmarks.processes import Sandbox, run_child, sandbox
from benchmarks.report import Figure, at_most
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock

_KIND: Final = "dynamics_bc"
_SECONDS: Final = 3.0
_MOST_MEMORY: Final = 60.0
_MOST_GROWTH: Final = 10.0


def measure() -> list[Figure]:
    """Read Business Central's lists, its limits on and answering at once, a dozen times into SQLite."""
    with TemporaryDirectory(prefix="ia-bench-") as name, sandbox("dynamics", limits=True) as far_side:
        far_side.post("settings", {"accounts": ACCOUNTS})
        asyncio.run(_set_up(Path(name), far_side))
        return list(_figures(Path(name)))


def _figures(folder: Path) -> Iterator[Figure]:
    result = run_child("refresher", str(folder), _KIND)
    if result["accounts"] < ACCOUNTS:
        detail = f"{result['accounts']} of {ACCOUNTS} accounts were read"
        raise RuntimeError(detail)
    yield at_most("reference_refresh_20000", median(result["seconds"]), "s", _SECONDS)
    yield at_most("reference_refresh_memory", result["peak"], "MB", _MOST_MEMORY)
    yield at_most("reference_refresh_growth", result["growth"], "MB", _MOST_GROWTH)


async def _set_up(folder: Path, far_side: Sandbox) -> None:
    async with OutboundClient(allow=LOOPBACK) as client:
        adapter = CATALOG[_KIND](client, SystemClock())
        await set_up(folder, business_central(far_side.found), (), adapter=adapter)
