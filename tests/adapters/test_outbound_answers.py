"""The HTTP client against servers that behave: what is sent, what comes back, and what stays secret."""

import gzip
import json
import logging
import traceback
import zlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from integration_admin.adapters.outbound import OutboundClient, Response, answers_within
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.hostile import (
    Authority,
    Directory,
    answer,
    answering,
    flooding,
    hang_up,
    keeping_alive,
    silent,
)

NAME = "erp.example.org"
CANARY = "canary-9f31c7d2"
IN_PATH = "canary-in-path"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """A client that may call loopback."""
    async with OutboundClient(allow=["127.0.0.1"]) as opened:
        yield opened


@pytest.mark.parametrize(
    "status",
    ["200 OK", "204 No Content", "301 Moved", "307 Temporary Redirect", "401 No", "404 No", "500 Broken"],
)
async def test_every_status_is_returned_and_no_redirect_is_followed(
    status: str, client: OutboundClient, serve: Serve
) -> None:
    elsewhere = await serve(keeping_alive(answer(b"{}")))
    body = b"" if status.startswith("204") else b'{"a": 1}'
    location = f"Location: http://127.0.0.1:{elsewhere.port}/"
    server = await serve(answering(answer(body, location, status=status)))
    response = await client.request("POST", f"http://127.0.0.1:{server.port}/")
    assert (response.status, response.body) == (int(status[:3]), body)
    assert response.headers["location"] == location.split(": ")[1]
    assert elsewhere.connections == 0


async def test_a_switch_to_another_protocol_is_returned_and_the_connection_dropped(
    client: OutboundClient, serve: Serve
) -> None:
    server = await serve(flooding(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", b"spam"))
    response = await client.request("GET", f"http://127.0.0.1:{server.port}/")
    assert (response.status, response.body) == (101, b"")
    await server.idle()


async def test_the_request_arrives_as_it_was_given(client: OutboundClient, serve: Serve) -> None:
    server = await serve(keeping_alive(answer(b"{}")))
    await client.request(
        "POST",
        f"http://127.0.0.1:{server.port}/graphql?page=2",
        headers={"Content-Type": "application/json"},
        secret_headers={"Authorization": Secret(f"Bearer {CANARY}")},
        body=b'{"query": "{ a }"}',
    )
    lines = server.heads[0].decode().split("\r\n")
    assert lines[0] == "POST /graphql?page=2 HTTP/1.1"
    assert {
        f"Host: 127.0.0.1:{server.port}",
        "Accept-Encoding: identity",
        "Content-Type: application/json",
        "Content-Length: 18",
        f"Authorization: Bearer {CANARY}",
    } <= set(lines)


async def test_a_large_request_is_sent_whole(client: OutboundClient, serve: Serve) -> None:
    server = await serve(keeping_alive(answer(b"{}")))
    response = await client.request("POST", f"http://127.0.0.1:{server.port}/", body=bytes(5_000_000))
    assert response.status == 200
    assert b"Content-Length: 5000000" in server.heads[0]


async def test_connections_are_kept_and_cookies_are_not(client: OutboundClient, serve: Serve) -> None:
    server = await serve(
        keeping_alive(answer(b"{}", "Set-Cookie: session=1; Path=/", "X-Page: 1", "X-Page: 2"))
    )
    for _ in range(3):
        response = await client.request("GET", f"http://127.0.0.1:{server.port}/")
    assert server.connections == 1
    assert not any(b"cookie" in head.lower() for head in server.heads)
    assert "set-cookie" not in response.headers
    assert response.headers["x-page"] == "1, 2"


async def test_the_environments_proxy_is_not_used(
    client: OutboundClient, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = await serve(keeping_alive(answer(b"{}")))
    server = await serve(keeping_alive(answer(b"{}")))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    await client.request("GET", f"http://127.0.0.1:{server.port}/")
    assert (proxy.connections, server.connections) == (0, 1)


async def test_a_checked_address_is_called_under_its_own_name(
    serve: Serve, authority: Authority, attempts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    server = await serve(keeping_alive(answer(b"{}")), tls=authority.server(NAME))
    async with OutboundClient(allow=["127.0.0.1"], resolver=Directory(["127.0.0.1"])) as client:
        response = await client.request("GET", f"https://{NAME}:{server.port}/")
    assert response.status == 200
    assert server.names == [NAME]
    assert f"Host: {NAME}:{server.port}".encode() in server.heads[0]
    assert attempts == [("127.0.0.1", server.port)]


async def test_a_name_that_later_leads_to_a_forbidden_address_is_refused(serve: Serve) -> None:
    server = await serve(answering(answer(b"{}")))
    directory = Directory(["127.0.0.1"], ["169.254.169.254"])
    url = f"http://{NAME}:{server.port}/"
    async with OutboundClient(allow=["127.0.0.1"], resolver=directory) as client:
        await client.request("GET", url)
    async with OutboundClient(allow=["127.0.0.1"], resolver=directory) as client:
        with pytest.raises(AdapterError) as caught:
            await client.request("GET", url)
    assert caught.value.code == "address_refused"
    assert server.connections == 1


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "deflate"])
async def test_a_packed_answer_is_unpacked(packed: bool, client: OutboundClient, serve: Serve) -> None:  # noqa: FBT001  # a parameter of the test
    body = json.dumps([{"code": str(number)} for number in range(50_000)]).encode()
    data, coding = (gzip.compress(body), "GZIP") if packed else (zlib.compress(body), "deflate")
    server = await serve(keeping_alive(answer(data, f"Content-Encoding: {coding}")))
    response = await client.request("GET", f"http://127.0.0.1:{server.port}/")
    assert response.body == body


@pytest.mark.parametrize("size", [0, 999, 1000])
async def test_a_body_up_to_the_limit_is_taken(size: int, client: OutboundClient, serve: Serve) -> None:
    packed = gzip.compress(bytes(size))
    plain = await serve(answering(answer(bytes(size))))
    gzipped = await serve(answering(answer(packed, "Content-Encoding: gzip")))
    for server in (plain, gzipped):
        response = await client.request("GET", f"http://127.0.0.1:{server.port}/", max_bytes=1000)
        assert response.body == bytes(size)


@pytest.mark.parametrize("encoding", ["", "Content-Encoding: gzip"])
async def test_one_byte_above_the_limit_is_too_much(
    encoding: str, client: OutboundClient, serve: Serve
) -> None:
    body = gzip.compress(bytes(1001)) if encoding else bytes(1001)
    server = await serve(answering(answer(body, encoding or "X-A: b")))
    with pytest.raises(AdapterError) as caught:
        await client.request("GET", f"http://127.0.0.1:{server.port}/", max_bytes=1000)
    assert caught.value.code == "too_large"


async def test_what_frames_a_body_counts_too(client: OutboundClient, serve: Serve) -> None:
    server = await serve(answering(CHUNKED + b"1;%b\r\nx\r\n" % (b"x" * 300) * 999))
    with pytest.raises(AdapterError) as caught:
        await client.request("GET", f"http://127.0.0.1:{server.port}/", max_bytes=1000)
    assert caught.value.code == "too_large"


async def test_a_limit_around_calls_holds_whatever_they_ask_for(client: OutboundClient, serve: Serve) -> None:
    server = await serve(keeping_alive(answer(bytes(1001))))
    url = f"http://127.0.0.1:{server.port}/"
    with answers_within(1000), pytest.raises(AdapterError) as caught:
        await client.request("GET", url)
    assert caught.value.code == "too_large"
    assert len((await client.request("GET", url)).body) == 1001


async def test_an_answer_to_head_has_no_body_whatever_it_announces(
    client: OutboundClient, serve: Serve
) -> None:
    head = answer(b"", "Content-Encoding: gzip").replace(b"Length: 0", b"Length: 500")
    server = await serve(keeping_alive(head))
    response = await client.request("HEAD", f"http://127.0.0.1:{server.port}/")
    assert (response.status, response.body) == (200, b"")


async def test_headers_that_are_not_text_do_no_harm(client: OutboundClient, serve: Serve) -> None:
    server = await serve(answering(b"HTTP/1.1 200 OK\r\nX-Name: \xe6\xff\r\nContent-Length: 0\r\n\r\n"))
    response = await client.request("GET", f"http://127.0.0.1:{server.port}/")
    assert json.dumps(response.headers["x-name"]).encode()
    assert response.headers["x-name"].encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": "a\r\nHost: evil.example"},
        {"X-Key": "a\nb"},
        {"X-Key": "a\x00b"},
        {"X-Key": "a\ud800b"},
        {"X-Key\r\nX-B": "a"},
        {"X Key": "a"},
        {"": "a"},
        {"Host": "evil.example"},
        {"transfer-encoding": "chunked"},
        {"Content-Length": "0"},
        {"Cookie": "a=b"},
        {"Accept-Encoding": "gzip"},
    ],
)
async def test_a_header_that_would_break_the_request_is_refused(
    headers: dict[str, str], client: OutboundClient, serve: Serve
) -> None:
    server = await serve(keeping_alive(answer(b"{}")))
    secrets = {name: Secret(value + CANARY) for name, value in headers.items()}
    url = f"http://127.0.0.1:{server.port}/"
    for given in ({"headers": headers}, {"secret_headers": secrets}):
        with pytest.raises(AdapterError) as caught:
            await client.request("GET", url, **given)
        assert (caught.value.code, caught.value.fault) == ("bad_header", Fault.CONFIG)
        assert CANARY not in _everything_told(caught.value)
    assert server.connections == 0


def _everything_told(error: AdapterError) -> str:
    """Return all an error shows, down to the local variables of the client's own frames."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if not frame.filename.startswith(__file__)]
    assert frames
    words = f"{error!r} {error} {error.message} {error.internal} {error.__context__!r} {error.__cause__!r}"
    return f"{words} {[(frame.line, frame.locals) for frame in frames]}"


@pytest.mark.parametrize(
    "case", ["refused", "dns", "tls", "silent", "lost", "garbage", "large", "forbidden", "header"]
)
async def test_no_error_or_log_shows_a_secret(
    case: str, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    behaviours = {
        "lost": hang_up,
        "garbage": answering(CANARY.encode()),
        "large": answering(answer(bytes(9_999))),
    }
    server = await serve(behaviours.get(case, silent))
    port = server.port
    if case == "refused":
        await server.stop()
    directory = Directory({"dns": OSError("no"), "forbidden": ["169.254.169.254"]}.get(case, ["127.0.0.1"]))
    url = f"{'https' if case == 'tls' else 'http'}://{NAME}:{port}/{IN_PATH}?key={IN_PATH}"
    secrets = {"Authorization": Secret(CANARY), "X-Key": Secret("\n" if case == "header" else CANARY)}
    async with OutboundClient(allow=["127.0.0.1"], resolver=directory) as client:
        with pytest.raises(AdapterError) as caught:
            await client.request("POST", url, secret_headers=secrets, body=b"{}", deadline=0.3, max_bytes=100)
    error = caught.value
    assert CANARY not in _everything_told(error) + caplog.text
    assert IN_PATH not in f"{error!r} {error} {error.message} {error.internal} {caplog.text}"
    assert error.__context__ is None


def test_an_answer_does_not_print_what_it_holds() -> None:
    shown = repr(Response(200, {"x-token": CANARY}, CANARY.encode()))
    assert CANARY not in shown
    assert "200" in shown


def _response(body: bytes, content_type: str = "application/json") -> Response:
    return Response(200, {"content-type": content_type}, body)


def test_json_keeps_money_exact() -> None:
    parsed = _response(b'\xef\xbb\xbf{"amount": 0.10, "count": 3, "big": 12345678901234567.89}').json()
    assert parsed == {"amount": Decimal("0.10"), "count": 3, "big": Decimal("12345678901234567.89")}
    assert type(parsed["count"]) is int
    assert str(parsed["amount"]) == "0.10"


@pytest.mark.parametrize("body", [b"null", b"0", b'""', b"[]", b"{}", b"false"])
def test_json_may_be_any_value(body: bytes) -> None:
    assert _response(body).json() == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b'{"a": NaN}',
        b"[Infinity]",
        b"-Infinity",
        b'{"a": 1',
        b"{} {}",
        b'"\xe6"',
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 5_000,
        "{}".encode("utf-16"),
    ],
    ids=range(15),
)
def test_what_is_no_plain_json_is_told_as_not_json(body: bytes) -> None:
    with pytest.raises(AdapterError) as caught:
        _response(body).json()
    assert (caught.value.code, caught.value.fault) == ("not_json", Fault.UNKNOWN_OUTCOME)
    assert caught.value.__context__ is None


def test_json_may_nest_sixty_four_levels_deep() -> None:
    body = b"[" * 32 + b'{"a":' * 32 + b'"[[[["' + b"}" * 32 + b"]" * 32
    assert _response(body).json()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "text/html; charset=utf-8"),
        (b"\xef\xbb\xbf\r\n <!doctype HTML>", "application/octet-stream"),
        (b"<html lang='nb'>", ""),
        (b"Not found", "Text/HTML"),
    ],
)
def test_a_web_page_has_its_own_sentence(body: bytes, content_type: str) -> None:
    with pytest.raises(AdapterError) as caught:
        _response(body, content_type).json()
    assert (caught.value.code, caught.value.fault) == ("html", Fault.UNKNOWN_OUTCOME)


def test_json_that_is_called_a_web_page_is_still_json() -> None:
    assert _response(b"{}", "text/html").json() == {}
