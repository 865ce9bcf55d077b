"""The long form: storms over both databases; prints a table, writes instance/reports/faults.json.

Exit 1 when anything is lost or doubled, or a dead run is not taken up again within a minute.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.report import Figure, at_least, at_most, table, write
from faults.campaign import DATABASES, recoveries, storm_on_postgresql, storm_on_sqlite
from faults.postgresql import running_cluster
from faults.sandboxes import sandboxes
from faults.storm import StormPlan, Toll
from faults.systems import System, rest

_REPORT = Path("instance/reports/faults.json")
_MOST_RECOVERY_SECONDS = 60.0
_CUTS_PER_KILL, _RESTARTS_PER_KILL = 0.2, 0.05


def main() -> int:
    """Go through the storms the command line asks for, both databases at the same time."""
    # Ended from outside, it still kills its workers and removes its server and folders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = _options()
    tolls = asyncio.run(_storms(options))
    figures = list(_figures(tolls, options))
    write(figures, _REPORT)
    sys.stdout.write(f"{table(figures)}\n")
    return 0 if all(figure.holds is not False for figure in figures) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults")
    parser.add_argument("--records", type=int, default=50_000, help="on all databases together")
    parser.add_argument("--kills", type=int, default=1_000, help="SIGKILLs, on all databases together")
    parser.add_argument("--stops", type=int, default=500, help="SIGSTOPs, on all databases together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=DATABASES, action="append", help="one of them only")
    options = parser.parse_args()
    options.database = options.database or list(DATABASES)
    return options


async def _storms(options: argparse.Namespace) -> Mapping[str, tuple[Toll, list[float]]]:
    """Return of each database what the storm did, and how long dead runs waited."""
    share = len(options.database)
    plan = StormPlan(options.records // share, options.kills // share, options.stops // share, options.seed)
    with ExitStack() as stack:
        systems = {
            name: rest(stack.enter_context(sandboxes(seed=place))["generic_rest"])
            for place, name in enumerate(options.database, start=1)
        }
        campaigns = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}
        tolls = await asyncio.gather(*(campaigns[name](systems[name], plan) for name in options.database))
    return dict(zip(options.database, tolls, strict=True))


async def _on_sqlite(system: System, plan: StormPlan) -> tuple[Toll, list[float]]:
    return await storm_on_sqlite(system, plan), await recoveries(system)


async def _on_postgresql(system: System, plan: StormPlan) -> tuple[Toll, list[float]]:
    other = replace(plan, seed=plan.seed + 1)
    cuts, restarts = int(plan.kills * _CUTS_PER_KILL), int(plan.kills * _RESTARTS_PER_KILL)
    with running_cluster() as cluster:
        toll = await storm_on_postgresql(system, other, cluster, cuts=cuts, restarts=restarts)
        return toll, await recoveries(system, cluster)


def _figures(tolls: Mapping[str, tuple[Toll, list[float]]], options: argparse.Namespace) -> Iterator[Figure]:
    """Yield what CONTRACT.md names over all databases, then each database's own."""
    storms = [storm for storm, _ in tolls.values()]
    yield at_least("records", sum(toll.judgement.records for toll in storms), "records", options.records)
    yield at_most("lost", sum(toll.judgement.lost for toll in storms), "records", 0)
    yield at_most("doubled", sum(toll.judgement.doubled for toll in storms), "vouchers", 0)
    yield at_least("kills", sum(toll.kills for toll in storms), "SIGKILL", options.kills)
    yield at_least("stops", sum(toll.stops for toll in storms), "SIGSTOP", options.stops)
    longest = max(seconds for _, waits in tolls.values() for seconds in waits)
    yield at_most("recovery_seconds", longest, "s", _MOST_RECOVERY_SECONDS)
    for name, (storm, _) in tolls.items():
        yield from _of_one(name, storm)


def _of_one(name: str, toll: Toll) -> Iterator[Figure]:
    judgement = toll.judgement
    strays = judgement.foreign + judgement.wrong_amounts + judgement.undelivered
    yield at_most(f"strays_{name}", strays, "records", 0)
    yield at_most(f"difference_{name}", abs(judgement.difference), "minor units", 0)
    yield Figure(f"bad_calls_{name}", sum(toll.faults.values()) / max(toll.calls, 1), "of all")
    yield Figure(f"recoveries_{name}", len(toll.recoveries), "dead runs")
    yield Figure(f"recovery_seconds_{name}", max(toll.recoveries, default=0.0), "s, fast tick")
    yield Figure(f"attempts_per_record_{name}", toll.attempts / max(judgement.records, 1), "attempts")
    yield Figure(f"decided_by_a_person_{name}", toll.decisions.total(), "records")
    yield at_most(f"ended_by_themselves_{name}", toll.ended, "workers", 0)
    yield Figure(f"found_no_database_{name}", toll.not_started, "starts")
    yield Figure(f"seconds_{name}", toll.seconds, "s")
    for deed, times in toll.extra.items():
        yield Figure(f"{deed}_{name}", times, "times")


if __name__ == "__main__":
    sys.exit(main())
