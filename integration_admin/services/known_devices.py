"""Browsers somebody has signed in with before: their attempts are counted apart from everybody else's.

So a flood of guesses at an account, even from the person's own address, does not keep the person out. What a browser
keeps is signed, not stored; it opens nothing. After OWASP's device cookies.
"""

from datetime import timedelta
from typing import Final

from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.data.signing import Signer
from integration_admin.services.tokens import RandomBytes, new_token

LIFETIME: Final = timedelta(days=365)
_VERSION: Final = "v1"
_LONGEST: Final = 512


class KnownDevices:
    """Marks browsers and recognises them, each for one account and until that account's password changes."""

    def __init__(self, database: Database, signer: Signer, random: RandomBytes) -> None:
        self._database = database
        self._signer = signer
        self._random = random

    def mark(self, member: Member) -> Secret:
        """Return what a browser keeps in which a member has signed in. Raises VaultError."""
        key_id, name = self._signer.key_id, new_token(self._random).reveal()
        password = self._signer.signature(key_id, "password", member.password_hash or "")
        signature = self._signer.signature(key_id, "device", member.email, name, password)
        return Secret(f"{_VERSION}.{key_id}.{name}.{password}.{signature}")

    async def recognise(self, mark: Secret | None, account: str) -> str:
        """Return the name of the browser a mark was made for; empty unless that was for this account as it is.

        The account is looked up only for a mark that is ours and this account's, so nobody else learns of it.
        """
        parts = mark.reveal().split(".") if mark is not None and len(mark.reveal()) <= _LONGEST else []
        if len(parts) != 5 or parts[0] != _VERSION:
            return ""
        _, key_id, name, password, signature = parts
        if not self._signer.is_signed(signature, key_id, "device", account, name, password):
            return ""
        async with self._database.system() as system:
            member = await system.member_by_email(account)
        stored = member.password_hash or "" if member else ""
        return name if self._signer.is_signed(password, key_id, "password", stored) else ""
