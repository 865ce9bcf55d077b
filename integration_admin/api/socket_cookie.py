"""Keeps the session cookie out of Reflex: on a websocket its fingerprint goes in instead.

Reflex stores the headers of the connection in its state, which may be pickled into Redis.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from integration_admin.api.cookies import find_session, without_session
from integration_admin.core.settings import Settings
from integration_admin.services.signed_in import SESSION_SCHEME
from integration_admin.services.tokens import fingerprint

_Headers = list[tuple[bytes, bytes]]


class SocketCookie:
    """Wraps the whole application; only websocket connections are changed."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Exchange the session cookie for `Authorization: Session <fingerprint>`."""
        if scope["type"] == "websocket":
            scope = {**scope, "headers": self._exchanged(scope["headers"])}
        await self._app(scope, receive, send)

    def _exchanged(self, headers: _Headers) -> _Headers:
        """Return the headers without the cookie; an Authorization header of the client's own is dropped."""
        kept = [(name, value) for name, value in headers if name not in {b"cookie", b"authorization"}]
        cookies = b"; ".join(value for name, value in headers if name == b"cookie").decode("latin-1")
        if rest := without_session(cookies, self._settings):
            kept.append((b"cookie", rest.encode("latin-1")))
        if token := find_session(cookies, self._settings):
            kept.append((b"authorization", f"{SESSION_SCHEME} {fingerprint(token)}".encode()))
        return kept
