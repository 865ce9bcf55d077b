"""Faults on purpose: what was done, and what the client saw of it."""

import asyncio
from contextlib import suppress

import httpx2
import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.faults import Fault, FaultPlan, parse_faults
from tests.sandbox.xledger import voucher, xledger_sandbox

PING = "{ viewer { entity { code } } }"


async def test_drop_after_books_the_voucher_and_cuts_the_connection() -> None:
    async with xledger_sandbox(faults="drop_after=1") as sandbox:
        with pytest.raises(httpx2.TransportError):
            await sandbox.add(voucher("REF1"))
        assert [entry["reference"] for entry in await sandbox.ledger()] == ["REF1"]
        assert (await sandbox.stats())["faults"] == {"drop_after": 1}


async def test_drop_before_books_nothing() -> None:
    async with xledger_sandbox(faults="drop_before=1") as sandbox:
        with pytest.raises(httpx2.TransportError):
            await sandbox.add(voucher())
        assert await sandbox.ledger() == []


async def test_error500_after_books_the_voucher_and_says_it_failed() -> None:
    async with xledger_sandbox(faults="error500_after=1") as sandbox:
        answer = await sandbox.add(voucher("REF1"))
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        assert [entry["reference"] for entry in await sandbox.ledger()] == ["REF1"]


async def test_error503_books_nothing_and_asks_to_come_back() -> None:
    async with xledger_sandbox(faults="error503=1") as sandbox:
        answer = await sandbox.add(voucher())
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert await sandbox.ledger() == []


async def test_late_books_at_once_and_answers_after_the_client_gave_up() -> None:
    async with xledger_sandbox(faults="late=1,late_seconds=30") as sandbox:
        sending = asyncio.create_task(sandbox.add(voucher("REF1")))
        while not await sandbox.ledger():
            assert not sending.done()
        assert not sending.done()
        sending.cancel()
        await asyncio.wait([sending])


async def test_late_answers_a_client_that_waits() -> None:
    async with xledger_sandbox(faults="late=1,late_seconds=0.05") as sandbox:
        assert "errors" not in (await sandbox.add(voucher())).json()


async def test_slow_takes_its_time_and_then_all_is_well() -> None:
    async with xledger_sandbox(faults="slow=1,slow_seconds=0.2") as sandbox:
        before = asyncio.get_running_loop().time()
        await sandbox.data(PING)
        assert asyncio.get_running_loop().time() - before >= 0.2


async def test_the_plan_can_be_changed_on_the_way_and_a_reset_brings_the_first_one_back() -> None:
    async with xledger_sandbox(faults="error503=1") as sandbox:
        assert (await sandbox.post(PING)).status_code == 503
        await sandbox.change("faults", {"spec": ""})
        assert (await sandbox.post(PING)).status_code == 200
        await sandbox.change("reset")
        assert (await sandbox.post(PING)).status_code == 503


async def test_a_malformed_plan_is_refused_and_the_old_one_stays() -> None:
    async with xledger_sandbox(faults="error503=1") as sandbox:
        answer = await sandbox.http.post(f"{sandbox.url}/_sandbox/faults", json={"spec": "storm=1"})
        assert answer.status_code == 400
        assert "storm" in answer.json()["error"]
        assert (await sandbox.post(PING)).status_code == 503


@pytest.mark.parametrize(
    "spec",
    [
        *("storm=1", "slow", "slow=x", "slow=2", "late=-1", "slow=0.6,late=0.6", "slow=nan"),
        *("late_commit_seconds=-1", "late_commit_seconds=3601"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_faults(spec)


def test_a_plan_names_every_fault_and_how_long_the_slow_ones_take() -> None:
    share = 1 / len(Fault)
    spec = parse_faults(
        ",".join(f"{fault}={share}" for fault in Fault)
        + ", slow_seconds=1, late_seconds=2, late_commit_seconds=0.5"
    )
    assert dict(spec.shares) == dict.fromkeys(Fault, share)
    assert (spec.slow_seconds, spec.late_seconds, spec.late_commit_seconds) == (1.0, 2.0, 0.5)


@pytest.mark.parametrize(
    ("fault", "seen", "booked"),
    [
        ("rate_limited", 429, 0),
        ("rate_limited_bare", 429, 0),
        ("half_body", None, 1),
        ("reset", None, 1),
        ("late_commit", None, 1),
        ("wrong_json", 200, 1),
        ("idless", 200, 1),
        ("duplicate", 200, 2),
    ],
)
async def test_the_other_faults_hit_xledger_too(fault: str, seen: int | None, booked: int) -> None:
    async with xledger_sandbox(faults=f"{fault}=1,late_commit_seconds=0") as sandbox:
        status = None
        with suppress(httpx2.TransportError):
            status = (await sandbox.add(voucher("REF1"))).status_code
        assert status == seen
        async with asyncio.timeout(20):
            while len(await sandbox.ledger()) != booked:
                pass


def test_the_same_seed_makes_the_same_faults_in_the_asked_shares() -> None:
    spec = "drop_after=0.05,error503=0.10"
    first, second = FaultPlan(spec, 7), FaultPlan(spec, 7)
    drawn = [first.draw() for _ in range(10_000)]
    assert drawn == [second.draw() for _ in range(10_000)]
    assert 400 < drawn.count(Fault.DROP_AFTER) < 600
    assert 850 < drawn.count(Fault.ERROR503) < 1_150
    assert FaultPlan(spec, 8).draw() in {None, *Fault}


async def test_the_sandboxs_own_routes_have_no_faults() -> None:
    async with xledger_sandbox(faults="drop_before=1") as sandbox:
        assert (await sandbox.http.get(sandbox.url)).status_code == 200
