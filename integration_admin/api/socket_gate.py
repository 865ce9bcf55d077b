"""What may come in over the websocket: messages as Reflex's frontend writes them, and no more than one person makes.

Reflex logs what it cannot read whole, and Socket.IO logs why with it, so such messages do not get that far.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_admin.api.origin import client_address
from integration_admin.api.rate_limits import RateLimits
from integration_admin.core.settings import Settings

LONGEST: Final = 1_000_000
"""Characters of one message; Reflex's own limit."""
MOST_MALFORMED: Final = 20
"""After so many messages that no frontend of ours sends, the connection is ended."""
_FORGIVEN = 1 / 6
"""Of the time that passes: so much of the waiting of a connection is forgotten again."""
_BARE = frozenset({"1", "2", "3"})
"""Engine.IO's own packets that a client may send: close, ping and pong."""
_CONNECT, _DISCONNECT, _EVENT = "40/_event,", "41/_event,", "42/_event,"
"""Engine.IO's message (4) with Socket.IO's packet in it, in the one namespace there is."""
_LONGEST_NAME: Final = 300
_TEXTS = ("pathname", "asPath", "token")
"""What Reflex takes for text in what an event says about its page."""

log = structlog.get_logger(__name__)


class SocketGate:
    """Wraps the whole application, inside SocketCookie; `knows` tells whether there is a handler of a name."""

    def __init__(
        self, app: ASGIApp, settings: Settings, limits: RateLimits, knows: Callable[[str], bool]
    ) -> None:
        self._app = app
        self._settings = settings
        self._limits = limits
        self._knows = knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stand between a websocket and the application; other traffic passes."""
        if scope["type"] == "websocket":
            connection = HTTPConnection(scope)
            caller = connection.headers.get("authorization", "")
            address = client_address(connection, self._settings)
            receive = _Incoming(receive, caller, address, self._limits, self._knows).receive
        await self._app(scope, receive, send)


class _Incoming:
    """The messages of one connection."""

    def __init__(
        self,
        receive: Receive,
        caller: str,
        address: str,
        limits: RateLimits,
        knows: Callable[[str], bool],
    ) -> None:
        self._receive = receive
        self._who = caller, address
        self._limits = limits
        self._knows = knows
        self._malformed, self._waited = 0, 0.0
        self._latest = asyncio.get_running_loop().time()

    async def receive(self) -> Message:
        """Return the next message that is one; what is not is dropped. Too much of either ends the connection."""
        while self._malformed < MOST_MALFORMED and self._waited < self._limits.patience:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            await self._slow_down()
            fault = fault_of(message.get("text"), self._knows)
            if not fault:
                return message
            self._malformed += 1
            log.warning("socket.malformed", fault=fault, characters=len(message.get("text") or ""))
        log.warning("socket.ended", malformed=self._malformed, waited=round(self._waited, 1))
        return {"type": "websocket.disconnect", "code": 1008}

    async def _slow_down(self) -> None:
        """Wait where too many messages come, and remember for how long: who floods would make it wait for ever."""
        waited = await self._limits.pace(*self._who)
        now = asyncio.get_running_loop().time()
        self._waited = max(0.0, self._waited + waited - _FORGIVEN * (now - self._latest))
        self._latest = now


def fault_of(text: str | None, knows: Callable[[str], bool]) -> str:
    """Return what is wrong with a message, in words of our own; empty when it can be handed on."""
    if text is None:
        return "binary"
    if len(text) > LONGEST:
        return "too long"
    if text in _BARE or text == _DISCONNECT:
        return ""
    kind, rest = text[: len(_EVENT)], text[len(_EVENT) :]
    if kind == _CONNECT:
        return _fault_of_connect(rest, knows)
    return _fault_of_event(rest, knows) if kind == _EVENT else "unknown packet"


def _fault_of_connect(text: str, knows: Callable[[str], bool]) -> str:
    """Judge a greeting, which carries the first event with it."""
    given = _read(text or "{}")
    if not isinstance(given, dict):
        return "greeting of another form"
    return _fault_of_call(given["event"], knows) if "event" in given else ""


def _fault_of_event(text: str, knows: Callable[[str], bool]) -> str:
    match _read(text):
        case ["ping"] | ["ping", _] | ["client_error"] | ["client_error", _]:
            return ""
        case ["event", call]:
            return _fault_of_call(call, knows)
    return "event of another form"


def _fault_of_call(call: Any, knows: Callable[[str], bool]) -> str:
    """Judge what is to be handled: the name of a handler, its arguments, and the page it comes from."""
    if not isinstance(call, dict):
        return "event of another form"
    name, payload, page = (call.get("name"), call.get("payload", {}), call.get("router_data", {}))
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not knows(name):
        return "unknown handler"
    if not isinstance(payload, dict):
        return "arguments of another form"
    return "" if isinstance(page, dict) and _is_page(page) else "page of another form"


def _is_page(page: Mapping[str, Any]) -> bool:
    query = page.get("query", {})
    texts = [page.get(name, "") for name in _TEXTS]
    return (
        isinstance(query, dict)
        and all(isinstance(text, str) for text in texts)
        and all(map(_is_asked, query.values()))
    )


def _is_asked(value: object) -> bool:
    """Tell whether an address can ask for this; null stands for a part of the address that is not there."""
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str)


def _read(text: str) -> Any:
    """Return JSON, or None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
