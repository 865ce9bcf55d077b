"""The short form of `make faults`: 2,000 records, 60 kills and 30 pauses over both databases together."""

import asyncio
from typing import Any

from faults.campaign import storm_on_postgresql, storm_on_sqlite
from faults.postgresql import Cluster
from faults.sandboxes import sandboxes
from faults.storm import StormPlan, Toll
from faults.systems import rest

RECORDS, KILLS, STOPS = 1_000, 30, 15


def check(toll: Toll) -> None:
    assert toll.judgement.clean, toll
    assert (toll.judgement.records, toll.kills, toll.stops) == (RECORDS, KILLS, STOPS)
    assert toll.ended == 0
    assert toll.recoveries, "no kill hit a worker at work"
    assert max(toll.recoveries) < 60
    assert sum(toll.faults.values()) > 0.15 * toll.calls


async def test_storms_over_both_databases_lose_nothing_and_double_nothing(
    found: dict[str, Any], cluster: Cluster
) -> None:
    with sandboxes(seed=2) as others:
        on_sqlite, on_postgresql = await asyncio.gather(
            storm_on_sqlite(rest(found["generic_rest"]), StormPlan(RECORDS, KILLS, STOPS, seed=1)),
            storm_on_postgresql(
                rest(others["generic_rest"]),
                StormPlan(RECORDS, KILLS, STOPS, seed=2),
                cluster,
                cuts=6,
                restarts=3,
            ),
        )
    check(on_sqlite)
    check(on_postgresql)
    assert (on_sqlite.overlaps, on_sqlite.not_started) == (0, 0)
    assert on_postgresql.extra.total() == 9
