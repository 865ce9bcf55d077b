import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from faults.proxy import FaultProxy, Harm

ANSWER = b"0123456789" * 20


@pytest.fixture
async def upstream() -> AsyncIterator[int]:
    """A server that answers each line with the same two hundred bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def proxy(upstream: int) -> AsyncIterator[FaultProxy]:
    proxy = FaultProxy(("127.0.0.1", upstream))
    await proxy.start()
    yield proxy
    await proxy.close()


async def ask(port: int) -> bytes:
    """Ask once and read what comes, until the answer is whole or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"?\n")
        return await reader.readexactly(len(ANSWER))
    except asyncio.IncompleteReadError as error:
        return error.partial
    finally:
        writer.close()


async def test_a_harmless_proxy_carries_everything(proxy: FaultProxy) -> None:
    assert await ask(proxy.port) == ANSWER
    assert proxy.connections == 1


async def test_latency_delays_the_answer(proxy: FaultProxy) -> None:
    await proxy.change(Harm(latency=0.2, jitter=0.05))
    started = time.monotonic()
    assert await ask(proxy.port) == ANSWER
    assert time.monotonic() - started >= 0.15


async def test_a_drip_brings_the_answer_byte_by_byte(proxy: FaultProxy) -> None:
    await proxy.change(Harm(drip=0.002))
    started = time.monotonic()
    assert await ask(proxy.port) == ANSWER
    assert time.monotonic() - started >= 0.002 * len(ANSWER)


async def test_a_cut_leaves_part_of_the_answer(proxy: FaultProxy) -> None:
    await proxy.change(Harm(cut_after=30))
    assert await ask(proxy.port) == ANSWER[:30]


async def test_a_reset_is_seen_as_one(proxy: FaultProxy) -> None:
    await proxy.change(Harm(reset_after=0))
    with pytest.raises(ConnectionResetError):
        await ask(proxy.port)


async def test_a_half_open_proxy_accepts_and_stays_silent(proxy: FaultProxy) -> None:
    await proxy.change(Harm(half_open=True))
    asking = asyncio.create_task(ask(proxy.port))
    done, _ = await asyncio.wait([asking], timeout=0.3)
    assert not done
    await proxy.change(Harm())
    assert await asking == ANSWER


async def test_a_proxy_that_is_down_refuses_and_comes_back_on_the_same_port(proxy: FaultProxy) -> None:
    port = proxy.port
    await proxy.change(Harm(down=True))
    with pytest.raises(ConnectionRefusedError):
        await ask(port)
    await proxy.change(Harm())
    assert await ask(port) == ANSWER


async def test_cutting_resets_what_is_open_and_serves_what_comes(proxy: FaultProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"?\n")
    await reader.readexactly(len(ANSWER))
    assert await proxy.cut() == 1
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    writer.close()
    assert await ask(proxy.port) == ANSWER


async def test_toxicity_is_the_share_of_connections_that_are_harmed(proxy: FaultProxy) -> None:
    await proxy.change(Harm(cut_after=10, toxicity=0.5))
    whole = [await ask(proxy.port) == ANSWER for _ in range(60)]
    assert 15 < sum(whole) < 45


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_that_is_only_just_accepted_ends_with_the_proxy(
    proxy: FaultProxy, turns: int
) -> None:
    # Connected without a turn of the event loop, so that each of its turns is tried.
    with socket.create_connection(("127.0.0.1", proxy.port)) as asking:
        asking.setblocking(False)  # noqa: FBT003, its own word
        for _ in range(turns):
            await asyncio.sleep(0)
        await proxy.close()
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError):
                assert await asyncio.get_running_loop().sock_recv(asking, 1) == b""
    # A socket that nobody closed is told when it is found, and fails the test.
    gc.collect()
