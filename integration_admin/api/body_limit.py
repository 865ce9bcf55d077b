"""Refuses bodies that are too large while they are still arriving."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_admin.api.language import language_of
from integration_admin.api.problems import BodyTooLarge, problem_response

RECORDS_PATH = "/api/v1/records"
RECORDS_LIMIT = 10 * 1024 * 1024
OTHER_LIMIT = 64 * 1024
_DRAINED = 2 * RECORDS_LIMIT


class BodyLimit:
    """Wraps the whole application; limits are in bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 for a body announced too long, and stop reading one that turns out to be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = RECORDS_LIMIT if scope["path"] == RECORDS_PATH else OTHER_LIMIT
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            await _refuse(limit, scope, receive, send)
            return
        counted = _Counted(limit, receive, send)
        try:
            await self._app(scope, counted.receive, counted.send)
        except BodyTooLarge:
            if counted.answered:
                raise
            await _refuse(limit, scope, receive, send)


class _Counted:
    """One request, whose body is counted as it arrives."""

    def __init__(self, limit: int, receive: Receive, send: Send) -> None:
        self._left = self._limit = limit
        self._receive = receive
        self._send = send
        self.answered = False

    async def receive(self) -> Message:
        """Pass a piece of the body on; raises BodyTooLarge."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            if message.get("more_body", False):
                await drain(self._receive)
            raise BodyTooLarge(self._limit)
        return message

    async def send(self, message: Message) -> None:
        """Pass a piece of the answer on."""
        self.answered = True
        await self._send(message)


async def _refuse(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    await drain(receive)
    response = problem_response(BodyTooLarge(limit), language_of(Request(scope)))
    await response(scope, receive, send)


async def drain(receive: Receive) -> None:
    """Throw away what is still arriving, up to a limit: many clients read no answer before they have sent."""
    left = _DRAINED
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        if not message.get("more_body", False):
            return
