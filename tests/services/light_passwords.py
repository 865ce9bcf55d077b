"""Passwords hashed as in earnest, with argon2id, but in a thousandth of the time: for tests about something else."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from integration_admin.services.passwords import Passwords

_PASSES, _KIBIBYTES, _LANES = 1, 8, 1
"""The least argon2 takes. What an installation takes is in test_passwords.py."""


class LightPasswords(Passwords):
    """Hashes and checks with little memory."""

    def __init__(self) -> None:
        super().__init__()
        self._hasher = PasswordHash((Argon2Hasher(_PASSES, _KIBIBYTES, _LANES),))
