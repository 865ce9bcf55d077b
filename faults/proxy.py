"""A TCP proxy that harms what passes through it: slow, dripping, cut, reset, silent, or not there at all.

It knows nothing of what it carries; what an accounting system answers wrongly is the sandbox's business.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

_CHUNK = 65_536
_TURNS_OF_ACCEPTING = 4
"""Turns of the event loop until a connection that was just accepted is told to us."""
_LINGER_NONE = struct.pack("ii", 1, 0)
"""Makes closing a socket send a reset."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to connections; times are in seconds, sizes in bytes, none of it is the default.

    `toxicity` is the share of connections it happens to. What a harmed connection is told is decided
    when it opens, but `down` and `half_open` hold for all from now on.
    """

    latency: float = 0.0
    jitter: float = 0.0
    drip: float = 0.0
    """Pause after each byte of the answer."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the answer."""
    reset_after: int | None = None
    """Reset it after so many."""
    half_open: bool = False
    """Accept connections and let nothing through, old ones included."""
    down: bool = False
    """Refuse new connections and cut the old ones."""
    toxicity: float = 1.0


class FaultProxy:
    """Carries connections to `upstream`: a (host, port) pair, or the path of a unix socket."""

    def __init__(self, upstream: tuple[str, int] | str, seed: int = 1) -> None:
        self._upstream = upstream
        self._harm = Harm()
        self._draw = random.Random(seed)  # noqa: S311, faults must be repeatable
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.connections = 0

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._open.set()
        await self._listen()

    async def close(self) -> None:
        """Stop listening, cut every connection, and wait until nothing of them is left."""
        await self._stop_listening()
        self._cut_all()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def change(self, harm: Harm) -> None:
        """Harm connections so from now on."""
        self._harm = harm
        (self._open.clear if harm.half_open else self._open.set)()
        if harm.down:
            await self.close()
        elif self._server is None:
            await self._listen()

    async def cut(self) -> int:
        """Reset every connection there is; new ones are served. Return how many there were."""
        count = len(self._writers) // 2
        self._cut_all()
        return count

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        # A server that is closed while a connection is being accepted leaves its socket open.
        for _ in range(_TURNS_OF_ACCEPTING):
            await asyncio.sleep(0)
        server.close()

    def _cut_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(partial(self._end, writer))

    def _end(self, writer: asyncio.StreamWriter, task: asyncio.Task[None]) -> None:
        """Let go of a connection, also where its task was cancelled before it had begun."""
        self._serving.discard(task)
        self._writers.discard(writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        harm = self._harm if self._draw.random() < self._harm.toxicity else Harm()
        await self._open.wait()
        with suppress(OSError):
            await self._carry(reader, writer, harm)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, harm: Harm) -> None:
        there, back = await self._connect()
        self._writers.add(back)
        asking = asyncio.ensure_future(self._pump(reader, back, Harm()))
        answering = asyncio.ensure_future(self._pump(there, writer, harm))
        try:
            await asyncio.wait([asking, answering], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
            self._writers.discard(back)
            back.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, str):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection(*self._upstream)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, harm: Harm) -> None:
        """Carry one direction until it ends or its time has come."""
        carried = 0
        limit = harm.cut_after if harm.reset_after is None else harm.reset_after
        while data := await reader.read(1 if harm.drip else _CHUNK):
            await self._open.wait()
            await asyncio.sleep(harm.drip + harm.latency + harm.jitter * (2 * self._draw.random() - 1))
            part = data if limit is None else data[: limit - carried]
            writer.write(part)
            await writer.drain()
            carried += len(part)
            if limit is not None and carried >= limit:
                if harm.reset_after is not None:
                    _reset(writer)
                return


class ProxyThread:
    """A proxy in a thread of its own, for drivers that are busy with other things."""

    def __init__(self, proxy: FaultProxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._proxy.port

    @property
    def connections(self) -> int:
        """How many connections it has accepted."""
        return self._proxy.connections

    def change(self, harm: Harm) -> None:
        """Harm connections so from now on."""
        self._run(self._proxy.change(harm))

    def cut(self) -> int:
        """Reset every connection there is."""
        return int(self._run(self._proxy.cut()))

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def proxied(upstream: tuple[str, int] | str, seed: int = 1) -> Iterator[ProxyThread]:
    """Run a proxy until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fault-proxy", daemon=True)
    thread.start()
    proxy = FaultProxy(upstream, seed)
    running = ProxyThread(proxy, loop)
    running._run(proxy.start())  # noqa: SLF001, two classes of one thing
    try:
        yield running
    finally:
        running._run(proxy.close())  # noqa: SLF001, two classes of one thing
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection so that the other side sees a reset, where the socket knows resets."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family == socket.AF_INET:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()
