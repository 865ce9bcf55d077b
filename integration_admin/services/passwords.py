"""Hashing and checking passwords with argon2id, a few at a time. Who signs in is decided in sign_in.py."""

import asyncio
import unicodedata
from collections.abc import Iterable

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.services.password_rules import is_easily_guessed

MIN_LENGTH = 12
MAX_LENGTH = 256
_MOST_TYPED = 8 * MAX_LENGTH

_PASSES, _KIBIBYTES, _LANES = 3, 64 * 1024, 4
"""RFC 9106's second recommended option; OWASP ASVS 5.0 asks for at least t=3 and 12 MiB."""
_NOBODYS_HASH = f"$argon2id$v=19$m={_KIBIBYTES},t={_PASSES},p={_LANES}${'A' * 22}${'A' * 43}"
"""Costs as much to check as a real one, and no known password has it."""


def check_new_password(password: Secret, names: Iterable[str] = ()) -> None:
    """Raise InvalidInput unless the length is allowed and it is not easily guessed; what it is composed of is free.

    `names` are those of the person and the organisation, which a password must not be made of.
    """
    length = len(_normal(password))
    if length < MIN_LENGTH:
        sentence = msg("A password needs at least {count} characters.", count=MIN_LENGTH)
    elif length > MAX_LENGTH:
        sentence = msg("A password can have at most {count} characters.", count=MAX_LENGTH)
    elif is_easily_guessed(password.reveal(), names):
        sentence = msg(
            "This password is easy to guess. Take a few words that have nothing to do with each other, or let a"
            " password manager make one."
        )
    else:
        return
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
            return await asyncio.to_thread(self._hasher.hash, _octets(_normal(password)))

    async def verify(self, password: Secret, stored: str | None) -> tuple[bool, str | None]:
        """Tell whether `password` is the one stored, and the new hash to store when the old one is dated.

        Without a stored hash the same work is done for nothing, so that the time does not tell.
        """
        typed = _normal(password)
        if len(typed) > MAX_LENGTH:
            return False, None
        async with self._room:
            return await asyncio.to_thread(self._compare, _octets(typed), stored or _NOBODYS_HASH)

    def _compare(self, password: bytes, stored: str) -> tuple[bool, str | None]:
        try:
            return self._hasher.verify_and_update(password, stored)
        except UnknownHashError:
            self._hasher.verify(password, _NOBODYS_HASH)
            return False, None


def _normal(password: Secret) -> str:
    """Return one spelling of letters such as å, which keyboards compose in two ways.

    Cut off far above what is allowed, because composing takes time; what is cut is refused for its length.
    """
    return unicodedata.normalize("NFC", password.reveal()[:_MOST_TYPED])


def _octets(password: str) -> bytes:
    """Return what is hashed; halves of characters, which only programs send, are not worth an error of their own."""
    return password.encode("utf-8", "surrogatepass")
