"""What is known of OpenID Connect issuers for a while: what they say of themselves, and their keys."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.adapters.openid import IssuerCaller, IssuerMetadata
from integration_admin.core.clock import Clock

KEPT_SECONDS: Final = 3_600.0
"""How long what an issuer said is believed before it is asked again."""
ASKED_ANEW_SECONDS: Final = 60.0
"""How long to wait before an issuer is asked again for a key it did not have: tokens are made up for free."""
_MOST: Final = 256
_MODULUS: Final = range(342, 1_367)
"""Characters of base64url: from 2,048 bits to 8,192, which take long enough to compute with."""
_LONGEST_EXPONENT: Final = 6


@dataclass(slots=True)
class _Known:
    metadata: IssuerMetadata
    keys: list[dict[str, Any]]
    at: float
    keys_at: float


class Issuers:
    """Remembers issuers in this process; the least used go when there are too many."""

    def __init__(self, calls: IssuerCaller, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def metadata(self, issuer: str) -> IssuerMetadata:
        """Return what an issuer says of itself. Raises AdapterError."""
        return (await self._of(issuer)).metadata

    async def key(self, issuer: str, key_id: str | None) -> dict[str, Any] | None:
        """Return the public key of that id; without an id the only one there is. Raises AdapterError.

        A key that is not known yet is asked for, at most once a minute.
        """
        known = await self._of(issuer)
        found = _named(known.keys, key_id)
        if found is None and self._clock.monotonic() - known.keys_at >= ASKED_ANEW_SECONDS:
            # First, so that of many who ask at once one does.
            known.keys_at = self._clock.monotonic()
            known.keys = await self._calls.keys(known.metadata)
            found = _named(known.keys, key_id)
        return found

    async def ask(self, issuer: str) -> tuple[IssuerMetadata, int]:
        """Ask an issuer anew; return what it says of itself and how many keys it has. Raises AdapterError."""
        metadata = await self._calls.discover(issuer)
        keys = await self._calls.keys(metadata)
        now = self._clock.monotonic()
        self._known[issuer] = _Known(metadata, keys, now, now)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return metadata, len(signing(keys))

    async def _of(self, issuer: str) -> _Known:
        known = self._known.get(issuer)
        if known is None or self._clock.monotonic() - known.at >= KEPT_SECONDS:
            await self.ask(issuer)
        self._known.move_to_end(issuer)
        return self._known[issuer]


def signing(keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the keys that sign in a way that is believed; those that encrypt, or are too short or long, are not."""
    return [key for key in keys if key.get("use", "sig") == "sig" and _is_usable(key)]


def _is_usable(key: dict[str, Any]) -> bool:
    if key.get("kty") == "EC":
        return key.get("crv") == "P-256"
    modulus, exponent = key.get("n"), key.get("e")
    if key.get("kty") != "RSA" or not isinstance(modulus, str) or not isinstance(exponent, str):
        return False
    return len(modulus) in _MODULUS and len(exponent) <= _LONGEST_EXPONENT


def _named(keys: list[dict[str, Any]], key_id: str | None) -> dict[str, Any] | None:
    found = [key for key in signing(keys) if key_id is None or key.get("kid") == key_id]
    return found[0] if len(found) == 1 else None
