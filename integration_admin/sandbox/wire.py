"""How each fault looks to the client: what is carried out, and what happens to the answer.

What goes wrong and how often is in faults.py.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_admin.sandbox.faults import Fault, FaultPlan

ABORT_EXTENSION = "integration_admin.abort"
"""Scope extension with a function that cuts the connection; sandbox/servers.py provides it."""
RESET_EXTENSION = "integration_admin.reset"
"""Scope extension with a function that resets the connection (TCP RST)."""

_IDS = frozenset({"id", "dbId", "JournalBatchNumber"})
_IDEMPOTENCY_KEY = b"idempotency-key"


class FaultMiddleware:
    """Lets the plan's faults happen to the HTTP requests whose path `applies` accepts."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, applies: Callable[[str], bool]) -> None:
        self._app = app
        self._plan = plan
        self._applies = applies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, perhaps badly."""
        fault = None
        if scope["type"] == "http" and self._applies(scope["path"]):
            fault = self._plan.draw()
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await _BEHAVIOURS[fault](_Exchange(self._app, self._plan, scope, receive, send))


@dataclass(slots=True)
class _Answer:
    """What the application wanted to say."""

    start: Message
    body: bytes

    def start_with(self, length: int, status: int | None = None) -> Message:
        """Return the opening with another length, and perhaps another status."""
        headers = [pair for pair in self.start["headers"] if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(length).encode()))
        return {**self.start, "headers": headers, "status": status or self.start["status"]}


@dataclass(slots=True)
class _Exchange:
    """One request a fault was drawn for, and the ways to treat it."""

    app: ASGIApp
    plan: FaultPlan
    scope: Scope
    receive: Receive
    send: Send

    async def carried_out(self) -> _Answer:
        """Do what was asked and keep the answer back."""
        return await _run(self.app, self.scope, self.receive)

    async def say(self, status: int, words: str, **headers: str) -> None:
        """Answer with plain text."""
        answer = PlainTextResponse(
            words, status, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        await answer(self.scope, self.receive, self.send)

    async def give(self, start: Message, body: bytes, *, whole: bool = True) -> None:
        """Send an answer, or as much of it as `body` holds."""
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body, "more_body": not whole})

    async def drop(self, how: str = ABORT_EXTENSION) -> None:
        """End the connection, and wait until it has ended."""
        self.scope["extensions"][how]()
        await self.gone()

    async def gone(self) -> None:
        """Wait until the client is gone; a body that is still coming is thrown away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def body(self) -> bytes | None:
        """Return the whole request's body, or None where the client left in the middle of it."""
        parts: list[bytes] = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)


async def _run(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    """Let the application answer, to us instead of the client."""
    kept: list[Message] = []

    async def keep(message: Message) -> None:
        kept.append(message)

    # The router writes into the scope, which may be needed again.
    await app(dict(scope), receive, keep)
    return _Answer(kept[0], b"".join(message.get("body", b"") for message in kept[1:]))


def _replay(body: bytes) -> Receive:
    """Return a `receive` that hands out a body which has already come, and then says goodbye."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _drop_before(exchange: _Exchange) -> None:
    await exchange.drop()


async def _drop_after(exchange: _Exchange) -> None:
    await exchange.carried_out()
    await exchange.drop()


async def _late_commit(exchange: _Exchange) -> None:
    body = await exchange.body()
    await exchange.drop()
    if body is None:
        return
    seconds = exchange.plan.spec.late_commit_seconds

    async def commit() -> None:
        await asyncio.sleep(seconds)
        await _run(exchange.app, exchange.scope, _replay(body))

    exchange.plan.carry_out_later(commit())


async def _late(exchange: _Exchange) -> None:
    answer = await exchange.carried_out()
    try:
        async with asyncio.timeout(exchange.plan.spec.late_seconds):
            await exchange.gone()
    except TimeoutError:
        await exchange.give(answer.start, answer.body)


async def _slow(exchange: _Exchange) -> None:
    await asyncio.sleep(exchange.plan.spec.slow_seconds)
    await exchange.app(exchange.scope, exchange.receive, exchange.send)


async def _error500_after(exchange: _Exchange) -> None:
    await exchange.carried_out()
    await exchange.say(500, "Internal Server Error")


async def _error503(exchange: _Exchange) -> None:
    await exchange.say(503, "Service Unavailable", Retry_After="1")


async def _rate_limited(exchange: _Exchange) -> None:
    await exchange.say(429, "Too Many Requests", Retry_After="1")


async def _rate_limited_bare(exchange: _Exchange) -> None:
    await exchange.say(429, "Too Many Requests")


async def _half_body(exchange: _Exchange) -> None:
    await _cut_in_the_middle(exchange, ABORT_EXTENSION)


async def _reset(exchange: _Exchange) -> None:
    await _cut_in_the_middle(exchange, RESET_EXTENSION)


async def _cut_in_the_middle(exchange: _Exchange, how: str) -> None:
    answer = await exchange.carried_out()
    half = answer.body[: len(answer.body) // 2]
    await exchange.give(answer.start_with(len(answer.body)), half, whole=False)
    await exchange.drop(how)


async def _idless(exchange: _Exchange) -> None:
    answer = await exchange.carried_out()
    try:
        body = _stripped(answer.body)
    except ValueError:
        # The parts of a multipart answer have their JSON on lines of its own; what is none holds no id.
        body = b"\n".join(_stripped_if_json(line) for line in answer.body.split(b"\n"))
    await exchange.give(answer.start_with(len(body)), body)


async def _wrong_json(exchange: _Exchange) -> None:
    answer = await exchange.carried_out()
    half = answer.body[: len(answer.body) // 2]
    await exchange.give(answer.start_with(len(half), status=200), half)


async def _duplicate(exchange: _Exchange) -> None:
    body = await exchange.body()
    if body is None:
        return
    answer = await _run(exchange.app, exchange.scope, _replay(body))
    # Its own mistake is not kept from happening by a key the client has given.
    headers = [pair for pair in exchange.scope["headers"] if pair[0] != _IDEMPOTENCY_KEY]
    await _run(exchange.app, {**exchange.scope, "headers": headers}, _replay(body))
    await exchange.give(answer.start, answer.body)


def _stripped(text: bytes) -> bytes:
    """Return JSON text without ids. Raises ValueError for what is no JSON."""
    return json.dumps(_without_ids(json.loads(text))).encode()


def _stripped_if_json(line: bytes) -> bytes:
    with suppress(ValueError):
        return _stripped(line) + (b"\r" if line.endswith(b"\r") else b"")
    return line


def _without_ids(value: Any) -> Any:
    """Return JSON without the entries that name an id."""
    if isinstance(value, dict):
        return {key: _without_ids(inner) for key, inner in value.items() if key not in _IDS}
    return [_without_ids(inner) for inner in value] if isinstance(value, list) else value


_BEHAVIOURS: MappingProxyType[Fault, Callable[[_Exchange], Awaitable[None]]] = MappingProxyType(
    {
        Fault.DROP_BEFORE: _drop_before,
        Fault.DROP_AFTER: _drop_after,
        Fault.LATE_COMMIT: _late_commit,
        Fault.LATE: _late,
        Fault.SLOW: _slow,
        Fault.ERROR500_AFTER: _error500_after,
        Fault.ERROR503: _error503,
        Fault.RATE_LIMITED: _rate_limited,
        Fault.RATE_LIMITED_BARE: _rate_limited_bare,
        Fault.HALF_BODY: _half_body,
        Fault.RESET: _reset,
        Fault.IDLESS: _idless,
        Fault.WRONG_JSON: _wrong_json,
        Fault.DUPLICATE: _duplicate,
    }
)
