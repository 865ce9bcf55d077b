"""The vault's root keys: one file a key in a private directory, and the keys derived from them.

Which key seals and how a secret is stored lives in data/vault.py.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import shlex
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integration_admin.core.errors import ConfigurationError, Conflict, InvalidInput, KeyMissing
from integration_admin.core.messages import msg

KEY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
KEY_BYTES = 32

_HKDF_PREFIX = b"integration-admin/"
_KCV_PURPOSE = "kcv/v1"
_MAX_FILE_BYTES = 128
_OPEN_FILES = Path("/proc/self/fd")


class Keyring:
    """Root keys by key id, in memory; neither printed nor pickled. Hands out derived keys only."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(sorted(keys.items()))

    @classmethod
    def load(cls, directory: Path, *, owner: int | None = None) -> Self:
        """Read every key file; a directory that does not exist is an empty keyring.

        Names beginning with a dot are passed over. `owner` is the user id that must own the keys,
        by default the process's own. Raises ConfigurationError when somebody else owns or may read
        the keys, or when a file is not a key.
        """
        if not os.path.lexists(directory):
            return cls({})
        owner = os.geteuid() if owner is None else owner
        try:
            _check_directory(directory, owner)
            files = [path for path in directory.iterdir() if not path.name.startswith(".")]
            return cls({path.name: _read_key(path, owner) for path in files})
        except OSError as error:
            raise _unreadable(directory, error) from None

    @property
    def ids(self) -> tuple[str, ...]:
        """The key ids, sorted."""
        return tuple(self._keys)

    def derive(self, key_id: str, purpose: str) -> bytes:
        """Return the 32-byte key of `key_id` for one purpose such as "vault/v1".

        HKDF-SHA256 (RFC 5869) without salt, so that one root key serves several uses safely.
        Raises KeyMissing.
        """
        if key_id not in self._keys:
            raise KeyMissing(
                msg("The vault key {key_id} is missing. Put its file back in the keyring.", key_id=key_id)
            )
        hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_HKDF_PREFIX + purpose.encode())
        return hkdf.derive(self._keys[key_id])

    def kcv(self, key_id: str) -> str:
        """Return the key check value, 32 hexadecimal digits: it tells keys apart and reveals neither.

        Raises KeyMissing.
        """
        tag = hmac.new(self.derive(key_id, _KCV_PURPOSE), (_KCV_PURPOSE + key_id).encode(), hashlib.sha256)
        return tag.digest()[:16].hex()

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    def __reduce__(self) -> NoReturn:
        detail = "A keyring is never pickled."
        raise TypeError(detail)


def create_key(directory: Path, key_id: str, random: Callable[[int], bytes] = os.urandom) -> None:
    """Write a new key file, whole or not at all; an existing one is never touched.

    Makes the directory if there is none. Raises InvalidInput for a malformed id, Conflict when the
    key exists, ConfigurationError when the directory is not private or cannot be written.
    """
    if not KEY_ID.fullmatch(key_id):
        raise InvalidInput(
            msg("A key id has 1 to 32 lower-case letters, digits and hyphens, and starts without a hyphen.")
        )
    try:
        if not os.path.lexists(directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(directory.parent)
        _check_directory(directory, os.geteuid())
        _write_once(directory / key_id, base64.b64encode(random(KEY_BYTES)) + b"\n")
    except FileExistsError:
        raise Conflict(msg("The vault key {key_id} already exists.", key_id=key_id)) from None
    except OSError as error:
        raise ConfigurationError(
            msg("No vault key can be written in {path}: {reason}.", path=directory, reason=error.strerror)
        ) from None


def _write_once(path: Path, content: bytes) -> None:
    """Give `path` its content durably; a link, unlike a rename, fails when the name is taken."""
    descriptor, name = _nameless(path.parent), None
    if descriptor is None:
        # A name that begins with a dot is passed over by load(). mkstemp opens with O_EXCL and 0600.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            # With a descriptor, which absolute names do not need, the link in /proc is followed.
            os.link(name or f"{_OPEN_FILES}/{descriptor}", path.absolute(), src_dir_fd=descriptor)
    finally:
        if name is not None:
            Path(name).unlink()
    _sync(path.parent)


def _nameless(directory: Path) -> int | None:
    """Open a file without a name: whatever ends this process, nothing of it is left; None where there is no such thing."""
    if sys.platform != "linux" or not _OPEN_FILES.is_dir():
        return None
    try:
        return os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError:
        # Network drives do not know it; what else is wrong the next attempt says.
        return None


def _sync(directory: Path) -> None:
    """Make new names in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_directory(directory: Path, owner: int) -> None:
    found = directory.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigurationError(msg("The keyring {path} is not a directory.", path=directory))
    _check_private(directory, found, owner, "700")


def _read_key(path: Path, owner: int) -> bytes:
    """Return the key a file holds; symbolic links are refused, since their target is not guarded."""
    found = path.lstat()
    if not KEY_ID.fullmatch(path.name) or not stat.S_ISREG(found.st_mode):
        raise _not_a_key(path)
    _check_private(path, found, owner, "600")
    if found.st_size > _MAX_FILE_BYTES:
        raise _not_a_key(path)
    key = _decode(path.read_bytes())
    if key is None:
        raise _not_a_key(path)
    return key


def _decode(content: bytes) -> bytes | None:
    """Return the 32 bytes that one canonical line of base64 stands for."""
    line = content.rstrip(b"\r\n")
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        return None
    # The decoder ignores stray bits in the last character; writing the key again shows them.
    return key if len(key) == KEY_BYTES and base64.b64encode(key) == line else None


def _check_private(path: Path, found: os.stat_result, owner: int, mode: str) -> None:
    """Refuse what another user of the machine owns, or may read or replace."""
    quoted = shlex.quote(str(path))
    if found.st_uid != owner:
        raise ConfigurationError(
            msg("{path} belongs to another user. Run: chown {owner} {path}", path=quoted, owner=owner)
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigurationError(
            msg("Other users can reach {path}. Run: chmod {mode} {path}", path=quoted, mode=mode)
        )


def _not_a_key(path: Path) -> ConfigurationError:
    return ConfigurationError(
        msg("{path} is not a vault key. Put the right file back, or move this one elsewhere.", path=path)
    )


def _unreadable(directory: Path, error: OSError) -> ConfigurationError:
    quoted = shlex.quote(str(directory))
    return ConfigurationError(
        msg(
            "The keyring cannot be read: {reason}. Run: chmod -R u+rX {path}",
            reason=error.strerror,
            path=quoted,
        )
    )
