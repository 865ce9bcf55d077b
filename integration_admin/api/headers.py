"""Response headers on everything that is served: what browsers may do with it, and how long they may keep it."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HASHED = re.compile(r"/assets/[^/]+-[\w-]{8}\.[a-z0-9]+(\.map)?")
"""How Vite names a file by its content: another content is another name."""
_UNUSED = (
    "camera",
    "display-capture",
    "geolocation",
    "hid",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
"""What pages of ours never ask a browser for, so that a script that got into one cannot either."""
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # `no-referrer` would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    # Another site's page cannot draw our files or answers into its own memory.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
}
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page; a page's own is a kilobyte long."""
_ONE_YEAR = 31_536_000


class ResponseHeaders:
    """Wraps the whole application; `policy` is the Content-Security-Policy of pages."""

    def __init__(self, app: ASGIApp, policy: str, *, https: bool) -> None:
        self._app = app
        self._fixed = dict(_SECURITY)
        self._policy = policy
        if https:
            # ASVS 5.0, 3.4.1: a year, and the names below ours as well.
            self._fixed["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to HTTP responses; other traffic passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._fixed)
                # A 304 names no type, and its headers replace those the browser has kept with the page.
                is_page = headers.get("content-type", "text/html").startswith("text/html")
                headers["Content-Security-Policy"] = self._policy if is_page else _NO_PAGE
                keep = _cache_control(scope["path"], message["status"])
                if keep:
                    headers["Cache-Control"] = keep
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _cache_control(path: str, status: int) -> str:
    """Return how long a response may be kept; empty leaves it to whoever made it."""
    if path.startswith(("/api/", "/auth/", "/download/")) or path in {"/healthz", "/readyz"}:
        return "no-store"
    if HASHED.fullmatch(path):
        return f"public, max-age={_ONE_YEAR}, immutable" if status in {200, 206, 304} else "no-store"
    return "no-cache"
