"""The one HTTP client: a hard deadline, size limits, checked addresses, no redirects, no cookies.

Knows nothing of any accounting system; what a status means is for the adapters to say.
"""

import asyncio
import io
import re
import ssl
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol, Self

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.connector import Connection

from integration_admin.adapters.addresses import AddressPolicy
from integration_admin.adapters.client_certificate import ClientCertificate
from integration_admin.adapters.outbound_errors import (
    Broken,
    Call,
    Stage,
    cause_of,
    describe,
    out_of_time,
)
from integration_admin.adapters.outbound_protocol import (
    PIECE,
    BoundedProtocol,
    Connector,
    allowed,
    answers_within,
)
from integration_admin.adapters.outbound_response import Response, read
from integration_admin.adapters.resolver import CheckedResolver, Resolver, SystemResolver
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret

__all__ = ["DEADLINE", "MAX_BYTES", "HTTPClient", "OutboundClient", "Response", "answers_within"]

DEADLINE: Final = 10.0
"""Seconds for everything, from looking up the name to the last decoded byte."""
MAX_BYTES: Final = 1_048_576
"""Bytes of a body, both as sent and as decoded."""

_LARGE = 1_048_576
"""Bytes of a request above which aiohttp wants to write it in pieces."""
_IDLE_SECONDS = 4.0
"""Below the five seconds after which common servers close an idle connection: a request that meets
such a closing has an unknown outcome."""

_MOST_CERTIFICATES: Final = 64
"""Certificates kept ready; the oldest is loaded again when it is needed."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are set here: they frame the request, name the host or carry cookies."""


class HTTPClient(Protocol):
    """What adapters ask for; tests and benches may hand them another one."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NOTHING,
        secret_headers: Mapping[str, Secret] = _NOTHING,
        body: bytes | None = None,
        deadline: float = DEADLINE,
        max_bytes: int = MAX_BYTES,
        certificate: ClientCertificate | None = None,
    ) -> Response:
        """Send one request once and return the answer, whatever its status.

        `url` is percent-encoded; `deadline` is in seconds and covers everything; `max_bytes` limits
        the body, as sent and as decoded; `certificate` is shown to whoever asks for one. Raises
        AdapterError when no whole answer comes; its fault tells whether anything may have arrived.
        """
        ...


_call: ContextVar[Call] = ContextVar("outbound_call")


class _Request(aiohttp.ClientRequest):
    """Notes the moment from which bytes of the request may have left."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        call = _call.get()
        call.stage = Stage.WAITING
        if isinstance(conn.protocol, BoundedProtocol):
            conn.protocol.begin(call.max_bytes)
        return await super().send(conn)


class _TLSContext(ssl.SSLContext):
    """Verifies certificates by the system's trusted list, and notes when a handshake begins."""

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        call = _call.get(None)
        if call is not None and call.stage is Stage.CONNECTING:
            call.stage = Stage.HANDSHAKE
        return super().wrap_bio(*args, **kwargs)


async def _only_once(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a request by itself when a kept-alive connection turns out dead."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Broken(cause_of(error, _call.get()), describe(error)) from None


class OutboundClient:
    """Calls other systems over HTTP; one object serves one event loop.

    `allow` is the operator's list (see AddressPolicy); `pool_size` calls are under way at the most,
    the others wait their turn within their deadline. Certificates are checked against the system's
    list, or the one the OpenSSL variables SSL_CERT_FILE and SSL_CERT_DIR name.
    """

    def __init__(
        self, *, allow: Sequence[str] = (), resolver: Resolver | None = None, pool_size: int = 32
    ) -> None:
        self._policy = AddressPolicy(allow)
        self._resolver = CheckedResolver(self._policy, resolver or SystemResolver())
        self._slots = asyncio.Semaphore(pool_size)
        self._tls: _TLSContext | None = None
        self._presenting: OrderedDict[str, _TLSContext] = OrderedDict()
        """By fingerprint: a context a certificate."""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; calls under way fail."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NOTHING,
        secret_headers: Mapping[str, Secret] = _NOTHING,
        body: bytes | None = None,
        deadline: float = DEADLINE,
        max_bytes: int = MAX_BYTES,
        certificate: ClientCertificate | None = None,
    ) -> Response:
        """Send one request once and return the answer, whatever its status.

        Redirects are not followed. A connection opened with a certificate is never used without it.
        Raises AdapterError (see outbound_errors.Cause for the codes) when no whole answer comes; its
        fault tells whether anything may have arrived.
        """
        target = self._policy.check_url(url)
        _check_headers(headers, secret_headers)
        # Plain HTTP needs no list of trusted authorities, and reading that takes a tenth of a second.
        tls = True if target.scheme == "http" else self._context(certificate)
        call = Call(target.host_port_subcomponent or "", allowed(max_bytes))
        _call.set(call)
        # Errors are raised outside the except blocks: what is caught there refers to frames that
        # hold the revealed headers.
        try:
            async with asyncio.timeout(deadline), self._slots:
                call.stage = Stage.CONNECTING
                response = await self._connected().request(
                    method,
                    target,
                    headers=_revealed(headers, secret_headers),
                    data=_payload(body),
                    allow_redirects=False,
                    ssl=tls,
                )
                call.stage = Stage.READING
                try:
                    return await read(response, call.max_bytes)
                finally:
                    response.close()
        except AdapterError as error:
            failure = error.with_traceback(None)
        except TimeoutError:
            resolving = (target.raw_host, target.port) in self._resolver.pending
            cause = out_of_time(call, resolving=resolving)
            failure = cause.error(call.host, internal=f"after {deadline:g} s")
        except (Broken, aiohttp.ClientError, OSError) as error:
            failure = cause_of(error, call).error(call.host, internal=describe(error))
        raise failure

    def _context(self, certificate: ClientCertificate | None) -> _TLSContext:
        """Return the context whose connections present `certificate`; aiohttp keeps connections by context."""
        if certificate is None:
            self._tls = self._tls or _tls_context()
            return self._tls
        context = self._presenting.get(certificate.fingerprint)
        if context is None:
            context = _tls_context()
            certificate.load_into(context)
            self._presenting[certificate.fingerprint] = context
            if len(self._presenting) > _MOST_CERTIFICATES:
                self._presenting.popitem(last=False)
        return context

    def _connected(self) -> aiohttp.ClientSession:
        """Return the session, opened on the running loop by the first request."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=Connector(
                    resolver=self._resolver,
                    limit=0,
                    keepalive_timeout=_IDLE_SECONDS,
                    # Older Pythons leave a TLS socket open whose peer never says goodbye.
                    enable_cleanup_closed=sys.version_info < (3, 12, 7),
                ),
                headers={"Accept-Encoding": "identity", "User-Agent": "integration-admin"},
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                trust_env=False,
                auto_decompress=False,
                read_bufsize=PIECE,
                request_class=_Request,
                middlewares=(_only_once,),
            )
        return self._session


def _tls_context() -> _TLSContext:
    context = _TLSContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_default_certs()
    return context


def _check_headers(headers: Mapping[str, str], secrets: Mapping[str, Secret]) -> None:
    """Raise AdapterError when a header cannot be sent as it is."""
    for name in (*headers, *secrets):
        if not _may_be_set(name):
            raise AdapterError(
                msg("The header name {name} cannot be used. Choose another one.", name=name),
                Fault.CONFIG,
                code="bad_header",
            )
    plain = [name for name, value in headers.items() if not _VALUE.fullmatch(value)]
    secret = [name for name, value in secrets.items() if not _VALUE.fullmatch(value.reveal())]
    for name in (*plain, *secret):
        raise AdapterError(
            msg(
                "The value for {name} has a line break or another odd character in it. Enter it again.",
                name=name,
            ),
            Fault.CONFIG,
            code="bad_header",
        )


@lru_cache(maxsize=256)
def _may_be_set(name: str) -> bool:
    """Tell whether a header of this name may be asked for. The same few are, again and again."""
    return _NAME.fullmatch(name) is not None and name.lower() not in _OURS


def _revealed(headers: Mapping[str, str], secrets: Mapping[str, Secret]) -> dict[str, str]:
    return {**headers, **{name: value.reveal() for name, value in secrets.items()}}


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return the body in the form aiohttp can write in pieces when it is large."""
    return io.BytesIO(body) if body is not None and len(body) > _LARGE else body
