"""Stands between an adapter and its simulation, counts requests, and can keep one from getting any further."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ")
_CHUNK = 65_536


@dataclass
class Relay:
    """One relay, `url` being where it listens; nothing is held up unless `hold` says so."""

    target: str
    url: str = ""
    requests: int = 0
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as a request, or the answer to it, is held up."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as whoever sent the request that is held up has closed the connection."""
    _left: int | None = None
    _lets_through: bool = True
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def hold(self, place: int, *, arrives: bool) -> None:
        """Hold up the request at `place` from now on, 1 being the next one.

        Where it `arrives`, it is carried out and only its answer is held up.
        """
        self._left, self._lets_through = place, arrives
        self.caught.clear()
        self.gone.clear()

    def release(self) -> None:
        """Let everything through again that comes from now on."""
        self._left = None

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        task = asyncio.create_task(_Connection(self, reader, writer).pass_on())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Drop every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def begins(self) -> bool:
        """Count a request that begins, and tell whether it is the one to hold up."""
        self.requests += 1
        if self._left is None:
            return False
        self._left -= 1
        return self._left == 0

    @property
    def lets_through(self) -> bool:
        """Whether what is held up is the answer alone."""
        return self._lets_through


@dataclass
class _Connection:
    """One connection of the adapter's, and the one to the simulation behind it."""

    relay: Relay
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    held: bool = False

    async def pass_on(self) -> None:
        """Pass on requests and answers until the adapter hangs up."""
        parts = urlsplit(self.relay.target)
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        answers = asyncio.create_task(self._answers(far_reader))
        try:
            # That a connection ends in the middle, on either side, is what happens here on purpose.
            with suppress(ConnectionError):
                await self._requests(far_writer)
        finally:
            answers.cancel()
            for writer in (self.writer, far_writer):
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

    async def _requests(self, far: asyncio.StreamWriter) -> None:
        try:
            while data := await self.reader.read(_CHUNK):
                if data.startswith(_METHODS):
                    self.held = self.relay.begins()
                if self.held and not self.relay.lets_through:
                    self.relay.caught.set()
                    continue
                far.write(data)
                await far.drain()
        finally:
            if self.held:
                self.relay.gone.set()

    async def _answers(self, far: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await far.read(_CHUNK):
                if self.held:
                    self.relay.caught.set()
                    continue
                self.writer.write(data)
                await self.writer.drain()
            self.writer.close()


@asynccontextmanager
async def relaying(target: str) -> AsyncIterator[Relay]:
    """Stand before the server at `target`, an origin, for as long as the context lasts."""
    relay = Relay(target)
    listener = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.url = "http://{}:{}".format(*listener.sockets[0].getsockname()[:2])
    try:
        yield relay
    finally:
        listener.close()
        await relay.stop()
