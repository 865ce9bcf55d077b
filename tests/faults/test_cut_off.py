"""A worker is cut off: from PostgreSQL while the accounting system answers, and the other way round."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.claims import claim
from faults.campaign import calm, fresh
from faults.events import TAKEN, EventReader
from faults.installation import Installation
from faults.ledger import LedgerView, judge
from faults.postgresql import Cluster
from faults.processes import workers
from faults.proxy import Harm, ProxyThread, proxied
from faults.systems import System, rest, through
from faults.times import PROCESSING_SECONDS, QUIET_SECONDS, SEND_SECONDS
from faults.waiting import until

RECORDS = 300
LATENCY_SECONDS = 0.1
LONG = SEND_SECONDS + PROCESSING_SECONDS + QUIET_SECONDS + 0.5
"""Seconds in which another worker could have looked everything up and sent it again."""
BETWEEN = 0.4


@pytest.fixture
def system(found: dict[str, Any]) -> System:
    return rest(found["generic_rest"])


async def receive(installation: Installation, first: int = 1, last: int = RECORDS) -> None:
    await installation.receive([claim(number, 2) for number in range(first, last + 1)])
    LedgerView(installation.plan.system).set_latency(LATENCY_SECONDS)
    await installation.press_synchronise()


async def harm(proxy: ProxyThread, what: Harm, seconds: float) -> None:
    await asyncio.to_thread(proxy.change, what)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(proxy.change, Harm())


async def until_taken_by(workers: int, events: Path) -> None:
    reader, pids = EventReader(events), set[int]()

    async def taken() -> bool:
        pids.update(event.pid for event in reader.new() if event.name == TAKEN)
        return len(pids) == workers

    await until(taken)


async def check(installation: Installation) -> None:
    await installation.until_at_rest()
    judgement = judge(await installation.kept(), LedgerView(installation.plan.system).entries())
    assert judgement.clean, judgement
    assert judgement.records == RECORDS


@pytest.fixture
async def on_postgresql(system: System, cluster: Cluster, tmp_path: Path) -> AsyncIterator[Installation]:
    calm(system)
    async with fresh(system, tmp_path, cluster, "cut_off") as installation:
        yield installation


async def test_a_worker_cut_off_from_postgresql_doubles_nothing(
    on_postgresql: Installation, cluster: Cluster
) -> None:
    plan = on_postgresql.plan
    with proxied(cluster.socket) as proxy, workers() as pool:
        # One worker can be cut off; the other reaches the server directly and takes over.
        behind = replace(plan, database_url=cluster.through(plan.database_url, proxy.port))
        pool.start(behind)
        await receive(on_postgresql, last=RECORDS // 2)
        await on_postgresql.until_delivered(1)
        await asyncio.to_thread(proxy.change, Harm(down=True))
        pool.start(plan)
        # However far the first worker came, something is left for the second.
        await receive(on_postgresql, first=RECORDS // 2 + 1)
        await asyncio.gather(asyncio.sleep(LONG), until_taken_by(2, plan.events))
        await asyncio.to_thread(proxy.change, Harm())
        await on_postgresql.until_delivered(1)
        for what, seconds in (
            (Harm(half_open=True), LONG),
            (Harm(latency=0.05, jitter=0.05), 1.0),
            (Harm(down=True), BETWEEN),
        ):
            await harm(proxy, what, seconds)
            await on_postgresql.until_delivered(1)
        for _ in range(3):
            await asyncio.to_thread(proxy.cut)
            await on_postgresql.until_delivered(1)
        await check(on_postgresql)


@pytest.mark.parametrize(
    "harms",
    [
        (Harm(reset_after=20), Harm(cut_after=60), Harm(half_open=True)),
        (Harm(drip=0.02), Harm(down=True), Harm(latency=0.3, jitter=0.3)),
    ],
    ids=["torn", "slow"],
)
async def test_a_worker_cut_off_from_the_accounting_system_doubles_nothing(
    system: System, tmp_path: Path, harms: tuple[Harm, ...]
) -> None:
    calm(system)
    with proxied(system.address) as proxy, workers() as pool:
        async with fresh(through(system, proxy.port), tmp_path) as installation:
            for _ in range(2):
                pool.start(installation.plan)
            await receive(installation)
            for what in harms:
                await installation.until_delivered(1)
                await harm(proxy, what, SEND_SECONDS + BETWEEN)
            await check(installation)
