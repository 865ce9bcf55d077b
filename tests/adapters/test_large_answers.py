"""Listings of megabytes: parsed beside everything else, so that pages go on answering meanwhile."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import AdapterError
from tests.adapters.conftest import Serve
from tests.adapters.hostile import answer, answering

MOST = 16_777_216
ROWS = [
    {"number": str(7000 + row), "name": f"Konto {row}", "balance": 0.5, "row": row} for row in range(40_000)
]
LISTING = json.dumps({"value": ROWS}).encode()


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(allow=["127.0.0.1"]) as opened:
        yield opened


async def least_held(work: Callable[[], Awaitable[Any]]) -> float:
    """Return the least of three tries: in one, the collector may look through all that other tests have left."""
    return min([await share_held(work()) for _ in range(3)])


async def share_held(work: Awaitable[Any]) -> float:
    """Return the longest that `work` let nobody else have a turn, as a share of all the processor time it took."""
    task, begun, longest = asyncio.ensure_future(work), time.process_time(), 0.0
    while not task.done():
        before = time.process_time()
        await asyncio.sleep(0.001)
        longest = max(longest, time.process_time() - before)
    await task
    return longest / (time.process_time() - begun)


@pytest.mark.parametrize(
    "body", [LISTING, b"[" + b"{}," * 500_000 + b"0.5]", b"[" + b"0.5," * 500_000 + b"7]"]
)
async def test_a_large_answer_holds_up_nobody_while_it_is_parsed(
    body: bytes, client: OutboundClient, serve: Serve
) -> None:
    server = await serve(answering(answer(body)))

    async def listing() -> Any:
        response = await client.request("GET", f"http://127.0.0.1:{server.port}/", max_bytes=MOST)
        return response.json()

    assert await least_held(listing) < 0.3


async def test_a_large_answer_says_what_a_small_one_would(client: OutboundClient, serve: Serve) -> None:
    server = await serve(answering(answer(LISTING)))
    response = await client.request("GET", f"http://127.0.0.1:{server.port}/", max_bytes=MOST)
    said = response.json()["value"]
    assert (len(said), said[7]) == (40_000, ROWS[7] | {"balance": Decimal("0.5")})
    assert type(said[7]["row"]) is int
    assert response.json() == response.json()


@pytest.mark.parametrize(
    "body",
    [
        LISTING[:-1],
        b'{"a": NaN, "b": "' + b"x" * 600_000 + b'"}',
        b"[" * 100 + b"1," * 300_000 + b"1" + b"]" * 100,
        b"[" + b"[]," * 250_000 + b"[]]",
    ],
    ids=["cut off", "not a number", "deep", "lists without end"],
)
async def test_a_large_answer_that_is_none_is_refused_like_a_small_one(
    body: bytes, client: OutboundClient, serve: Serve
) -> None:
    server = await serve(answering(answer(body)))
    response = await client.request("GET", f"http://127.0.0.1:{server.port}/", max_bytes=MOST)
    with pytest.raises(AdapterError) as refused:
        response.json()
    assert refused.value.code == "not_json"
