"""Serves the sandboxes on loopback: several at once for the command line, one in a thread for a test."""

import asyncio
import signal
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.sandbox.dynamics import app as dynamics
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.rest import app as rest
from integration_admin.sandbox.wire import ABORT_EXTENSION, RESET_EXTENSION
from integration_admin.sandbox.xledger import app as xledger

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One simulated accounting system: how to build it, and what to say of it once it has an address."""

    name: str
    create: Callable[..., ASGIApp]
    """Takes `seed`, `limits`, `faults` and `journal`, which is None where nothing is kept."""
    describe: Callable[[str, int], dict[str, Any]]
    """Takes the base URL and the seed; returns addresses and demo credentials."""
    offset: int
    """Which port after the base port it listens on."""


SANDBOXES = (
    Sandbox("xledger", xledger.create_app, xledger.describe, offset=0),
    Sandbox("dynamics", dynamics.create_app, dynamics.describe, offset=1),
    Sandbox("generic_rest", rest.create_app, rest.describe, offset=2),
)


def serve_sandboxes(
    port_base: int,
    *,
    faults: str,
    seed: int,
    limits: bool = True,
    keep: Path | None = None,
    announce: Callable[[dict[str, Any]], None],
) -> None:
    """Serve every sandbox until SIGTERM or SIGINT; `announce` gets addresses and demo credentials by name.

    With `keep`, what was booked is in that folder and there again at the next start. Each change is handed
    to the operating system before it is answered: kill -9 loses nothing that was answered, a power cut
    perhaps the last seconds. Call it from the main thread. Raises ConfigurationError for a taken port, a
    malformed fault plan, and a folder that cannot be used or is in use.
    """
    stopped = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    found: dict[str, Any] = {}
    try:
        with ExitStack() as stack:
            for sandbox in SANDBOXES:
                # Closed after its server has stopped.
                journal = stack.enter_context(Journal(keep / f"{sandbox.name}.jsonl")) if keep else None
                app = sandbox.create(seed=seed, limits=limits, faults=faults, journal=journal)
                url = stack.enter_context(_serving(app, port_base + sandbox.offset))
                found[sandbox.name] = sandbox.describe(url, seed)
            announce(found)
            stopped.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@asynccontextmanager
async def running(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` in a thread of its own and yield its base URL; port 0 takes a free one."""
    context = _serving(app, port)
    url = await asyncio.to_thread(context.__enter__)
    try:
        yield url
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


@contextmanager
def _serving(app: ASGIApp, port: int) -> Iterator[str]:
    """Listen before the thread starts, so that the address answers as soon as it is known."""
    listener = _listen(port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=_DroppableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],), name=f"sandbox-{port}", daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _listen(port: int) -> socket.socket:
    # Without the protocol's number asyncio leaves Nagle's delay on, and every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError:
        listener.close()
        raise ConfigurationError(
            msg("Port {port} is taken by another program. Choose another one.", port=port)
        ) from None
    listener.listen(128)
    return listener


class _DroppableProtocol(H11Protocol):
    """Hands each request two ways to end its own connection, which ASGI itself does not have."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        app = self.app
        ways_out = {ABORT_EXTENSION: transport.abort, RESET_EXTENSION: partial(_reset, transport)}

        async def with_ways_out(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {}).update(ways_out)
            await app(scope, receive, send)

        self.app = with_ways_out


def _reset(transport: asyncio.Transport) -> None:
    """Close the connection so that the other side gets a TCP RST."""
    # A socket that lingers for no time at all throws away what is unsent instead of saying goodbye (socket(7)).
    # The client may have gone by itself meanwhile.
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    transport.abort()
