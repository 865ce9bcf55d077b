"""Answers HEAD where GET is answered, in the API and in health: FastAPI's routes know only the methods they name."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_HEALTH: Final = frozenset({"/healthz", "/readyz"})
_API: Final = "/api/v1/"


class HeadRequests:
    """Wraps our routes. Of other addresses some do things when they are asked for, which looking must not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the routes for what GET would get; the server sends the headers of it alone."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and is_looked_at(scope["path"]):
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def is_looked_at(path: str) -> bool:
    """Tell whether HEAD is answered at this path wherever GET is."""
    return path in _HEALTH or path.startswith(_API)
