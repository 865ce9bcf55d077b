"""A worker dies at each step of an export, once on each database; another one finishes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faults.campaign import fresh
from faults.installation import Installation
from faults.ledger import LedgerView
from faults.named_steps import Outcome, StepTrial
from faults.postgresql import Cluster
from faults.processes import Workers, workers
from faults.steps import STEPS
from faults.systems import System, rest

RECORDS = 40
AT_ONCE = 8


@pytest.fixture
def system(found: dict[str, Any]) -> System:
    return rest(found["generic_rest"], batch_size=10)


@pytest.fixture(params=["sqlite", "postgresql"])
async def copies(
    request: pytest.FixtureRequest, system: System, tmp_path: Path
) -> AsyncIterator[list[Installation]]:
    """One installation a step, all alike and without records."""
    cluster: Cluster | None = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    (tmp_path / "template").mkdir()
    async with fresh(system, tmp_path / "template", cluster, "named_steps") as first:
        plan = first.plan
    async with AsyncExitStack() as stack:
        opened = []
        for step in STEPS:
            place = tmp_path / step
            shutil.copytree(plan.folder, place)
            url = cluster.new(step, template="named_steps") if cluster else ""
            copy = replace(plan, folder=place, database_url=url)
            opened.append(await stack.enter_async_context(Installation.opened(copy)))
        yield opened


async def test_a_death_at_any_step_loses_nothing_and_doubles_nothing(
    copies: list[Installation], system: System
) -> None:
    ledger = LedgerView(system)
    ledger.set_faults("")
    some = asyncio.Semaphore(AT_ONCE)

    async def trial(place: int, step: str, pool: Workers) -> Outcome:
        async with some:
            # Records of their own, so that each has references of its own in the one ledger.
            first = 1 + place * RECORDS
            return await StepTrial(copies[place], ledger, pool).die_at(step, first, RECORDS)

    with workers() as pool:
        outcomes = await asyncio.gather(*(trial(place, step, pool) for place, step in enumerate(STEPS)))
    assert [item.step for item in outcomes if not item.died] == []
    assert [item for item in outcomes if not item.judgement.clean or item.judgement.records != RECORDS] == []
    assert [item for item in outcomes if item.sent_again > item.in_flight] == []
    assert [item for item in outcomes if item.sent_by_a_further_start] == []
