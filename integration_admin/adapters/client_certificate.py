"""A client's own certificate for mutual TLS: read from what was pasted, checked, and loaded for a connection.

Which calls present one is for the adapters to say.
"""

import base64
import hashlib
import re
import secrets
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from integration_admin.adapters.key_locks import opens_in_time
from integration_admin.core.errors import AuthenticationFailed
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_LOCK: Final = re.compile(r"Proc-Type:4,ENCRYPTEDDEK-Info:([A-Z0-9-]+),(.*)")
"""The head of a key locked in OpenSSL's old way (RFC 1421, section 4.6), white space taken out."""
_LINE: Final = 64
_MOST_CERTIFICATES: Final = 10
_MOST_KEPT: Final = 64

_NO_CERTIFICATE = msg(
    "This is not a certificate in the PEM form. Copy all of it, from BEGIN CERTIFICATE to END CERTIFICATE."
)
_NO_KEY = msg(
    "This is not a private key in the PEM form. Copy all of it, from BEGIN PRIVATE KEY to END PRIVATE KEY."
)
_LOCKED = msg("The private key is locked with a passphrase. Enter the passphrase too, or check it.")
_MOST_BITS: Final = 4_096
"""Of an RSA key: whether its primes are prime takes half a second then, and half a minute with twice as many."""
_DEAR_LOCK = msg(
    "Opening this private key takes too long. Lock it anew in the usual way, or paste it without a passphrase."
)
_DEAR_KEY = msg("The private key has more than 4,096 bits. Ask for a certificate with a shorter one.")
_OTHER_KEY = msg("The private key does not belong to the certificate. Copy the two that were made together.")
_UNUSABLE = msg(
    "This kind of certificate or key cannot be used for a secure connection. Ask for another one."
)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate, its chain and its key, found to belong together."""

    chain: bytes = field(repr=False)
    """The certificate itself first, then those that vouch for it, as PEM."""
    key: Secret
    """PEM, not encrypted: it lives in memory only."""
    not_before: datetime
    not_after: datetime
    fingerprint: str
    """What tells one certificate from another; no part of the key."""

    def require_valid(self, now: datetime) -> None:
        """Raise AuthenticationFailed unless the certificate is in force at `now`."""
        if self.not_after < now:
            sentence = msg(
                "The certificate was valid until {date} only. Ask for a new one.", date=self.not_after.date()
            )
            raise _refused(sentence)
        if self.not_before > now:
            raise _refused(msg("The certificate is not valid before {date}.", date=self.not_before.date()))

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let `context` present the certificate. Raises AuthenticationFailed when TLS cannot use it.

        Python's ssl reads a key from a file only. The file is private and gone at once, and what it
        holds is encrypted under a passphrase that is never written down: the key itself is on no disk.
        """
        passphrase = secrets.token_hex(32)
        locked = _loaded(self.key, None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
        )
        with tempfile.NamedTemporaryFile(prefix="client-certificate-") as file:
            file.write(self.chain + locked)
            file.flush()
            try:
                context.load_cert_chain(file.name, password=passphrase)
            except ssl.SSLError:
                is_usable = False
            else:
                is_usable = True
        if not is_usable:
            raise _refused(_UNUSABLE)


def read(
    certificate: Secret | None, key: Secret | None, passphrase: Secret | None, now: datetime
) -> ClientCertificate:
    """Return the certificate that was pasted, ready for use at `now`.

    Line breaks may be missing, as they are after a form's one-line field. Raises AuthenticationFailed
    with a sentence for each thing that can be wrong; nothing of the key gets into it.
    """
    chain = _certificates(certificate)
    if not chain:
        raise _refused(_NO_CERTIFICATE)
    loaded = _loaded(key or Secret(""), passphrase)
    public = _public(loaded.public_key())
    own = next((each for each in chain if _public(each.public_key()) == public), None)
    if own is None:
        raise _refused(_OTHER_KEY)
    whole = b"".join(each.public_bytes(Encoding.PEM) for each in (own, *(c for c in chain if c is not own)))
    plain = loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    found = ClientCertificate(
        whole,
        Secret(plain.decode()),
        own.not_valid_before_utc,
        own.not_valid_after_utc,
        hashlib.sha256(whole).hexdigest(),
    )
    found.require_valid(now)
    return found


class ReadCertificates:
    """Those read lately: checking a long key takes a while, and every call asks for it."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, ClientCertificate] = OrderedDict()

    def read(
        self, certificate: Secret | None, key: Secret | None, passphrase: Secret | None, now: datetime
    ) -> ClientCertificate:
        """Return what `read` returns. Raises AuthenticationFailed."""
        pasted = "\0".join(_text(part) for part in (certificate, key, passphrase))
        digest = hashlib.sha256(pasted.encode()).hexdigest()
        del pasted
        found = self._found.get(digest)
        if found is None:
            found = self._found[digest] = read(certificate, key, passphrase, now)
            if len(self._found) > _MOST_KEPT:
                self._found.popitem(last=False)
        found.require_valid(now)
        return found


def _certificates(pasted: Secret | None) -> Sequence[x509.Certificate]:
    """Return the certificates, none where one cannot be read; somebody may have pasted the key here."""
    blocks = [block for kind, block in _blocks(_text(pasted)) if kind in {"CERTIFICATE", "X509 CERTIFICATE"}]
    try:
        return [
            x509.load_pem_x509_certificate(_pem("CERTIFICATE", block))
            for block in blocks[:_MOST_CERTIFICATES]
        ]
    except ValueError:
        return []


def _loaded(key: Secret, passphrase: Secret | None) -> PrivateKeyTypes:
    found = _key_or_reason(key, passphrase)
    if isinstance(found, Message):
        # Raised here, where no variable holds the key in the open.
        raise _refused(found)
    return found


def _key_or_reason(key: Secret, passphrase: Secret | None) -> PrivateKeyTypes | Message:
    blocks = [(kind, block) for kind, block in _blocks(key.reveal()) if kind.endswith("PRIVATE KEY")]
    if len(blocks) != 1:
        return _NO_KEY
    kind, block = blocks[0]
    is_locked = kind.startswith("ENCRYPTED") or "Proc-Type" in block
    if kind.startswith("ENCRYPTED") and not opens_in_time(_der(block)):
        return _DEAR_LOCK
    password = passphrase.reveal().encode() if is_locked and passphrase is not None else None
    try:
        return _checked(
            load_pem_private_key(_pem(kind, block), password, unsafe_skip_rsa_key_validation=True)
        )
    except UnsupportedAlgorithm:
        return _UNUSABLE
    except (ValueError, TypeError):
        return _LOCKED if is_locked else _NO_KEY


def _checked(key: PrivateKeyTypes) -> PrivateKeyTypes | Message:
    """Return a key that was not looked into yet, once it was. Raises ValueError for one that is none."""
    if not isinstance(key, RSAPrivateKey):
        return key
    return _DEAR_KEY if key.key_size > _MOST_BITS else key.private_numbers().private_key()


def _der(block: str) -> bytes:
    try:
        return base64.b64decode("".join(block.split()), validate=True)
    except ValueError:
        return b""


def _blocks(text: str) -> list[tuple[str, str]]:
    return _BLOCK.findall(text)


def _pem(kind: str, block: str) -> bytes:
    """Return a block as a PEM file has it; a form's field may have taken the line breaks away."""
    packed = "".join(block.split())
    head: list[str] = []
    lock = _LOCK.fullmatch(packed)
    if lock is not None:
        # The initialisation vector is as long as the cipher's blocks: 16 digits for DES, 32 for AES.
        digits = 16 if "DES" in lock[1] else 32
        head = ["Proc-Type: 4,ENCRYPTED", f"DEK-Info: {lock[1]},{lock[2][:digits]}", ""]
        packed = lock[2][digits:]
    lines = [packed[start : start + _LINE] for start in range(0, len(packed), _LINE)]
    return "\n".join((f"-----BEGIN {kind}-----", *head, *lines, f"-----END {kind}-----", "")).encode()


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(secret: Secret | None) -> str:
    return "" if secret is None else secret.reveal()


def _refused(message: Message) -> AuthenticationFailed:
    return AuthenticationFailed(message, code="client_certificate")
