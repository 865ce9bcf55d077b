"""Storms on each database: what is set up for one, and what befalls PostgreSQL besides."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from faults.installation import Installation
from faults.ledger import LedgerView
from faults.postgresql import Cluster
from faults.processes import workers
from faults.recovery import RecoveryTrial
from faults.storm import Deed, Storm, StormPlan, Toll
from faults.systems import BAD_QUARTER, System
from faults.worker_process import WorkerPlan

DATABASES = ("sqlite", "postgresql")
_DOWN_SECONDS = 1.5
_LATENCY_SECONDS = 0.05


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for one installation, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="ia-faults-") as name:
        yield Path(name)


@asynccontextmanager
async def fresh(
    system: System, place: Path, cluster: Cluster | None = None, name: str = "laboratory"
) -> AsyncIterator[Installation]:
    """Set up an installation in a folder; with a `cluster` its database is there under `name`."""
    url = cluster.new(name) if cluster else ""
    async with Installation.opened(WorkerPlan(place, url, system), fresh=True) as installation:
        yield installation


async def storm_on_sqlite(system: System, plan: StormPlan) -> Toll:
    """Let a storm rage over workers that share one SQLite file. Raises Stuck, Ended."""
    ledger = calm(system)
    with folder() as place, workers() as pool:
        async with fresh(system, place) as installation:
            rough(ledger)
            return await Storm(installation, ledger, pool, plan).rage()


async def storm_on_postgresql(
    system: System, plan: StormPlan, cluster: Cluster, *, cuts: int = 0, restarts: int = 0
) -> Toll:
    """Let a storm rage over workers on PostgreSQL, which is cut off and restarted too. Raises Stuck, Ended."""
    ledger = calm(system)
    with folder() as place, workers() as pool:
        async with fresh(system, place, cluster, f"storm_{plan.seed}") as installation:
            rough(ledger)
            deeds = postgresql_deeds(cluster, installation.plan.database_url, cuts, restarts)
            return await Storm(installation, ledger, pool, plan, deeds).rage()


async def recoveries(system: System, cluster: Cluster | None = None, deaths: int = 3) -> list[float]:
    """Return the seconds dead runs waited at the product's own pace; with a `cluster` on PostgreSQL."""
    ledger = calm(system)
    with folder() as place, workers() as pool:
        async with fresh(system, place, cluster, "recovery") as installation:
            return await RecoveryTrial(installation, ledger, pool).seconds(deaths)


def postgresql_deeds(cluster: Cluster, url: str, cuts: int, restarts: int) -> tuple[Deed, ...]:
    """Return what befalls PostgreSQL: a lock's connection is cut, then all are, and the server goes down."""

    async def cut_lock() -> None:
        await asyncio.to_thread(cluster.cut_lock_holder, url)

    async def cut_all() -> None:
        await asyncio.to_thread(cluster.cut_all, url)

    async def restart() -> None:
        await asyncio.to_thread(cluster.stop, "immediate")
        await asyncio.sleep(_DOWN_SECONDS)
        await asyncio.to_thread(cluster.start)

    return (
        Deed("cut_lock", cuts - cuts // 3, cut_lock),
        Deed("cut_all", cuts // 3, cut_all),
        Deed("restart", restarts, restart),
    )


def calm(system: System) -> LedgerView:
    """Return the sandbox with an empty ledger, behaving well."""
    ledger = LedgerView(system)
    ledger.set_faults("")
    ledger.reset()
    ledger.set_latency(0.0)
    return ledger


def rough(ledger: LedgerView) -> None:
    """Let the sandbox take its time, and every fourth call go wrong."""
    ledger.set_latency(_LATENCY_SECONDS)
    ledger.set_faults(BAD_QUARTER)
