"""A client's own certificate: what is read from a pasted one, and what a server gets to see of it."""

import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from integration_admin.adapters import client_certificate
from integration_admin.adapters.client_certificate import ClientCertificate, ReadCertificates
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters import locked_keys
from tests.adapters.conftest import Serve
from tests.adapters.hostile import Authority, Directory, answer, keeping_alive

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NAME = "ledger.example.org"


@pytest.fixture
def pair(authority: Authority) -> tuple[str, str]:
    return authority.client()


@pytest.fixture
async def client(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OutboundClient]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    async with OutboundClient(allow=[NAME], resolver=Directory(["127.0.0.1"])) as outbound:
        yield outbound


def read(certificate: str, key: str, passphrase: str | None = None, now: datetime = NOW) -> ClientCertificate:
    locked = None if passphrase is None else Secret(passphrase)
    return client_certificate.read(Secret(certificate), Secret(key), locked, now)


def pem(key: Any, passphrase: bytes | None = None, *, old: bool = False) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL if old else serialization.PrivateFormat.PKCS8
    how = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase)
    )
    return key.private_bytes(serialization.Encoding.PEM, form, how).decode()


def flat(text: str) -> str:
    """Return a text as a form's one-line field hands it over."""
    return text.replace("\n", "")


@pytest.mark.parametrize(
    "shape", [str, flat, lambda text: text.replace("\n", "\r\n"), lambda t: f"\n {t} \n"]
)
def test_a_pasted_certificate_is_read_with_line_breaks_or_without(
    pair: tuple[str, str], shape: Callable[[str], str]
) -> None:
    certificate, key = pair
    found = read(shape(certificate), shape(key))
    assert (found.chain.decode(), found.key.reveal()) == (certificate, key)
    assert found.not_after == datetime(2100, 1, 1, tzinfo=UTC)


def test_those_that_vouch_for_it_come_after_it_whatever_their_order(
    authority: Authority, pair: tuple[str, str]
) -> None:
    certificate, key = pair
    above = authority.bundle.read_text()
    assert read(above + certificate, key).chain.decode() == certificate + above


@pytest.mark.parametrize("old", [False, True])
def test_a_locked_key_opens_with_its_passphrase_only(authority: Authority, *, old: bool) -> None:
    certificate, key = authority.client()
    loaded: Any = serialization.load_pem_private_key(key.encode(), None)
    locked = pem(loaded, b"open sesame", old=old)
    for shape in (str, flat):
        assert read(certificate, shape(locked), "open sesame").key.reveal() == key
    for passphrase in (None, "wrong", ""):
        with pytest.raises(AuthenticationFailed) as refused:
            read(certificate, locked, passphrase)
        assert "locked with a passphrase" in str(refused.value.message)


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (locked_keys.pbkdf2(2_048), "locked with a passphrase"),
        (locked_keys.pbkdf2(2_048, length=32), "locked with a passphrase"),
        (locked_keys.scrypt(16_384, 8, 1), "locked with a passphrase"),
        (locked_keys.pbes1(2_048), "locked with a passphrase"),
        (locked_keys.pbkdf2(2_000_000_000), "takes too long"),
        (locked_keys.pbkdf2(1_048_577, length=32), "takes too long"),
        (locked_keys.scrypt(2**24, 8, 1), "takes too long"),
        (locked_keys.scrypt(2**14, 8, 100), "takes too long"),
        (locked_keys.pbes1(1_048_577), "takes too long"),
        (locked_keys.scrypt(2**24, 8, 0), "takes too long"),
        (locked_keys.unknown(), "takes too long"),
        (locked_keys.nested(3_000), "takes too long"),
        (b"\x30\x05\x01", "takes too long"),
        (b"", "takes too long"),
    ],
)
def test_a_locked_key_that_would_keep_everybody_waiting_is_not_opened(
    pair: tuple[str, str], way: bytes, words: str
) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        read(pair[0], locked_keys.locked(way), "open sesame")
    assert words in str(refused.value.message)


@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_an_rsa_key_that_would_keep_everybody_waiting_is_not_checked(
    pair: tuple[str, str], passphrase: bytes | None
) -> None:
    key = pem(locked_keys.rsa_key(2**2203 - 1, 2**2281 - 1), passphrase)
    with pytest.raises(AuthenticationFailed) as refused:
        read(pair[0], key, passphrase and passphrase.decode())
    assert "4,096 bits" in refused.value.message.translate("en")


def test_an_rsa_key_is_looked_at_for_whether_it_is_one(pair: tuple[str, str]) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        read(pair[0], pem(locked_keys.rsa_key(2**1279 - 1, 2**1277 - 1)))
    assert "not a private key" in str(refused.value.message)


def test_a_passphrase_that_is_not_needed_does_no_harm(pair: tuple[str, str]) -> None:
    assert read(*pair, "not needed").key.reveal() == pair[1]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pair: ("", pair[1]), "not a certificate"),
        (lambda pair: ("MIIC", pair[1]), "not a certificate"),
        (lambda pair: (pair[1], pair[1]), "not a certificate"),
        (lambda pair: (pair[0][:200] + pair[0][260:], pair[1]), "not a certificate"),
        (lambda pair: (pair[0], ""), "not a private key"),
        (lambda pair: (pair[0], pair[0]), "not a private key"),
        (lambda pair: (pair[0], pair[1] + pair[1]), "not a private key"),
        (lambda pair: (pair[0], pair[1][:60] + pair[1][80:]), "not a private key"),
        (lambda pair: (pair[0], pem(ec.generate_private_key(ec.SECP256R1()))), "not belong"),
        (lambda pair: (pair[0], pem(rsa.generate_private_key(65_537, 2_048))), "not belong"),
        (lambda pair: (pair[0], pem(ed448.Ed448PrivateKey.generate())), "not belong"),
    ],
)
def test_each_wrong_part_gets_a_sentence_and_shows_no_key(
    pair: tuple[str, str], spoil: Callable[[tuple[str, str]], tuple[str, str]], words: str
) -> None:
    certificate, key = spoil(pair)
    with pytest.raises(AuthenticationFailed) as refused:
        read(certificate, key)
    assert words in str(refused.value.message)
    trace = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    ours = "".join(repr(frame.locals) for frame in trace.stack if "integration_admin" in frame.filename)
    assert ours
    assert pair[1][40:90] not in ours


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2101, 1, 1, tzinfo=UTC), "until 2100-01-01 only"),
        (datetime(2019, 1, 1, tzinfo=UTC), "not valid before 2020-01-01"),
    ],
)
def test_a_certificate_out_of_its_time_is_told_with_its_date(
    pair: tuple[str, str], now: datetime, words: str
) -> None:
    kept = ReadCertificates()
    certificate, key = map(Secret, pair)
    kept.read(certificate, key, None, NOW)
    for attempt in (lambda: read(*pair, now=now), lambda: kept.read(certificate, key, None, now)):
        with pytest.raises(AuthenticationFailed) as refused:
            attempt()
        assert words in str(refused.value.message)


def test_a_certificate_is_taken_apart_once(pair: tuple[str, str]) -> None:
    kept = ReadCertificates()
    first = kept.read(Secret(pair[0]), Secret(pair[1]), None, NOW)
    assert kept.read(Secret(pair[0]), Secret(pair[1]), None, NOW) is first
    assert pair[1][40:90] not in repr(vars(kept)) + repr(first)


async def test_the_server_gets_to_see_the_certificate(
    client: OutboundClient, serve: Serve, authority: Authority, pair: tuple[str, str]
) -> None:
    server = await serve(keeping_alive(answer(b"{}")), tls=authority.trusted_server(NAME))
    response = await client.request("GET", f"https://{NAME}:{server.port}/", certificate=read(*pair))
    assert response.status == 200
    assert server.connections == 1


async def test_a_connection_with_a_certificate_serves_nobody_without_it(
    client: OutboundClient, serve: Serve, authority: Authority, pair: tuple[str, str]
) -> None:
    server = await serve(keeping_alive(answer(b"{}")), tls=authority.trusted_server(NAME))
    url = f"https://{NAME}:{server.port}/"
    mine, other = read(*pair), read(*authority.client("other"))
    for certificate in (mine, mine, other):
        await client.request("GET", url, certificate=certificate)
    assert server.connections == 2
    with pytest.raises(AdapterError):
        await client.request("GET", url)
    assert len(server.heads) == 3


@contextmanager
def saying_why(context: ssl.SSLContext) -> Iterator[int]:
    """Listen as servers do that tell a caller they do not let in what is wrong; asyncio's just hang up."""

    def answer_one() -> None:
        connection, _ = listener.accept()
        connection.settimeout(20)
        tls = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with closing(tls), suppress(OSError):
            try:
                tls.do_handshake()
            except ssl.SSLError:
                # Hanging up with something unread would overtake the alert.
                socket.socket.shutdown(tls, socket.SHUT_WR)
                raw = socket.socket(fileno=tls.detach())
                raw.settimeout(20)
                with closing(raw):
                    while raw.recv(65_536):
                        pass

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(20)
        thread = Thread(target=answer_one)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_a_certificate_nobody_there_knows_is_refused_before_anything_is_read(
    client: OutboundClient, authority: Authority, tmp_path: Path, version: str
) -> None:
    stranger = read(*Authority(tmp_path).client())
    context = authority.trusted_server(NAME)
    context.maximum_version = ssl.TLSVersion[version]
    with saying_why(context) as port:
        refused = await refusal(client, f"https://{NAME}:{port}/", certificate=stranger)
    assert (refused.code, refused.fault) == ("client_certificate", Fault.CONFIG)
    assert NAME in str(refused.message)


async def test_a_server_that_wants_a_certificate_and_gets_none_is_told_apart(
    client: OutboundClient, authority: Authority
) -> None:
    with saying_why(authority.trusted_server(NAME)) as port:
        refused = await refusal(client, f"https://{NAME}:{port}/")
    assert (refused.code, refused.fault) == ("client_certificate", Fault.CONFIG)


async def refusal(client: OutboundClient, url: str, **options: Any) -> AdapterError:
    with pytest.raises(AdapterError) as refused:
        await client.request("POST", url, body=b"{}", **options)
    return refused.value


def test_the_key_is_in_no_file_in_the_open(
    pair: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []

    class Watching(ssl.SSLContext):
        def load_cert_chain(self, certfile: Any, *args: Any, **kwargs: Any) -> None:
            seen.append(Path(certfile).read_bytes())
            assert Path(certfile).stat().st_mode & 0o077 == 0
            super().load_cert_chain(certfile, *args, **kwargs)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read(*pair).load_into(Watching(ssl.PROTOCOL_TLS_CLIENT))
    [written] = seen
    assert b"ENCRYPTED PRIVATE KEY" in written
    assert pair[1][40:90].encode() not in written
    assert list(tmp_path.iterdir()) == []
