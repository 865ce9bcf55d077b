"""The credential vault: seals secrets with AES-256-GCM, each bound to the one place it belongs.

Nothing here reads a file or a database, writes plain text or tries one key after another. Key files
live in data/keyring.py.
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integration_admin.core.errors import ConfigurationError, KeyMismatch, SecretUnreadable
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.data.keyring import KEY_ID, Keyring

USAGE_ALARM = 2**31
"""Seals under one key after which to rotate it: half of the 2**32 NIST SP 800-38D allows."""
MAX_SEALS_A_LINE = 16
"""How many secrets one commit with one audit line seals at the most; no form has as many secret fields."""
MAX_SECRET_BYTES = 64 * 1024
"""The longest secret, in bytes of UTF-8."""
MAX_ENVELOPE_CHARACTERS = 96 * 1024
"""The longest envelope; anything longer is refused unread."""

_VERSION = "v1"
_PURPOSE = "vault/v1"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Binding:
    """The one place a sealed secret can be opened from.

    `record_id` is a random UUID that is never used again; `target_origin` is the adapter's own
    (`https://host` in lower case), so that a changed address cannot receive an old secret. All are
    compared byte for byte.
    """

    table: str
    column: str
    organisation_id: str
    record_id: str
    connector_type: str
    target_origin: str


class Vault:
    """Seals secrets with the active key and opens them with the key their envelope names."""

    __slots__ = ("_active_key_id", "_keyring", "_random", "_reload")

    def __init__(
        self,
        keyring: Keyring,
        active_key_id: str,
        random: Callable[[int], bytes] = os.urandom,
        *,
        reload: Callable[[], Keyring] | None = None,
    ) -> None:
        """Begin with a keyring; `reload` reads it again when a key is asked for that was added meanwhile."""
        keyring.derive(active_key_id, _PURPOSE)  # raises KeyMissing now rather than at the first seal
        self._keyring = keyring
        self._active_key_id = active_key_id
        self._random = random
        self._reload = reload

    @property
    def active_key_id(self) -> str:
        """The key new secrets are sealed with."""
        return self._active_key_id

    def activate(self, key_id: str, check_value: str) -> None:
        """Seal with another key of the keyring from now on. Raises KeyMissing, KeyMismatch."""
        if key_id == self._active_key_id:
            return
        if self._holding(key_id).kcv(key_id) != check_value:
            raise wrong_file(key_id)
        self._active_key_id = key_id

    def seal(self, secret: Secret, binding: Binding) -> str:
        """Return the envelope `v1.<key id>.<nonce>.<ciphertext and tag>`, which is safe to store.

        Raises SecretUnreadable for what is no text or longer than MAX_SECRET_BYTES.
        """
        key_id, nonce = self._active_key_id, self._random(_NONCE_BYTES)
        # Key and plain text stay out of this frame's variables, which a traceback could print.
        sealed = _seal_text(
            self._keyring.derive(key_id, _PURPOSE), nonce, secret, _associated_data(key_id, binding)
        )
        if sealed is None:
            raise SecretUnreadable(msg("This value is too long or is not text, so it cannot be stored."))
        return ".".join((_VERSION, key_id, _encode(nonce), _encode(sealed)))

    def open(self, envelope: str, binding: Binding) -> Secret:
        """Return the secret of an envelope that was sealed for exactly this binding.

        Raises KeyMissing when the key it names is not in the keyring, SecretUnreadable for all else.
        """
        key_id, nonce, sealed = _parse(envelope)
        # Key and plain text stay out of this frame's variables here too.
        secret = _open_text(
            self._holding(key_id).derive(key_id, _PURPOSE), nonce, sealed, _associated_data(key_id, binding)
        )
        if secret is None:
            raise _unreadable(internal="authentication failed: altered, or bound to another place")
        return secret

    def mac(self, purpose: str, message: bytes, key_id: str) -> bytes:
        """Return the HMAC-SHA256 of `message` under a key derived for one purpose. Raises KeyMissing.

        The keyring is not read again for an unknown key: strangers may name any.
        """
        return hmac.digest(self._keyring.derive(key_id, purpose), message, "sha256")

    def _holding(self, key_id: str) -> Keyring:
        """Return the keyring, read again if it does not have this key; the key may be missing there too."""
        if key_id not in self._keyring.ids and self._reload is not None:
            # A keyring that cannot be read any more leaves the one that was read before.
            with suppress(ConfigurationError):
                self._keyring = self._reload()
        return self._keyring

    def __repr__(self) -> str:
        return f"Vault({self._active_key_id})"

    def __reduce__(self) -> NoReturn:
        detail = "A vault is never pickled."
        raise TypeError(detail)


def wrong_file(key_id: str) -> KeyMismatch:
    """Return what it means that a key file holds other bytes than the key of that name has."""
    return KeyMismatch(
        msg(
            "The file of the vault key {key_id} holds another key than the one this database uses. Put the right file back.",
            key_id=key_id,
        )
    )


def aead_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Return the AES-256-GCM ciphertext followed by its 16-byte tag."""
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def aead_open(key: bytes, nonce: bytes, ct_and_tag: bytes, aad: bytes) -> bytes | None:
    """Return the plain text, or None when key, nonce, ciphertext, tag and `aad` do not belong together."""
    # None instead of an error: a traceback that prints local variables must not pass through here.
    if len(nonce) != _NONCE_BYTES or len(ct_and_tag) < _TAG_BYTES:
        return None
    try:
        return AESGCM(key).decrypt(nonce, ct_and_tag, aad)
    except InvalidTag:
        return None


def _seal_text(key: bytes, nonce: bytes, secret: Secret, aad: bytes) -> bytes | None:
    """Seal a secret's UTF-8; None when it has none or too much of it."""
    try:
        plaintext = secret.reveal().encode()
    except UnicodeEncodeError:
        return None
    return aead_seal(key, nonce, plaintext, aad) if len(plaintext) <= MAX_SECRET_BYTES else None


def _open_text(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> Secret | None:
    """Open a secret; None when it does not authenticate or is not UTF-8."""
    plaintext = aead_open(key, nonce, sealed, aad)
    try:
        return None if plaintext is None else Secret(plaintext.decode())
    except UnicodeDecodeError:
        return None


def _associated_data(key_id: str, binding: Binding) -> bytes:
    """Return the fields a secret is bound to, each as a 4-byte big-endian length and its bytes."""
    fields = (
        "integration-admin/vault",
        _VERSION,
        key_id,
        binding.table,
        binding.column,
        binding.organisation_id,
        binding.record_id,
        binding.connector_type,
        binding.target_origin,
    )
    encoded = (field.encode("utf-8", "surrogatepass") for field in fields)
    return b"".join(len(field).to_bytes(4, "big") + field for field in encoded)


def _parse(envelope: str) -> tuple[str, bytes, bytes]:
    """Split an envelope into key id, nonce, and ciphertext with tag; only the exact form is read."""
    if len(envelope) > MAX_ENVELOPE_CHARACTERS:
        raise _unreadable(internal="the envelope is too long")
    parts = envelope.split(".")
    if len(parts) != 4 or parts[0] != _VERSION or not KEY_ID.fullmatch(parts[1]):
        raise _unreadable(internal="the envelope is malformed or of an unknown version")
    nonce, sealed = _decode(parts[2]), _decode(parts[3])
    if nonce is None or sealed is None or len(nonce) != _NONCE_BYTES or len(sealed) < _TAG_BYTES:
        raise _unreadable(internal="the envelope's nonce or ciphertext is malformed")
    return parts[1], nonce, sealed


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _decode(text: str) -> bytes | None:
    """Return what canonical base64url without padding stands for; None for any other text."""
    if not _BASE64URL.fullmatch(text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    # The decoder ignores stray bits in the last character; encoding again shows them.
    return data if _encode(data) == text else None


def _unreadable(*, internal: str) -> SecretUnreadable:
    return SecretUnreadable(
        msg("The stored credentials cannot be read. Enter them again."), internal=internal
    )
