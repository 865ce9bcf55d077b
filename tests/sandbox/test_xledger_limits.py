"""The limits: twenty requests in five seconds, two at once, and credits."""

import asyncio

import httpx2

from tests.fakes import FakeClock
from tests.sandbox.held import HeldClock
from tests.sandbox.xledger import XledgerSandbox, voucher, xledger_sandbox

PING = "{ viewer { entity { code } } }"


def _code(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["code"])


async def test_the_twenty_first_request_in_five_seconds_is_refused(clock: FakeClock) -> None:
    async with xledger_sandbox(limits=True, clock=clock) as sandbox:
        for _ in range(20):
            await sandbox.data(PING)
        refused = await sandbox.post(PING)
        assert refused.status_code == 200
        assert _code(refused) == "BAD_REQUEST.BURST_RATE_LIMIT_REACHED"
        assert "data" not in refused.json()
        await sandbox.data(PING, by="branch")
        clock.advance(5)
        await sandbox.data(PING)
        assert (await sandbox.stats())["errors"] == {"BAD_REQUEST.BURST_RATE_LIMIT_REACHED": 1}


async def test_a_third_request_at_the_same_time_is_refused() -> None:
    clock = HeldClock()
    async with xledger_sandbox(limits=True, latency=0.4, clock=clock) as sandbox:
        asking = [asyncio.create_task(sandbox.post(PING)) for _ in range(3)]
        (refused,), held = await asyncio.wait(asking, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        clock.go_on.set()
        assert _code(refused.result()) == "BAD_REQUEST.CONCURRENCY_LIMIT_REACHED"
        assert ["errors" in (await answered).json() for answered in held] == [False, False]
        await sandbox.data(PING)


async def test_without_credits_the_answer_says_when_there_are_more(clock: FakeClock) -> None:
    async with xledger_sandbox(limits=True, clock=clock) as sandbox:
        await sandbox.change("tokens/full/credits", {"remaining": 0, "reset_in": 90})
        answer = await sandbox.post(PING)
        assert answer.status_code == 200
        assert _code(answer) == "BAD_REQUEST.INSUFFICIENT_CREDITS"
        # Norwegian local time without an offset, whatever the clock's own zone is.
        assert answer.json()["errors"][0]["extensions"] == {"resetAt": "2026-11-21T13:01:30"}
        clock.advance(90)
        await sandbox.data(PING)


async def test_reading_and_sending_use_credits(clock: FakeClock) -> None:
    async with xledger_sandbox(limits=True, clock=clock) as sandbox:
        await sandbox.change("tokens/full/credits", {"remaining": 2, "reset_in": 90})
        await sandbox.add(voucher())
        assert _code(await sandbox.add(voucher())) == "BAD_REQUEST.INSUFFICIENT_CREDITS"
        assert len(await sandbox.ledger()) == 1


async def test_limits_can_be_turned_off(sandbox: XledgerSandbox) -> None:
    answers = await asyncio.gather(*(sandbox.post(PING) for _ in range(30)))
    assert all("errors" not in answer.json() for answer in answers)
