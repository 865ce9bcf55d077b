"""What wraps the whole application: headers, body limits, and the cookie kept off the websocket."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from integration_admin.api.content_policy import content_policy
from integration_admin.api.cookies import session_cookie
from integration_admin.api.headers import ResponseHeaders
from integration_admin.api.html_page import Pages
from integration_admin.api.origin import OwnOrigin, client_address
from integration_admin.api.socket_cookie import SocketCookie
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services.tokens import fingerprint

HTTPS = Settings(public_url="https://integrations.example.org")
HTTP = Settings()
NO_SITE = Path("/no/built/site")


async def nothing() -> Message:
    return {"type": "http.request"}


async def seen_by_the_app(scope: Scope, settings: Settings = HTTP) -> list[tuple[bytes, bytes]]:
    seen: list[tuple[bytes, bytes]] = []

    async def app(inner: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.extend(inner["headers"])

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await SocketCookie(app, settings)(scope, nothing, send)
    return seen


async def answered(path: str, status: int = 200, *, https: bool = False, kind: str = "") -> dict[str, str]:
    headers: dict[str, str] = {}
    own = [(b"content-type", kind.encode())] if kind else []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": status, "headers": own})

    async def send(message: Message) -> None:
        headers.update({name.decode(): value.decode() for name, value in message["headers"]})

    await ResponseHeaders(app, "the pages' policy", https=https)(
        {"type": "http", "path": path}, nothing, send
    )
    return headers


def socket(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "websocket", "path": "/_event", "headers": list(headers)}


async def test_a_websocket_carries_the_fingerprint_and_not_the_cookie() -> None:
    seen = await seen_by_the_app(socket((b"cookie", b"a=1; session=t0ken; language=nn"), (b"origin", b"o")))
    expected = f"Session {fingerprint(Secret('t0ken'))}".encode()
    assert seen == [(b"origin", b"o"), (b"cookie", b"a=1; language=nn"), (b"authorization", expected)]
    assert b"t0ken" not in repr(seen).encode()


async def test_the_host_cookie_is_the_one_that_counts_on_https() -> None:
    assert session_cookie(HTTPS) == "__Host-session"
    seen = await seen_by_the_app(socket((b"cookie", b"session=a; __Host-session=b")), HTTPS)
    assert seen[-1] == (b"authorization", f"Session {fingerprint(Secret('b'))}".encode())


async def test_a_cookie_split_over_two_headers_is_found() -> None:
    seen = await seen_by_the_app(socket((b"cookie", b"a=1"), (b"cookie", b"session=t0ken")))
    assert [name for name, _ in seen] == [b"cookie", b"authorization"]


async def test_nobody_can_claim_a_fingerprint_themselves() -> None:
    forged = f"Session {fingerprint(Secret('t0ken'))}".encode()
    assert await seen_by_the_app(socket((b"authorization", forged))) == []


async def test_a_request_that_is_no_websocket_keeps_its_headers() -> None:
    headers = [(b"cookie", b"session=t0ken"), (b"authorization", b"Bearer ia_x")]
    assert await seen_by_the_app({"type": "http", "path": "/", "headers": headers}) == headers


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("/assets/entry.client-DmTBL0XR.js", 200, "public, max-age=31536000, immutable"),
        ("/assets/root-C0_-a1B2.css", 304, "public, max-age=31536000, immutable"),
        ("/assets/entry.client-DmTBL0XR.js", 404, "no-store"),
        ("/assets/manual.css", 200, "no-cache"),
        ("/settings/integrations", 200, "no-cache"),
        ("/auth/sign-in", 303, "no-store"),
        ("/api/v1/records", 200, "no-store"),
    ],
)
async def test_only_files_named_by_their_content_are_kept(path: str, status: int, kept: str) -> None:
    assert (await answered(path, status, https=False))["cache-control"] == kept


@pytest.mark.parametrize(
    ("kind", "status", "policy"),
    [
        ("text/html; charset=utf-8", 200, "the pages' policy"),
        ("", 304, "the pages' policy"),
        ("application/json", 200, "default-src 'none'; frame-ancestors 'none'"),
    ],
)
async def test_what_is_no_page_may_load_nothing(kind: str, status: int, policy: str) -> None:
    assert (await answered("/", status, kind=kind))["content-security-policy"] == policy


def test_only_the_inline_scripts_of_built_pages_may_run(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    inline = "if (1 < 2) { document.title = '</b> & more' }"
    page = f"<head><script src='/a.js'></script><script>{inline}</script></head><p>text</p>"
    (tmp_path / "page" / "index.html").write_text(page)
    policy = dict(rule.split(" ", 1) for rule in content_policy(HTTPS, tmp_path).split("; "))
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["connect-src"] == "'self' wss://integrations.example.org"
    assert {policy[name] for name in ("default-src", "base-uri", "frame-ancestors", "object-src")} == {
        "'none'"
    }
    assert "unsafe" not in str(policy)


async def test_https_is_promised_only_on_https() -> None:
    promised = (await answered("/", 200, https=True))["strict-transport-security"]
    assert promised == "max-age=31536000; includeSubDomains"
    assert "strict-transport-security" not in await answered("/", 200, https=False)


async def test_every_answer_tells_the_browser_what_it_may_not_do() -> None:
    headers = await answered("/")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()", "usb=()"} <= set(
        headers["permissions-policy"].split(", ")
    )


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, ["203.0.113.9"], "192.0.2.1"),
        (1, ["203.0.113.9"], "203.0.113.9"),
        (1, ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        (2, ["198.51.100.7, 203.0.113.9"], "198.51.100.7"),
        (2, ["203.0.113.9"], "192.0.2.1"),
        # A proxy that adds a line of its own below one the caller made up.
        (1, ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        (1, ["203.0.113.9:40123"], "203.0.113.9"),
        (1, ["[2001:db8::1]:40123"], "2001:db8::1"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(proxies: int, forwarded: list[str], address: str) -> None:
    scope = {
        "type": "http",
        "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
        "client": ("192.0.2.1", 40000),
    }
    assert client_address(Request(scope), Settings(trusted_proxies=proxies)) == address


async def let_through(scope: dict[str, Any]) -> tuple[bool, list[Message]]:
    """Return whether the application was reached, and what was sent instead."""
    reached, sent = [], []

    async def app(inner: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        reached.append(inner)

    async def send(message: Message) -> None:
        sent.append(message)

    await OwnOrigin(app, HTTPS, Pages(NO_SITE))({"path": "/", "query_string": b""} | scope, nothing, send)
    return bool(reached), sent


OURS = (b"origin", b"https://integrations.example.org")
FOREIGN = (b"origin", b"https://evil.example")


@pytest.mark.parametrize(
    ("headers", "reached"),
    [
        ([OURS], True),
        ([FOREIGN], False),
        ([], False),
        ([(b"origin", b"null")], False),
        ([OURS, FOREIGN], False),
        ([(b"origin", b"https://integrations.example.org.evil.example")], False),
        ([(b"origin", b"http://integrations.example.org")], False),
    ],
)
async def test_only_our_own_pages_open_a_websocket(
    headers: list[tuple[bytes, bytes]], *, reached: bool
) -> None:
    passed, sent = await let_through(socket(*headers))
    assert passed is reached
    assert [message["type"] for message in sent] == ([] if reached else ["websocket.close"])


@pytest.mark.parametrize(
    ("method", "path", "headers", "reached"),
    [
        ("POST", "/auth/sign-in", [OURS, (b"sec-fetch-site", b"same-origin")], True),
        ("POST", "/auth/sign-in", [FOREIGN], False),
        ("POST", "/anything", [FOREIGN], False),
        ("DELETE", "/anything", [(b"sec-fetch-site", b"cross-site")], False),
        ("POST", "/auth/sign-in", [(b"origin", b"null")], False),
        ("GET", "/settings/integrations", [FOREIGN], True),
        ("POST", "/api/v1/records", [FOREIGN], True),
    ],
)
async def test_another_sites_page_changes_nothing(
    method: str, path: str, headers: list[tuple[bytes, bytes]], *, reached: bool
) -> None:
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    passed, sent = await let_through(scope)
    assert passed is reached
    assert [message.get("status") for message in sent[:1]] == ([] if reached else [403])


async def test_a_person_whose_form_is_refused_gets_a_page_that_leads_to_the_right_address() -> None:
    accepts = [(b"accept", b"text/html,*/*;q=0.8"), (b"accept-language", b"nn")]
    scope = {"type": "http", "method": "POST", "path": "/auth/sign-in", "headers": [FOREIGN, *accepts]}
    _, (start, body) = await let_through(scope)
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (403, b"text/html; charset=utf-8")
    page = body["body"].decode()
    assert "<h1" in page
    assert "Sida blei opna på ei anna adresse" in page
    assert f'href="{HTTPS.public_url}"' in page
