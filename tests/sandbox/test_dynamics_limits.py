"""How much the simulated Business Central takes: at the same time, in five minutes, in one body, and how slowly."""

import asyncio

import pytest

from integration_admin.sandbox.dynamics.behaviour import Behaviour
from integration_admin.sandbox.dynamics.business_central import endpoint
from integration_admin.sandbox.dynamics.business_central.limits import Limiter, Refused
from tests.fakes import FakeClock
from tests.sandbox.dynamics import DynamicsSandbox, dynamics_sandbox, line


async def test_five_requests_run_at_a_time_and_the_others_wait() -> None:
    async with dynamics_sandbox(limits=True, clock=None) as sandbox:
        await sandbox.here()
        await sandbox.change("settings", {"latency_ms": 100})
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(sandbox.get("journals") for _ in range(12)))
        # Twelve requests in rows of five take three times as long as one.
        assert asyncio.get_running_loop().time() - began >= 0.3
        stats = await sandbox.stats()
        assert (stats["most_in_flight"], stats["in_flight"], stats["rate_limited"]) == (5, 0, 0)


async def test_so_many_requests_in_five_minutes_are_taken_and_one_more_is_not() -> None:
    clock = FakeClock()
    async with dynamics_sandbox(limits=True, clock=clock) as sandbox:
        await sandbox.change("settings", {"window_requests": 3})
        await sandbox.here()
        clock.advance(200)
        await sandbox.get("journals")
        await sandbox.get("journals")
        refused = await sandbox.call("GET", "journals")
        assert (refused.status_code, refused.text) == (429, "Too Many Requests")
        assert "retry-after" not in refused.headers
        assert (await sandbox.stats())["rate_limited"] == 1
        # The window slides: the first request leaves it, the two later ones do not.
        clock.advance(100)
        await sandbox.get("journals")
        assert (await sandbox.call("GET", "journals")).status_code == 429


async def test_six_thousand_requests_in_five_minutes_are_the_usual_limit() -> None:
    limiter, most = Limiter(FakeClock()), Behaviour().window_requests
    for _ in range(6_000):
        async with limiter.admit("app", most):
            pass
    with pytest.raises(Refused):
        async with limiter.admit("app", most):
            pass
    async with limiter.admit("another app", most):
        pass


async def test_when_too_many_wait_the_next_one_is_refused() -> None:
    limiter = Limiter(FakeClock())
    done = asyncio.Event()

    async def hold() -> None:
        async with limiter.admit("app", 6_000):
            await done.wait()

    holding = [asyncio.create_task(hold()) for _ in range(100)]
    await asyncio.sleep(0)
    with pytest.raises(Refused):
        await hold()
    done.set()
    await asyncio.gather(*holding)
    assert (limiter.most_in_flight, limiter.in_flight) == (5, 0)


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(dynamics: DynamicsSandbox) -> None:
    host, _, port = dynamics.url.removeprefix("http://").partition(":")
    path = dynamics.found["business_central"].removeprefix(dynamics.url)
    headers = await dynamics.bearer()
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {path}/$batch HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {headers['Authorization']}\r\n"
        f"Content-Length: {endpoint.LARGEST_BODY + 1}\r\n\r\n".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_whoever_does_not_wait_has_it_done_all_the_same(clock: FakeClock) -> None:
    async with dynamics_sandbox(clock=clock) as sandbox:
        journal = await sandbox.journal()
        await sandbox.change("settings", {"latency_ms": 5_000})
        await sandbox.make(f"journals({journal})/journalLines", line())
        assert clock.slept == [5.0]
        assert await sandbox.booked() == ["REF1"]


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"amount": NaN}', b"[" * 5_000, b"\xff"],
)
async def test_a_body_that_is_no_json_is_refused(dynamics: DynamicsSandbox, body: bytes) -> None:
    path = f"journals({await dynamics.journal()})/journalLines"
    refused = await dynamics.refused("POST", path, body, Content_Type="application/json")
    assert refused == (400, "BadRequest", "The request body is not valid JSON.")
