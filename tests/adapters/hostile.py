"""Servers that misbehave on purpose, over real sockets on loopback, and certificates for them."""

import asyncio
import gzip
import socket
import ssl
import struct
import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PACE = 0.05
"""Seconds between the bytes of a drip: often enough that no single read ever takes long."""


@dataclass
class Peer:
    """One accepted connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heads: list[bytes]

    async def request(self) -> bytes:
        """Take one whole request and return its head."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await self.reader.readexactly(int(line.split(b":")[1]))
        return head

    async def say(self, data: bytes) -> None:
        """Send bytes, waiting until the other side takes them."""
        self.writer.write(data)
        await self.writer.drain()


Behaviour = Callable[[Peer], Awaitable[None]]


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Build an ordinary answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answering(data: bytes) -> Behaviour:
    """Answer the first request with these exact bytes and hang up."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(data)

    return behave


def keeping_alive(data: bytes) -> Behaviour:
    """Answer request after request on one connection, like a well-behaved server."""

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(data)

    return behave


def dripping(prefix: bytes, drip: bytes) -> Behaviour:
    """Send `prefix` at once, then `drip` byte by byte, over and over."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(prefix)
        while True:
            for byte in drip:
                await peer.say(bytes([byte]))
                await asyncio.sleep(PACE)

    return behave


def flooding(prefix: bytes, block: bytes) -> Behaviour:
    """Send `prefix`, then `block` for ever, as fast as the other side takes it."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.say(prefix)
        while True:
            await peer.say(block)
            # The client shares this loop, and `drain` hands over only when the buffers are full.
            await asyncio.sleep(0)

    return behave


async def silent(peer: Peer) -> None:
    """Read everything and say nothing."""
    while await peer.reader.read(65_536):
        pass


async def deaf(peer: Peer) -> None:
    """Begin an answer at once, but read nothing of the request and never go on."""
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    await asyncio.Event().wait()


async def hang_up(peer: Peer) -> None:
    """Take the request and close the connection without a word."""
    await peer.request()


async def hang_up_at_once(peer: Peer) -> None:
    """Close the connection at its first byte, in the middle of a handshake."""
    await peer.reader.read(1)


async def hang_up_on_the_second(peer: Peer) -> None:
    """Answer one request; take the next on the same connection and close without a word."""
    await peer.request()
    await peer.say(answer(b"{}"))
    await peer.request()


async def reset_half_way(peer: Peer) -> None:
    """Send half an answer, then a TCP reset."""
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    at_once = struct.pack("ii", 1, 0)
    peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    peer.writer.transport.abort()


async def drip_handshake(peer: Peer) -> None:
    """Begin a TLS record and go on with it byte by byte."""
    await peer.reader.read(1)
    await peer.say(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb")
    while True:
        await peer.say(b"\x03")
        await asyncio.sleep(PACE)


async def speak_plain_http(peer: Peer) -> None:
    """Answer a TLS greeting the way a plain HTTP server does."""
    await peer.reader.read(1)
    await peer.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def gzip_bomb(mebibytes: int) -> bytes:
    """Return a gzip body that unpacks to this many MiB of zeros, a thousandth of that in size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1_048_576)) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * mebibytes


@dataclass
class Server:
    """A listening server that counts what reaches it."""

    behaviour: Behaviour
    connections: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    heads: list[bytes] = field(default_factory=list)
    """The heads of the requests taken."""
    names: list[str | None] = field(default_factory=list)
    """The name each TLS client asked for (SNI)."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _listener: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port."""
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = await asyncio.start_server(self._serve, host, 0, ssl=tls)

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._listener is not None
        return int(self._listener.sockets[0].getsockname()[1])

    async def idle(self) -> None:
        """Wait until every connection has ended."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)
        await self._listener.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.reached.set()
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # Being stopped is no failure of the server; asyncio's streams would report it as one.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.behaviour(Peer(reader, writer, self.heads))
            writer.close()
            await writer.wait_closed()
        writer.transport.abort()
        self._tasks.discard(task)


class FullBacklog:
    """A port at which the kernel lets connections hang: its queue is full and nobody accepts."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._waiting = [socket.socket() for _ in range(4)]
        for waiting in self._waiting:
            waiting.settimeout(0)
            waiting.connect_ex(self._listener.getsockname())

    def close(self) -> None:
        """Free the port."""
        for each in (*self._waiting, self._listener):
            each.close()


class Directory:
    """A name service that answers what the test says: addresses, an error, or never."""

    def __init__(self, *answers: Sequence[str] | OSError | None) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []

    async def resolve(self, host: str) -> Sequence[str]:
        """Return the next answer; the last one is given again and again."""
        self.questions.append(host)
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if given is None:
            await asyncio.Event().wait()
        if isinstance(given, OSError):
            raise given
        return given or ()

    async def close(self) -> None:
        """Nothing is held open."""


class Authority:
    """A certificate authority of the tests' own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test authority")
        basic = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(self._name, self._key, 2100).add_extension(basic, critical=True)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))

    def server(self, name: str, *, self_signed: bool = False, until: int = 2100) -> ssl.SSLContext:
        """Return a server's TLS context with a certificate for `name`, valid to the year `until`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general_name(name)])
        builder = self._builder(_name(name), key, until, self_signed=self_signed)
        certificate = builder.add_extension(names, critical=False).sign(
            key if self_signed else self._key, hashes.SHA256()
        )
        path = self._folder / f"{name}-{self_signed}-{until}.pem"
        path.write_bytes(_pem(certificate) + _key_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trusted_server(self, name: str) -> ssl.SSLContext:
        """Return a server's TLS context that takes only callers with a certificate of this authority."""
        context = self.server(name)
        context.load_verify_locations(self.bundle)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, name: str = "client", *, until: int = 2100) -> tuple[str, str]:
        """Return a caller's certificate and its private key, both as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._builder(_name(name), key, until).sign(self._key, hashes.SHA256())
        return _pem(certificate).decode(), _key_pem(key).decode()

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, until: int, *, self_signed: bool = False
    ) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer_name=subject if self_signed else self._name,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_valid_after=datetime(until, 1, 1, tzinfo=UTC),
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
