"""Where a request comes from: whether the page is ours, whose address it is, and where to go back to."""

import re
from urllib.parse import parse_qs, urlsplit

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.html_parts import alert, link, paragraph
from integration_admin.api.language import language_of
from integration_admin.api.problems import WrongOrigin, problem_response
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings

HOME = "/settings/integrations"
_STEP = re.compile(r"/sign-in/[a-z]+(\?[\x21-\x5b\x5d-\x7e]*)?")
"""A page between the password and the session; it is no place to go to afterwards."""
_ANSWERED_FROM = {
    "/auth/code": "/sign-in/code",
    "/auth/second-factor/confirm": "/sign-in/app",
    "/auth/confirm": "/settings/sign-in/confirm",
    "/auth/provider/save": "/settings/sign-in/provider",
    "/auth/provider/look": "/settings/sign-in/provider",
    "/auth/provider/demand": "/settings/sign-in/provider",
    "/auth/openid/callback": "/sign-in",
}
"""The pages of the forms whose refusal is shown at the form's own address."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+):\d+")
"""How some proxies write an address into X-Forwarded-For."""
_REFUSED_SOCKET = 1008
"""A websocket's close code for what a server's policy forbids (RFC 6455, 7.4.1)."""


class OwnOrigin:
    """Wraps the whole application: only our own pages open a websocket, and no other site's page changes anything.

    The API is left out: it takes no cookie, and a script that calls it sends no Origin.
    """

    def __init__(self, app: ASGIApp, settings: Settings, pages: Pages) -> None:
        self._app = app
        self._settings = settings
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a websocket with another origin or none, and an unsafe request that says it is from elsewhere."""
        if scope["type"] == "websocket" and not self._is_ours(scope):
            await receive()
            await send({"type": "websocket.close", "code": _REFUSED_SOCKET})
        elif scope["type"] == "http" and self._is_foreign(scope):
            await self._refusal(Request(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> Response:
        """Say where to go: on a page to a person whose own form it was, opened at an address that is not ours."""
        wrong, language = _wrong_origin(self._settings), language_of(request)
        if "text/html" not in request.headers.get("accept", ""):
            return problem_response(wrong, language)
        reader = Reader(language)
        way = paragraph(link(self._settings.public_url, self._settings.public_url))
        title = msg("This page was opened at another address")
        return self._pages.page(
            reader, title, alert(reader, "warning", wrong.message), way, status=wrong.status
        )

    def _is_ours(self, scope: Scope) -> bool:
        return Headers(scope=scope).getlist("origin") == [self._settings.public_url]

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["method"] in _SAFE or scope["path"].startswith("/api/"):
            return False
        headers = Headers(scope=scope)
        origins = set(headers.getlist("origin")) - {self._settings.public_url}
        return bool(origins) or headers.get("sec-fetch-site", "same-origin") != "same-origin"


def require_own_page(request: Request, settings: Settings) -> None:
    """Raise WrongOrigin unless a form was sent by one of our pages.

    Browsers put Origin on every POST, so a request without it and without Sec-Fetch-Site is no form of ours.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin != settings.public_url or site not in {None, "same-origin"}:
        raise _wrong_origin(settings)


def _wrong_origin(settings: Settings) -> WrongOrigin:
    return WrongOrigin(
        msg("Open {address} and try again from there.", address=settings.public_url),
        internal="form from another origin",
    )


def client_address(connection: HTTPConnection, settings: Settings) -> str:
    """Return the caller's IP address, as the last of the trusted proxies saw it.

    Some proxies add a line of their own below one the caller made up, so all lines are read, in order.
    """
    direct = connection.client.host if connection.client else ""
    hops = settings.trusted_proxies
    lines = ",".join(connection.headers.getlist("x-forwarded-for"))
    forwarded = [part.strip() for part in lines.split(",") if part.strip()]
    return _bare(forwarded[-hops]) if hops and len(forwarded) >= hops else direct


def _bare(address: str) -> str:
    """Return an address without a port."""
    found = _WITH_PORT.fullmatch(address)
    return (found[1] or found[2]) if found else address


def own_path(target: str) -> str:
    """Return `target` when it is a path on this site, else the first page.

    Browsers read a backslash as a slash and drop tabs and line breaks, so those are refused too.
    """
    if not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return HOME
    if any(character <= " " or character in {"\\", "\x7f"} for character in target):
        return HOME
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or target.startswith(("/auth/", "/api/", "/sign-in")):
        return HOME
    return target


def page_before(request: Request, settings: Settings) -> str:
    """Return the path of the page the form was on."""
    referer = request.headers.get("referer", "")
    path = referer.removeprefix(settings.public_url)
    if path == referer:
        return own_path(path)
    if path.startswith("/auth/"):
        return _ANSWERED_FROM.get(urlsplit(path).path, "/settings/sign-in")
    if _STEP.fullmatch(path):
        return path
    return "/sign-in" if path.startswith("/sign-in") else own_path(path)


def next_in_address(request: Request) -> str:
    """Return what the address of the form's page says comes after it; empty where it says nothing.

    The page itself learns that only once it is connected, and a person or a password store may be quicker.
    """
    return parse_qs(urlsplit(request.headers.get("referer", "")).query).get("next", [""])[0]
