"""Test Connection against far sides that misbehave, over real sockets, with its real ten seconds."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.probing import TEST_SECONDS
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError
from integration_admin.core.secret import Secret
from tests.adapters.hostile import (
    Behaviour,
    Directory,
    FullBacklog,
    Server,
    answer,
    answering,
    dripping,
    flooding,
    gzip_bomb,
    hang_up,
    silent,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TOKEN = "canary-token-that-must-not-be-told"
PAGE = b"<!doctype html><html><body><form>Log in</form></body></html>"
BEHAVIOURS: dict[str, Behaviour] = {
    "no reply": silent,
    "one byte a second in the headers": dripping(b"", b"H"),
    "one byte a second in the body": dripping(HEAD + b"Content-Length: 999999\r\n\r\n", b" "),
    "an endless body": flooding(HEAD + b"\r\n", bytes(65_536)),
    "a gzip bomb": answering(answer(gzip_bomb(64), "Content-Encoding: gzip")),
    "another content type": answering(answer(b"a;b;c", "Content-Type: text/csv")),
    "an error": answering(answer(b"oops", status="500 Internal Server Error")),
    "a redirect": answering(answer(b"", "Location: https://elsewhere.example/", status="302 Found")),
    "a log-in page": answering(answer(PAGE, "Content-Type: text/html")),
    "hanging up": hang_up,
}
SHARED = {"one byte a second in the headers": "no reply"}
"""From outside a head that never ends looks like no reply at all, and gets the same sentence."""


async def _sentence(adapter: XledgerAdapter, endpoint: str) -> str:
    """Test a connection that cannot work, and return what the person is told within the promised time."""
    settings = {
        "environment": "custom",
        "endpoint": endpoint,
        "transaction_source": "GL",
        "job_level": "1",
    }
    begun = time.monotonic()
    with pytest.raises(AdapterError) as told:
        await adapter.test_connection(Credentials(settings, {"token": Secret(TOKEN)}))
    # A busy machine is late; whoever would wait for two answers one after the other is later.
    assert time.monotonic() - begun < TEST_SECONDS + 5
    assert TOKEN not in f"{told.value} {told.value.message} {told.value.internal}"
    return str(told.value.message)


async def test_every_kind_of_bad_far_side_is_told_within_ten_seconds_in_its_own_words() -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(OutboundClient(allow=["127.0.0.1"]))
        nameless = await stack.enter_async_context(
            OutboundClient(
                allow=["127.0.0.1"],
                resolver=Directory(socket.gaierror(socket.EAI_NONAME, "unknown name")),
            )
        )
        endpoints = {}
        for name, behaviour in {**BEHAVIOURS, "a stalled handshake": silent}.items():
            server = Server(behaviour)
            await server.start()
            stack.push_async_callback(server.stop)
            scheme = "https" if name == "a stalled handshake" else "http"
            endpoints[name] = f"{scheme}://127.0.0.1:{server.port}/graphql"
        full = FullBacklog()
        stack.callback(full.close)
        endpoints["nobody picks up"] = f"http://127.0.0.1:{full.port}/graphql"
        with socket.create_server(("127.0.0.1", 0)) as closed:
            endpoints["nothing listening"] = f"http://127.0.0.1:{closed.getsockname()[1]}/graphql"
        # Each case has an adapter of its own: one adapter asks one question a token at a time.
        asked = [_sentence(XledgerAdapter(http, SystemClock()), url) for url in endpoints.values()]
        unknown = _sentence(XledgerAdapter(nameless, SystemClock()), "https://nowhere.example/graphql")
        *told, last = await asyncio.gather(*asked, unknown)

    sentences = dict(zip([*endpoints, "an unknown name"], [*told, last], strict=True))
    for name in SHARED:
        assert sentences.pop(name)
    assert len(set(sentences.values())) == len(sentences), sentences
