"""No more than Xledger takes: 20 requests in 5 seconds, one at a time for each token."""

import asyncio

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Gates, Pace
from integration_admin.core.secret import Secret
from tests.adapters.xledger.fake_http import CREDENTIALS, FakeHTTP, found
from tests.fakes import FakeClock


async def lookups(adapter: XledgerAdapter, count: int, credentials: Credentials = CREDENTIALS) -> None:
    for _ in range(count):
        await adapter.lookup(credentials, ["IAREF1"])


async def test_no_five_seconds_ever_hold_more_than_twenty_requests(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = lambda _: found()
    http.seconds = 0.05
    await lookups(adapter, 90)
    times = [request.at for request in http.requests]
    for start in times:
        assert sum(start <= moment < start + 5.0 for moment in times) <= 20


async def test_the_pace_is_used_in_full(adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock) -> None:
    http.always = lambda _: found()
    await lookups(adapter, 201)
    assert clock.monotonic() == pytest.approx(50.0)


async def test_twenty_requests_after_a_pause_go_out_at_once(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.always = lambda _: found()
    await lookups(adapter, 20)
    clock.advance(5.0)
    before = clock.monotonic()
    await lookups(adapter, 20)
    assert clock.monotonic() == before


async def test_each_token_has_a_pace_of_its_own(
    adapter: XledgerAdapter, http: FakeHTTP, clock: FakeClock
) -> None:
    http.always = lambda _: found()
    other = Credentials({"environment": "demo"}, {"token": Secret("another-token")})
    await lookups(adapter, 20)
    await lookups(adapter, 20, other)
    assert clock.slept == []


async def test_one_token_never_has_two_requests_under_way(clock: FakeClock) -> None:
    gate = Gates(Pace(1000, 1.0), clock).of(Secret("abc"))
    inside = most = 0

    async def pass_through() -> None:
        nonlocal inside, most
        async with gate.passage():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(pass_through() for _ in range(20)))
    assert most == 1


async def test_a_failed_request_counts_too(clock: FakeClock) -> None:
    gate = Gates(Pace(1, 5.0), clock).of(Secret("abc"))
    with pytest.raises(OSError, match="broken"):
        async with gate.passage():
            raise OSError("broken")  # noqa: EM101  # stands for what a connection raises
    async with gate.passage():
        pass
    assert clock.slept == [5.0]


async def test_the_gates_remember_no_token_and_forget_what_is_idle(clock: FakeClock) -> None:
    gates = Gates(Pace(20, 5.0), clock)
    secrets = [Secret(f"canary-{number}") for number in range(50)]
    for secret in secrets:
        async with gates.of(secret).passage():
            pass
        clock.advance(6.0)
    assert "canary" not in repr(vars(gates))
    assert len(vars(gates)["_gates"]) == 1
    assert gates.of(secrets[-1]) is gates.of(secrets[-1])
