"""Every way a call to another system can fail: its code, its fault and the sentence for a person.

Turns what the HTTP library raises into one of them. Nothing of the far side's own words, the
request or its headers gets into an error.
"""

import errno
import re
import socket
import ssl
from dataclasses import dataclass
from enum import Enum, IntEnum

import aiohttp

from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_REFUSALS = re.compile(
    r"ALERT[_ ](?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_[A-Z]+|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)"
)
"""OpenSSL's names of the alerts about a caller's certificate (SSL_R_* in sslerr.h); the last is what a
signature gets that does not fit (RFC 8446, section 6.2)."""


class Stage(IntEnum):
    """How far a call has come; from WAITING on, the far side may have received it."""

    QUEUED = 0
    CONNECTING = 1
    HANDSHAKE = 2
    WAITING = 3
    READING = 4


@dataclass(slots=True)
class Call:
    """One call under way: whom it goes to, as a person writes it, how large its answer may be, how far it has come."""

    host: str
    max_bytes: int
    stage: Stage = Stage.QUEUED


class Cause(Enum):
    """What went wrong: the machine's code, whose fault, and what to say and do about it."""

    DNS_UNKNOWN = (
        "dns",
        Fault.TRANSIENT,
        msg("There is no {host} on the network. Check that the address is spelt right."),
    )
    DNS_FAILED = (
        "dns",
        Fault.TRANSIENT,
        msg("The name {host} cannot be looked up just now. Try again in a few minutes."),
    )
    DNS_STALLED = (
        "connect_timeout",
        Fault.TRANSIENT,
        msg("Looking up the name {host} takes too long. Check the address, or try again in a few minutes."),
    )
    REFUSED = (
        "refused",
        Fault.TRANSIENT,
        msg("Nothing answers at {host}. Check that the address is right."),
    )
    UNREACHABLE = (
        "unreachable",
        Fault.TRANSIENT,
        msg("There is no way through the network to {host}. Check the address and the network connection."),
    )
    CUT_SHORT = (
        "unreachable",
        Fault.TRANSIENT,
        msg("{host} hung up before anything was sent. Try again in a few minutes, or check the address."),
    )
    BUSY = (
        "connect_timeout",
        Fault.TRANSIENT,
        msg("Too many calls are waiting already, so {host} was not called. Try again in a moment."),
    )
    CONNECT_STALLED = (
        "connect_timeout",
        Fault.TRANSIENT,
        msg("{host} does not pick up. Check the address, and whether a firewall stands between."),
    )
    TLS_STALLED = (
        "connect_timeout",
        Fault.TRANSIENT,
        msg("{host} picks up but sets up no secure connection. Check that the address is meant for https."),
    )
    TLS_FAILED = (
        "tls",
        Fault.CONFIG,
        msg("No secure connection to {host} is possible. Check that the address is meant for https."),
    )
    TLS_UNTRUSTED = (
        "tls",
        Fault.CONFIG,
        msg("Nobody trusted vouches for the certificate of {host}. Ask those who run it for a valid one."),
    )
    TLS_WRONG_HOST = (
        "tls",
        Fault.CONFIG,
        msg(
            "The certificate at {host} is made out to another address. Check that the address is spelt right."
        ),
    )
    TLS_EXPIRED = (
        "tls",
        Fault.CONFIG,
        msg("The certificate of {host} is out of date. Ask those who run it to renew it."),
    )
    TLS_CLIENT_REFUSED = (
        "client_certificate",
        Fault.CONFIG,
        msg(
            "{host} takes calls only from those whose certificate it knows. Check the client certificate and"
            " its private key."
        ),
    )
    NO_ANSWER = (
        "deadline",
        Fault.UNKNOWN_OUTCOME,
        msg(
            "{host} did not answer in time. Try again in a few minutes. If something was being sent, check"
            " first whether it arrived."
        ),
    )
    SLOW_ANSWER = (
        "deadline",
        Fault.UNKNOWN_OUTCOME,
        msg(
            "{host} began to answer but did not finish in time. Try again in a few minutes. If something was"
            " being sent, check first whether it arrived."
        ),
    )
    CONNECTION_LOST = (
        "connection_lost",
        Fault.UNKNOWN_OUTCOME,
        msg(
            "The connection to {host} broke before the whole answer had come. If something was being sent,"
            " check first whether it arrived."
        ),
    )
    TOO_LARGE = (
        "too_large",
        Fault.UNKNOWN_OUTCOME,
        msg(
            "The answer from {host} is too large to take in. Check that the address leads to the right place."
        ),
    )
    BAD_ENCODING = (
        "bad_encoding",
        Fault.UNKNOWN_OUTCOME,
        msg("The answer from {host} is packed in a way that cannot be unpacked. Tell those who run it."),
    )
    BAD_RESPONSE = (
        "bad_response",
        Fault.UNKNOWN_OUTCOME,
        msg(
            "{host} does not answer the way web servers do. Check that the address leads to the right place."
        ),
    )
    NOT_JSON = (
        "not_json",
        Fault.UNKNOWN_OUTCOME,
        msg("The answer cannot be read as data. Check that the address is the one for programs (the API)."),
    )
    HTML = (
        "html",
        Fault.UNKNOWN_OUTCOME,
        msg("The answer is a web page, not data. Check that the address is the one for programs (the API)."),
    )

    def __init__(self, code: str, fault: Fault, sentence: Message) -> None:
        self.code = code
        self.fault = fault
        self.sentence = sentence

    def error(self, host: str = "", *, internal: str = "") -> AdapterError:
        """Return the error to raise for a call to `host`; `internal` adds words for the log."""
        message = Message(self.sentence.template, {"host": host} if host else {})
        words = f"{self.code}: {self.name.lower()} {host} {internal}".strip()
        return AdapterError(message, self.fault, code=self.code, internal=words)


class Broken(Exception):
    """Carries a cause found on the way out of the HTTP library; `detail` is for the log."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(detail)
        self.cause = cause


def out_of_time(call: Call, *, resolving: bool) -> Cause:
    """Return what the deadline ended; `resolving` tells that the name was still being looked up."""
    if call.stage is Stage.CONNECTING and resolving:
        return Cause.DNS_STALLED
    return {
        Stage.QUEUED: Cause.BUSY,
        Stage.CONNECTING: Cause.CONNECT_STALLED,
        Stage.HANDSHAKE: Cause.TLS_STALLED,
        Stage.WAITING: Cause.NO_ANSWER,
        Stage.READING: Cause.SLOW_ANSWER,
    }[call.stage]


def cause_of(error: Exception, call: Call) -> Cause:
    """Return the cause behind an exception of the HTTP library or the operating system."""
    if _refuses_caller(error):
        return Cause.TLS_CLIENT_REFUSED
    match error:
        case Broken():
            return error.cause
        case aiohttp.ClientConnectorError():
            return _before_sending(error)
        case aiohttp.ClientResponseError():
            return Cause.BAD_RESPONSE
    return Cause.CONNECTION_LOST if call.stage >= Stage.WAITING else Cause.CUT_SHORT


def _refuses_caller(error: BaseException) -> bool:
    """Tell whether the far side ended the handshake because of the certificate we showed or did not show.

    In TLS 1.3 that comes after the request has left, but before the far side reads any of it: what a
    request says is handed on only when the caller is known (RFC 8446, sections 4.4.2.4 and 6.2).
    """
    links: list[BaseException | None] = [error, error.__cause__, error.__context__]
    links.append(error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None)
    return any(_REFUSALS.search(link.strerror or "") for link in links if isinstance(link, OSError))


def _before_sending(error: aiohttp.ClientConnectorError) -> Cause:
    """Tell the ways a connection fails to come about apart."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            return Cause.TLS_FAILED
        case aiohttp.ClientConnectorDNSError():
            unknown = error.os_error.errno in {socket.EAI_NONAME, socket.EAI_NODATA}
            return Cause.DNS_UNKNOWN if unknown else Cause.DNS_FAILED
    return _connecting(error.os_error)


def _connecting(error: OSError) -> Cause:
    if error.errno == errno.ECONNREFUSED:
        return Cause.REFUSED
    # A peer that hangs up in the middle of the handshake gives a ConnectionError without a number.
    return Cause.CUT_SHORT if isinstance(error, ConnectionError) else Cause.UNREACHABLE


def _certificate(error: Exception) -> Cause:
    """Read OpenSSL's X509_V_ERR numbers (openssl-verification-options(1))."""
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    if code in {9, 10}:
        return Cause.TLS_EXPIRED
    return Cause.TLS_WRONG_HOST if code in {62, 64} else Cause.TLS_UNTRUSTED


def describe(error: BaseException) -> str:
    """Return what may be logged of an exception: its type and the system's error number."""
    if isinstance(error, Broken):
        return str(error)
    source = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    number = getattr(source, "errno", None)
    return f"{type(error).__name__} {errno.errorcode.get(number or 0, '')}".strip()
