"""Signatures on what is handed out and must come back unaltered; nothing of it is secret, and nothing is stored."""

import hmac
from collections.abc import Callable
from typing import Final

from integration_admin.core.errors import VaultError
from integration_admin.data.vault import Vault

_PURPOSE: Final = "known-device/v1"


class Signer:
    """Signs with the vault's active key, and knows what any key of the keyring has signed."""

    def __init__(self, vault: Callable[[], Vault]) -> None:
        self._vault = vault

    @property
    def key_id(self) -> str:
        """The key that signs now."""
        return self._vault().active_key_id

    def signature(self, key_id: str, *parts: str) -> str:
        """Return the signature of texts in their order, 64 hexadecimal digits. Raises VaultError for an unknown key."""
        encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
        message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
        return self._vault().mac(_PURPOSE, message, key_id).hex()

    def is_signed(self, signature: str, key_id: str, *parts: str) -> bool:
        """Tell whether the texts were signed with this key; false for a key that is not there."""
        try:
            expected = self.signature(key_id, *parts)
        except VaultError:
            return False
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass"))
