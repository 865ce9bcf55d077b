"""Hashing and checking passwords with argon2id, a few at a time. Who signs in is decided in sign_in.py."""

import asyncio
import unicodedata

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret

MIN_LENGTH = 12
MAX_LENGTH = 256

_PASSES, _KIBIBYTES, _LANES = 3, 64 * 1024, 4
"""RFC 9106's second recommended option; OWASP ASVS 5.0 asks for at least t=3 and 12 MiB."""
_NOBODYS_HASH = f"$argon2id$v=19$m={_KIBIBYTES},t={_PASSES},p={_LANES}${'A' * 22}${'A' * 43}"
"""Costs as much to check as a real one, and no known password has it."""


def check_new_password(password: Secret) -> None:
    """Raise InvalidInput unless the length is allowed; what it is composed of is free."""
    length = len(password.reveal())
    if MIN_LENGTH <= length <= MAX_LENGTH:
        return
    sentence = (
        msg("A password needs at least {count} characters.", count=MIN_LENGTH)
        if length < MIN_LENGTH
        else msg("A password can have at most {count} characters.", count=MAX_LENGTH)
    )
    raise InvalidInput(sentence, fields={"password": sentence})


class Passwords:
    """Hashes and checks; each takes about 0.3 s of a core and 64 MiB, so only `at_once` run together."""

    def __init__(self, at_once: int = 2) -> None:
        self._hasher = PasswordHash((Argon2Hasher(_PASSES, _KIBIBYTES, _LANES),))
        self._room = asyncio.Semaphore(at_once)

    async def hash(self, password: Secret) -> str:
        """Return what is stored for a new password; raises InvalidInput."""
        check_new_password(password)
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def verify(self, password: Secret, stored: str | None) -> tuple[bool, str | None]:
        """Tell whether `password` is the one stored, and the new hash to store when the old one is dated.

        Without a stored hash the same work is done for nothing, so that the time does not tell.
        """
        if len(password.reveal()) > MAX_LENGTH:
            return False, None
        async with self._room:
            return await asyncio.to_thread(self._compare, _normal(password), stored or _NOBODYS_HASH)

    def _compare(self, password: str, stored: str) -> tuple[bool, str | None]:
        try:
            return self._hasher.verify_and_update(password, stored)
        except UnknownHashError:
            self._hasher.verify(password, _NOBODYS_HASH)
            return False, None


def _normal(password: Secret) -> str:
    """Return one spelling of letters such as å, which keyboards compose in two ways."""
    return unicodedata.normalize("NFC", password.reveal())
