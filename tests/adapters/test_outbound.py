"""The HTTP client against servers that misbehave: each cause has its code, fault, sentence and time."""

import asyncio
import errno
import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import aiohttp
import pytest

from integration_admin.adapters.outbound import HTTPClient, OutboundClient
from integration_admin.adapters.outbound_errors import Call, Cause, cause_of
from integration_admin.adapters.resolver import SystemResolver
from integration_admin.core.errors import AdapterError, Fault
from tests.adapters.conftest import Serve
from tests.adapters.hostile import (
    Authority,
    Behaviour,
    Directory,
    FullBacklog,
    answer,
    answering,
    deaf,
    drip_handshake,
    dripping,
    flooding,
    gzip_bomb,
    hang_up,
    hang_up_at_once,
    hang_up_on_the_second,
    keeping_alive,
    reset_half_way,
    silent,
    speak_plain_http,
)

DEADLINE = 0.5
SLACK = 5.0
"""Seconds a busy machine may be late by; the client's own deadline, used by mistake, would be later still."""
PLENTY = 30.0
"""Seconds for what fails by itself and at once."""
NAME = "erp.example.org"

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = "Content-Encoding: gzip"
TINY = gzip.compress(b"{}")

AFTER_SENDING: dict[str, tuple[Behaviour, str, Cause]] = {
    "no reply": (silent, "deadline", Cause.NO_ANSWER),
    "a head byte by byte": (dripping(HEAD, b"X-A: b\r\n"), "deadline", Cause.NO_ANSWER),
    "endless interim answers": (
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
        "bad_response",
        Cause.BAD_RESPONSE,
    ),
    "a body byte by byte": (
        dripping(HEAD + b"Content-Length: 999999\r\n\r\n", b"x"),
        "deadline",
        Cause.SLOW_ANSWER,
    ),
    "chunks byte by byte": (dripping(CHUNKED, b"1\r\nx\r\n"), "deadline", Cause.SLOW_ANSWER),
    "a request nobody reads": (deaf, "deadline", Cause.SLOW_ANSWER),
    "an endless body": (flooding(HEAD + b"\r\n", bytes(65_536)), "too_large", Cause.TOO_LARGE),
    "endless chunks": (flooding(CHUNKED, b"1000\r\n%b\r\n" % bytes(4096)), "too_large", Cause.TOO_LARGE),
    "a huge announced length": (
        flooding(HEAD + b"Content-Length: 1099511627776\r\n\r\n", b"x"),
        "too_large",
        Cause.TOO_LARGE,
    ),
    "a gzip bomb": (answering(answer(gzip_bomb(64), GZIP)), "too_large", Cause.TOO_LARGE),
    "an unasked-for encoding": (
        answering(answer(b"{}", "Content-Encoding: br")),
        "bad_encoding",
        Cause.BAD_ENCODING,
    ),
    "two encodings": (
        answering(answer(TINY, "Content-Encoding: gzip, gzip")),
        "bad_encoding",
        Cause.BAD_ENCODING,
    ),
    "half a gzip body": (answering(answer(TINY[:-9], GZIP)), "bad_encoding", Cause.BAD_ENCODING),
    "more after the gzip body": (answering(answer(TINY + b"x", GZIP)), "bad_encoding", Cause.BAD_ENCODING),
    "no gzip at all": (answering(answer(b"{}", GZIP)), "bad_encoding", Cause.BAD_ENCODING),
    "an encoded transfer": (
        answering(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        "bad_encoding",
        Cause.BAD_ENCODING,
    ),
    "another protocol": (answering(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_response", Cause.BAD_RESPONSE),
    "two lengths": (
        answering(answer(b"{}", "Content-Length: 3")),
        "bad_response",
        Cause.BAD_RESPONSE,
    ),
    "a length and chunks": (
        answering(answer(b"{}", "Transfer-Encoding: chunked")),
        "bad_response",
        Cause.BAD_RESPONSE,
    ),
    "a broken chunk": (answering(CHUNKED + b"ZZ\r\nxx\r\n"), "bad_response", Cause.BAD_RESPONSE),
    "an endless head": (flooding(HEAD, b"X-A: b\r\n" * 99), "bad_response", Cause.BAD_RESPONSE),
    "an endless header": (flooding(HEAD + b"X-A: ", b"b" * 999), "bad_response", Cause.BAD_RESPONSE),
    "a head above 64 KiB": (
        answering(answer(b"{}", *(f"X-{n}: {'a' * 1024}" for n in range(64)))),
        "bad_response",
        Cause.BAD_RESPONSE,
    ),
    "hanging up": (hang_up, "connection_lost", Cause.CONNECTION_LOST),
    "half a body": (
        answering(HEAD + b"Content-Length: 100\r\n\r\nhalf"),
        "connection_lost",
        Cause.CONNECTION_LOST,
    ),
    "half the chunks": (answering(CHUNKED + b"4\r\nha"), "connection_lost", Cause.CONNECTION_LOST),
    "a reset half-way": (reset_half_way, "connection_lost", Cause.CONNECTION_LOST),
}


async def _failure(client: OutboundClient, url: str, code: str, body: bytes = b"{}") -> AdapterError:
    """Post, and return the error, which comes right after the deadline where `code` is about time."""
    deadline = DEADLINE if code in {"deadline", "connect_timeout"} else PLENTY
    begun = time.monotonic()
    with pytest.raises(AdapterError) as caught:
        await client.request("POST", url, body=body, deadline=deadline)
    assert time.monotonic() - begun <= deadline + SLACK
    return caught.value


def _expect(error: AdapterError, code: str, fault: Fault, cause: Cause, host: str) -> None:
    assert (error.code, error.fault) == (code, fault)
    assert error.message.template == cause.sentence.template
    assert host in str(error.message) or "{host}" not in error.message.template


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """A client that may call loopback, by address and by one name that leads there."""
    async with OutboundClient(allow=["127.0.0.1"], resolver=Directory(["127.0.0.1"])) as opened:
        yield opened


def test_every_cause_has_its_own_sentence() -> None:
    templates = [cause.sentence.template for cause in Cause]
    assert len(set(templates)) == len(templates) == 22


@pytest.mark.parametrize("method", [OutboundClient.request, HTTPClient.request])
def test_ten_seconds_and_one_mebibyte_are_the_limits_unless_told_otherwise(method: Any) -> None:
    defaults = method.__kwdefaults__
    assert (defaults["deadline"], defaults["max_bytes"]) == (10.0, 1_048_576)


@pytest.mark.parametrize("case", AFTER_SENDING)
async def test_what_fails_after_sending_has_an_unknown_outcome(
    case: str, client: OutboundClient, serve: Serve
) -> None:
    behaviour, code, cause = AFTER_SENDING[case]
    server = await serve(behaviour)
    body = bytes(16_777_216) if behaviour is deaf else b"{}"
    error = await _failure(client, f"http://127.0.0.1:{server.port}/vouchers", code, body)
    _expect(error, code, Fault.UNKNOWN_OUTCOME, cause, f"127.0.0.1:{server.port}")
    assert server.connections == 1


async def test_nothing_listening_is_told_as_refused(client: OutboundClient) -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        error = await _failure(client, f"http://127.0.0.1:{port}/", "refused")
    _expect(error, "refused", Fault.TRANSIENT, Cause.REFUSED, f"127.0.0.1:{port}")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_host_that_does_not_pick_up_is_told_as_such(scheme: str, client: OutboundClient) -> None:
    with closing(FullBacklog()) as unroutable:
        error = await _failure(client, f"{scheme}://{NAME}:{unroutable.port}/", "connect_timeout")
    _expect(error, "connect_timeout", Fault.TRANSIENT, Cause.CONNECT_STALLED, NAME)


@pytest.mark.parametrize(
    ("number", "code", "cause"),
    [
        (errno.EHOSTUNREACH, "unreachable", Cause.UNREACHABLE),
        (errno.ENETUNREACH, "unreachable", Cause.UNREACHABLE),
        (errno.ETIMEDOUT, "unreachable", Cause.UNREACHABLE),
        (errno.ECONNRESET, "unreachable", Cause.CUT_SHORT),
        (errno.ECONNREFUSED, "refused", Cause.REFUSED),
    ],
)
def test_the_systems_error_numbers_are_told_apart(number: int, code: str, cause: Cause) -> None:
    key: Any = None
    found = cause_of(aiohttp.ClientConnectorError(key, OSError(number, "")), Call(NAME, 1))
    _expect(found.error(NAME), code, Fault.TRANSIENT, cause, NAME)


@pytest.mark.parametrize(
    ("trouble", "code", "cause"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "dns", Cause.DNS_UNKNOWN),
        ([], "dns", Cause.DNS_UNKNOWN),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "dns", Cause.DNS_FAILED),
        (None, "connect_timeout", Cause.DNS_STALLED),
    ],
    ids=["no such name", "no address", "name server down", "name server silent"],
)
async def test_trouble_with_the_name_sends_nothing(
    trouble: Any, code: str, cause: Cause, attempts: list[Any]
) -> None:
    async with OutboundClient(resolver=Directory(trouble)) as client:
        errors = await asyncio.gather(*(_failure(client, f"https://{NAME}/", code) for _ in range(3)))
    for error in errors:
        _expect(error, code, Fault.TRANSIENT, cause, NAME)
    assert attempts == []


async def test_a_look_up_stuck_in_the_system_holds_up_neither_the_deadline_nor_other_calls(
    serve: Serve,
) -> None:
    server = await serve(keeping_alive(answer(b"{}")))
    released = threading.Event()

    def stuck(host: bytes) -> list[str]:
        if host == b"stuck.example.org":
            released.wait()
        return ["127.0.0.1"]

    async with OutboundClient(allow=["127.0.0.1"], resolver=SystemResolver(stuck)) as client:
        url = f"http://stuck.example.org:{server.port}/"
        waiting = asyncio.create_task(_failure(client, url, "connect_timeout"))
        assert (await client.request("GET", f"http://{NAME}:{server.port}/")).status == 200
        _expect(await waiting, "connect_timeout", Fault.TRANSIENT, Cause.DNS_STALLED, "stuck.example.org")
        released.set()
    assert server.connections == 1


async def test_the_systems_own_resolver_finds_this_machine(serve: Serve) -> None:
    server = await serve(keeping_alive(answer(b"{}")))
    async with OutboundClient(allow=["localhost"]) as client:
        assert (await client.request("GET", f"http://localhost:{server.port}/")).status == 200


TLS_TROUBLE: dict[str, tuple[Behaviour, str, Fault, Cause]] = {
    "a silent handshake": (silent, "connect_timeout", Fault.TRANSIENT, Cause.TLS_STALLED),
    "a handshake byte by byte": (drip_handshake, "connect_timeout", Fault.TRANSIENT, Cause.TLS_STALLED),
    "hanging up in the handshake": (hang_up_at_once, "unreachable", Fault.TRANSIENT, Cause.CUT_SHORT),
    "plain http": (speak_plain_http, "tls", Fault.CONFIG, Cause.TLS_FAILED),
}


@pytest.mark.parametrize("case", TLS_TROUBLE)
async def test_a_handshake_that_fails_sends_nothing(case: str, client: OutboundClient, serve: Serve) -> None:
    behaviour, code, fault, cause = TLS_TROUBLE[case]
    server = await serve(behaviour)
    error = await _failure(client, f"https://{NAME}:{server.port}/", code)
    _expect(error, code, fault, cause, NAME)


@pytest.mark.parametrize(
    ("name", "options", "cause"),
    [
        (NAME, {"self_signed": True}, Cause.TLS_UNTRUSTED),
        ("other.example.org", {}, Cause.TLS_WRONG_HOST),
        ("127.0.0.1", {}, Cause.TLS_WRONG_HOST),
        (NAME, {"until": 2021}, Cause.TLS_EXPIRED),
    ],
    ids=["self-signed", "another name", "the address instead of the name", "expired"],
)
async def test_a_bad_certificate_sends_nothing(
    name: str,
    options: dict[str, Any],
    cause: Cause,
    serve: Serve,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    server = await serve(keeping_alive(answer(b"{}")), tls=authority.server(name, **options))
    async with OutboundClient(allow=[NAME], resolver=Directory(["127.0.0.1"])) as client:
        error = await _failure(client, f"https://{NAME}:{server.port}/", "tls")
    _expect(error, "tls", Fault.CONFIG, cause, NAME)
    assert server.heads == []


async def test_an_authority_the_system_does_not_know_is_not_trusted(
    client: OutboundClient, serve: Serve, authority: Authority
) -> None:
    server = await serve(keeping_alive(answer(b"{}")), tls=authority.server(NAME))
    error = await _failure(client, f"https://{NAME}:{server.port}/", "tls")
    _expect(error, "tls", Fault.CONFIG, Cause.TLS_UNTRUSTED, NAME)


async def test_a_gzip_bomb_of_a_gibibyte_stays_small_in_memory(client: OutboundClient, serve: Serve) -> None:
    server = await serve(answering(answer(gzip_bomb(1024), GZIP)))
    url = f"http://127.0.0.1:{server.port}/"
    tracemalloc.start()
    try:
        with pytest.raises(AdapterError) as caught:
            await client.request("GET", url, max_bytes=10_485_760)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "too_large"
    assert peak < 32 * 1_048_576


async def test_calls_beyond_the_pool_wait_their_turn_and_send_nothing(serve: Serve) -> None:
    server = await serve(silent)
    url = f"http://127.0.0.1:{server.port}/"
    async with OutboundClient(allow=["127.0.0.1"], pool_size=1) as client:
        first = asyncio.create_task(client.request("POST", url))
        await server.reached.wait()
        error = await _failure(client, url, "connect_timeout")
        _expect(error, "connect_timeout", Fault.TRANSIENT, Cause.BUSY, "127.0.0.1")
        first.cancel()
    assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST"])
async def test_a_kept_alive_connection_that_dies_is_never_asked_twice(
    method: str, client: OutboundClient, serve: Serve
) -> None:
    server = await serve(hang_up_on_the_second)
    url = f"http://127.0.0.1:{server.port}/"
    await client.request("GET", url)
    with pytest.raises(AdapterError) as caught:
        await client.request(method, url)
    _expect(caught.value, "connection_lost", Fault.UNKNOWN_OUTCOME, Cause.CONNECTION_LOST, "127.0.0.1")
    assert (server.connections, len(server.heads)) == (1, 2)


async def test_giving_up_from_outside_closes_the_connection(client: OutboundClient, serve: Serve) -> None:
    server = await serve(silent)
    call = asyncio.create_task(client.request("POST", f"http://127.0.0.1:{server.port}/"))
    await server.reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(20):
        await server.idle()
