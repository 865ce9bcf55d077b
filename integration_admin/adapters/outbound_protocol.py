"""What one connection takes in at a time and altogether, so that no answer holds up the others.

aiohttp parses all that one read of the socket brings (up to 256 KiB) in one go, takes interim answers (1xx)
without end, and counts of a body in chunks only what is in them.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

from integration_admin.adapters.outbound_errors import Broken, Cause

PIECE: Final = 16_384
"""Bytes that are parsed in one go, and about as many of a body wait to be read."""
_MOST_INTERIM = 16
"""Interim answers before the real one; servers send one or two."""
_HEADERS = 131_072
"""Bytes allowed for what stands before a body and after it."""

_most_bytes: ContextVar[int] = ContextVar("outbound_most_bytes", default=sys.maxsize)


@contextmanager
def answers_within(max_bytes: int) -> Iterator[None]:
    """Let no call made inside take in a body above `max_bytes`, whatever it asks for itself."""
    before = _most_bytes.set(max_bytes)
    try:
        yield
    finally:
        _most_bytes.reset(before)


def allowed(max_bytes: int) -> int:
    """Return how large a body may be where a call allows `max_bytes`."""
    return min(max_bytes, _most_bytes.get())


class BoundedProtocol(ResponseHandler):
    """Takes in at most twice what a body may have, so that chunks of one byte come to an end too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        # Some servers talk before they are asked.
        self._interim, self._left = 0, _HEADERS

    def begin(self, max_bytes: int) -> None:
        """Count anew, for an answer whose body may have `max_bytes`."""
        self._interim, self._left = 0, 2 * max_bytes + _HEADERS

    def data_received(self, data: bytes) -> None:
        """Parse what came, piece by piece, until too much has come."""
        self._left -= len(data)
        if self._left < 0:
            self._give_up(Cause.TOO_LARGE)
            return
        # Once with nothing when aiohttp goes on with what it has kept.
        for start in range(0, max(1, len(data)), PIECE):
            super().data_received(data[start : start + PIECE])
            if self.transport is None or self.transport.is_closing():
                return

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take one answer, interim or not, to be handed on."""
        if self.is_eof():
            return
        super().feed_data(data, size)
        self._interim += data[0].code < 200
        if self._interim > _MOST_INTERIM:
            self._give_up(Cause.BAD_RESPONSE)

    def _give_up(self, cause: Cause) -> None:
        error = Broken(cause)
        if self._payload is not None:
            set_exception(self._payload, error)
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()


class Connector(aiohttp.TCPConnector):
    """Opens connections that are read with these bounds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # There is no public way to choose the protocol; tests/adapters notice when this one is gone.
        self._factory = partial(cast("type[ResponseHandler]", BoundedProtocol), loop=self._loop)
