"""Who asks too often is told to wait, by caller and by address; nobody else is."""

import asyncio
import time

import httpx2
import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerSecond
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from integration_admin.api.rate_limits import Limits, RateLimits, RequestLimit
from integration_admin.core.errors import TooManyAttempts
from integration_admin.core.settings import Settings


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    await Response("done")(scope, receive, send)


def client(limits: RateLimits, **settings: int) -> httpx2.AsyncClient:
    app = RequestLimit(application, Settings(**settings), limits)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:3000")


def limits(caller: int, address: int) -> RateLimits:
    return RateLimits(Limits(RateLimitItemPerHour(caller), RateLimitItemPerHour(address)))


async def test_a_token_that_asks_too_often_is_told_when_to_come_again() -> None:
    async with client(limits(2, 100)) as asking:
        one, other = ({"Authorization": f"Bearer ia_{name}", "Accept-Language": "en"} for name in "ab")
        for _ in range(2):
            assert (await asking.post("/api/v1/records", headers=one, content=b"x" * 100_000)).text == "done"
        refused = await asking.post("/api/v1/records", headers=one, content=b"x" * 100_000)
        assert (await asking.get("/api/v1/records", headers=other)).status_code == 200
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert 3_590 <= int(refused.headers["retry-after"]) <= 3_600
    assert refused.json()["detail"] == "Too many requests have come at once. Wait a moment and try again."


async def test_an_address_is_counted_whatever_tokens_it_tries() -> None:
    async with client(limits(100, 3), trusted_proxies=1) as asking:
        for number in range(5):
            answer = await asking.get(
                "/api/v1/records",
                headers={"Authorization": f"Bearer {number}", "X-Forwarded-For": "192.0.2.1"},
            )
        elsewhere = await asking.get("/api/v1/records", headers={"X-Forwarded-For": "192.0.2.2"})
    assert (answer.status_code, elsewhere.status_code) == (429, 200)


async def test_who_brings_no_token_takes_nothing_from_others_without_one() -> None:
    async with client(limits(2, 5), trusted_proxies=1) as asking:
        for _ in range(6):
            flooding = await asking.get("/api/docs", headers={"X-Forwarded-For": "192.0.2.1"})
        elsewhere = await asking.get("/api/docs", headers={"X-Forwarded-For": "192.0.2.2"})
    assert (flooding.status_code, elsewhere.status_code) == (429, 200)


@pytest.mark.parametrize(
    ("path", "status"), [("/auth/sign-out", 429), ("/download/x", 429), ("/app.css", 200)]
)
async def test_sessions_are_counted_apart_and_files_of_the_page_are_not(path: str, status: int) -> None:
    async with client(limits(1, 100)) as asking:
        for _ in range(2):
            answer = await asking.get(path, headers={"Cookie": "session=one"})
        other = await asking.get(path, headers={"Cookie": "session=two"})
    assert (answer.status_code, other.status_code) == (status, 200)


async def test_who_is_slowed_down_loses_nothing_and_holds_up_nobody() -> None:
    slow = RateLimits(Limits(RateLimitItemPerSecond(2), RateLimitItemPerSecond(100)))
    begun = time.monotonic()
    flood = asyncio.gather(*(slow.pace("flooding", "192.0.2.1") for _ in range(3)))
    await slow.pace("somebody else", "192.0.2.1")
    assert not flood.done()
    await flood
    assert time.monotonic() - begun >= 0.9


async def test_a_refusal_tells_the_log_nothing_of_the_caller() -> None:
    narrow = limits(1, 10)
    await narrow.check("caller", "192.0.2.1")
    with pytest.raises(TooManyAttempts) as caught:
        await narrow.check("caller", "192.0.2.1")
    assert "caller" not in f"{caught.value} {caught.value.internal}"
