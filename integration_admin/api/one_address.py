"""One address for everybody on this machine: `localhost` and `127.0.0.1` are two sites to a browser."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from integration_admin.core.settings import Settings, is_loopback


class OneAddress:
    """Leads whoever opens a page by another name of this machine to the one address that pages work at.

    Forms and websockets from elsewhere are refused (`OwnOrigin`), so a page that stayed there could sign nobody in.
    Only pages move; a program that asks for the API or `/readyz` by either name is answered. Where PUBLIC_URL is
    not this machine's own nothing moves, for a proxy may well call the server by another name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._public_url = settings.public_url
        self._own = _host_and_port(settings.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the same page's right address, or pass the request on."""
        if scope["type"] == "http" and self._is_page_elsewhere(scope):
            query = scope["query_string"].decode("latin-1")
            address = f"{self._public_url}{scope['path']}{'?' if query else ''}{query}"
            await RedirectResponse(address)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_page_elsewhere(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        if scope["method"] not in {"GET", "HEAD"} or "text/html" not in headers.get("accept", ""):
            return False
        (host, port), (own_host, own_port) = _host_and_port(f"http://{headers.get('host', '')}"), self._own
        return host != own_host and port == own_port and is_loopback(host) and is_loopback(own_host)


def _host_and_port(address: str) -> tuple[str, int | None]:
    """Return the host of an address and its port if it names one; no host where it cannot be read."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "", None
    return parts.hostname or "", port
