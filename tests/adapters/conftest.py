"""Fixtures of the adapters' tests: misbehaving servers, and a record of every connection attempt."""

import errno
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from ssl import SSLContext
from typing import Any

import pytest

from integration_admin.adapters.outbound import OutboundClient
from tests.adapters.hostile import Authority, Behaviour, Server

Serve = Callable[..., Awaitable[Server]]

_attempts: list[Any] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note every attempt to connect, and let none leave this machine should the client ever try."""
    if event != "socket.connect" or _attempts is None:
        return
    _attempts.append(arguments[1])
    if not str(arguments[1][0]).startswith(("127.", "::1")):
        raise PermissionError(errno.EPERM, "not on this machine")


@pytest.fixture(scope="session")
def _audit() -> None:
    # An audit hook cannot be taken away again, so there is one, which a fixture turns on and off.
    sys.addaudithook(_watch)


@pytest.fixture
def attempts(_audit: None) -> Iterator[list[Any]]:
    """The addresses this process has tried to connect to, whether or not anything answered."""
    global _attempts  # noqa: PLW0603  # the audit hook outlives every fixture
    _attempts = []
    yield _attempts
    _attempts = None


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that behaves as told, on loopback; all are stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            behaviour: Behaviour, *, host: str = "127.0.0.1", tls: SSLContext | None = None
        ) -> Server:
            server = Server(behaviour)
            await server.start(host, tls=tls)
            stack.push_async_callback(server.stop)
            return server

        yield start


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nothing trusts unless a test says so."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def outbound() -> AsyncIterator[OutboundClient]:
    """The client the product calls others with, allowed to call this machine."""
    async with OutboundClient(allow=("127.0.0.0/8",)) as client:
        yield client
