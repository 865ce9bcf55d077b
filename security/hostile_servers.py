"""Tests the connection to servers that do everything wrong: how long the answer takes, and how much memory."""

import asyncio
import gzip
import multiprocessing
import random
import resource
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.memory import MemoryWatch
from benchmarks.report import Figure, at_least, at_most
from integration_admin.adapters.base import AccountingAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.services.connection_attempt import AT_ONCE, TEST_SECONDS, attempt
from security.loop_watch import LoopWatch
from tests.adapters.hostile import (
    Authority,
    Behaviour,
    Peer,
    Server,
    answer,
    answering,
    deaf,
    drip_handshake,
    dripping,
    flooding,
    gzip_bomb,
    hang_up,
    hang_up_at_once,
    hang_up_on_the_second,
    reset_half_way,
    silent,
    speak_plain_http,
)
from tests.adapters.systems import SYSTEMS, System

_SERVERS = 1_000
_SEED = 1
_MOST_SECONDS = 10.5
_MOST_HELD = 0.5
_MOST_MEGABYTES = 32 * 1.048576
_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_JSON = "Content-Type: application/json"
_PACKED = "Content-Encoding: gzip"

Family = Callable[[random.Random], Behaviour]


def _bytes(draw: random.Random) -> bytes:
    return draw.randbytes(draw.randrange(1, 100_000))


def _nested(draw: random.Random) -> bytes:
    depth = draw.randrange(65, 200_000)
    return draw.choice(
        [b"[" * depth + b"]" * depth, b'{"data":' * depth, b'{"access_token":"' + b"x" * depth]
    )


def _wide(draw: random.Random) -> bytes:
    """Return JSON whose values take up many times as much memory as it has bytes, and which has no end."""
    value = draw.choice([b"0.5,", b"[],", b"{},", b"[[]],"])
    return b'{"value":[' + value * draw.randrange(1_000, 520_000 // len(value))


def _many(behaviour: Behaviour) -> Behaviour:
    """Behave so at every request of a connection, not only at the first."""

    async def behave(peer: Peer) -> None:
        while True:
            await behaviour(peer)

    return behave


FAMILIES: Mapping[str, Family] = {
    "silence": lambda _: silent,
    "nobody reads": lambda _: deaf,
    "hanging up": lambda _: hang_up,
    "hanging up at once": lambda _: hang_up_at_once,
    "hanging up on the second": lambda _: hang_up_on_the_second,
    "a reset half-way": lambda _: reset_half_way,
    "a head byte by byte": lambda d: dripping(_OK[: d.randrange(3, 17)], b"X-A: b\r\n"),
    "a body byte by byte": lambda _: dripping(_OK + b"Content-Length: 999999\r\n\r\n", b"["),
    "chunks byte by byte": lambda _: dripping(_CHUNKED, b"1\r\nx\r\n"),
    "endless interim answers": lambda _: flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    "endless headers": lambda d: flooding(_OK, b"X-%d: b\r\n" % d.randrange(9) * 99),
    "an endless header": lambda _: flooding(_OK + b"X-A: ", b"b" * 999),
    "an endless body": lambda d: flooding(_OK + b"\r\n", d.randbytes(65_536)),
    "endless chunks": lambda _: flooding(_CHUNKED, b"1000\r\n%b\r\n" % bytes(4_096)),
    "tiny chunks": lambda _: flooding(_CHUNKED, b"1\r\n \r\n" * 5_000),
    "a huge length": lambda d: flooding(
        _OK + b"Content-Length: %d\r\n\r\n" % d.randrange(2**21, 2**63), b"x"
    ),
    "a huge chunk": lambda d: flooding(_CHUNKED + b"%x\r\n" % d.randrange(2**21, 2**63), b"x" * 999),
    "a gzip bomb": lambda d: answering(answer(gzip_bomb(d.randrange(2, 1_000)), _PACKED, _JSON)),
    "gzip in gzip": lambda _: answering(answer(gzip.compress(gzip_bomb(99)), _PACKED, _PACKED)),
    "half a gzip body": lambda _: answering(answer(gzip.compress(b"{}")[:-9], _PACKED)),
    "bad chunking": lambda d: answering(
        _CHUNKED + d.choice([b"ZZ\r\nxx\r\n", b"-1\r\n", b"\r\n\r\n", b"4\r\nha"])
    ),
    "two lengths": lambda _: answering(answer(b"{}", "Content-Length: 3")),
    "a length and chunks": lambda _: answering(answer(b"{}", "Transfer-Encoding: chunked")),
    "another protocol": lambda d: answering(
        d.choice([b"SSH-2.0-x\r\n", b"220 mail\r\n", b"\x16\x03\x01\x02"])
    ),
    "noise": lambda d: answering(_bytes(d)),
    "noise in JSON's place": lambda d: answering(answer(_bytes(d), _JSON)),
    "deep JSON": lambda d: answering(answer(_nested(d), _JSON)),
    "wide JSON": lambda d: answering(answer(_wide(d), _JSON)),
    "a long number": lambda d: answering(answer(b"9" * d.randrange(5_000, 900_000), _JSON)),
    "the wrong JSON": lambda d: _many(
        answering(answer(d.choice([b"null", b"[[]]", b'""', b"0", b"{}"]), _JSON))
    ),
    "a web page": lambda _: _many(answering(answer(b"<!doctype html>", "Content-Type: text/html"))),
    "a status": lambda d: _many(answering(answer(b"{}", _JSON, status=f"{d.randrange(300, 600)} x"))),
    "a redirect": lambda _: answering(
        answer(b"", "Location: http://169.254.169.254/latest/meta-data/", status="307 Temporary Redirect")
    ),
    "a redirect to itself": lambda _: _many(answering(answer(b"", "Location: /", status="302 Found"))),
    "a switch of protocol": lambda _: flooding(
        b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", b"spam"
    ),
}
"""What a server does, drawn anew for each."""
TLS_FAMILIES: Mapping[str, Family] = {
    "a silent handshake": lambda _: silent,
    "a handshake byte by byte": lambda _: drip_handshake,
    "hanging up in the handshake": lambda _: hang_up_at_once,
    "plain http": lambda _: speak_plain_http,
    "a bad certificate": lambda _: silent,
}
"""What a server does that is called by https; the last one has a certificate nobody vouches for."""


def measure() -> list[Figure]:
    """Test the connection to a thousand servers, as many at a time as the product does.

    The longest answer is by the clock on the wall, and late too when the machine has no time for this process;
    how long the event loop was held is by the processor time used, and the product's alone.
    """
    parent, child = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    servers = context.Process(target=_serve, args=(child, _SERVERS, _SEED), daemon=True)
    servers.start()
    try:
        addresses = parent.recv()
        # What every call needs is loaded before memory is looked at, by calls that hold little of it.
        asyncio.run(answered([addresses[place] for place in _light()], at_once=1))
        watch, held = MemoryWatch(), LoopWatch()
        with watch.watching():
            times, passed = asyncio.run(held.during(answered(addresses, at_once=AT_ONCE)))
    finally:
        servers.terminate()
        servers.join()
    return [
        at_least("hostile_servers_answered", len(times), "servers", _SERVERS),
        at_most("hostile_servers_longest", max(times), "s", _MOST_SECONDS),
        at_most("hostile_servers_loop_held", held.longest, "s", _MOST_HELD),
        at_most("hostile_servers_memory", watch.peak, "MB", _MOST_MEGABYTES),
        at_most("hostile_servers_passed", passed, "servers", 0),
    ]


def _light() -> list[int]:
    """Return the places of servers that answer at once and little; each adapter gets each of them."""
    names = [*FAMILIES, *TLS_FAMILIES]
    light = ("a web page", "half a gzip body", "plain http", "bad chunking")
    return [names.index(name) + turn * len(names) for name in light for turn in range(len(SYSTEMS))]


async def answered(
    addresses: Sequence[str], *, at_once: int, seconds: float = TEST_SECONDS
) -> tuple[list[float], int]:
    """Return how long each connection test took, and how many found nothing wrong; adapters take turns."""
    turns = asyncio.Semaphore(at_once)
    clock = SystemClock()
    async with OutboundClient(allow=["127.0.0.1"]) as http:
        adapters = [(system, system.make(http, clock)) for system in SYSTEMS]

        async def one(place: int, address: str) -> tuple[float, bool]:
            # One further every time round, so that each adapter meets each family.
            rounds = place // (len(FAMILIES) + len(TLS_FAMILIES))
            system, adapter = adapters[(place + rounds) % len(adapters)]
            async with turns:
                return await _tested(system, adapter, address, seconds)

        found = await asyncio.gather(*(one(place, address) for place, address in enumerate(addresses)))
    return [took for took, _ in found], sum(passed for _, passed in found)


async def _tested(
    system: System, adapter: AccountingAdapter, address: str, seconds: float
) -> tuple[float, bool]:
    begun = asyncio.get_running_loop().time()
    report = await attempt(adapter, system.credentials(address), SystemClock(), seconds=seconds)
    return asyncio.get_running_loop().time() - begun, report.passed


@asynccontextmanager
async def hostile(count: int, seed: int, folder: Path) -> AsyncIterator[list[str]]:
    """Start servers, one after another of each family, and yield their addresses."""
    draw = random.Random(seed)  # noqa: S311, it only has to be the same again
    authority = Authority(folder)
    families = [(name, family, "http") for name, family in FAMILIES.items()]
    families += [(name, family, "https") for name, family in TLS_FAMILIES.items()]
    started: list[Server] = []
    addresses = []
    try:
        for place in range(count):
            name, family, scheme = families[place % len(families)]
            server = Server(family(draw))
            await server.start(tls=_certificate(name, authority))
            started.append(server)
            addresses.append(f"{scheme}://127.0.0.1:{server.port}")
        yield addresses
    finally:
        await asyncio.gather(*(server.stop() for server in started))


def _certificate(name: str, authority: Authority) -> ssl.SSLContext | None:
    return authority.server("127.0.0.1", self_signed=True) if name == "a bad certificate" else None


def _serve(pipe: Connection, count: int, seed: int) -> None:
    """Be the process in which the servers run, until it is ended."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def serve() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with hostile(count, seed, Path(folder)) as addresses:
                pipe.send(addresses)
                await asyncio.Event().wait()

    asyncio.run(serve())
