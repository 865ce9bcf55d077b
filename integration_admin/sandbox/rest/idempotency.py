"""Idempotency keys: the first answer to each, given again where the same request comes again.

Follows the IETF draft "The Idempotency-Key HTTP Header Field": another body under the same key is 422,
a request that is still being worked on 409. Keys are forgotten when the sandbox stops.
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a POST."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Use:
    digest: bytes
    reply: Reply | None = None


class KeyReused(Exception):
    """The key came before with another body."""


class StillWorking(Exception):
    """The first request with this key has no answer yet."""


class Keys:
    """The keys seen so far."""

    def __init__(self) -> None:
        self._uses: dict[str, _Use] = {}

    def begin(self, key: str, body: bytes) -> Reply | None:
        """Return the answer given to this request before, or None where it is new.

        Raises KeyReused, StillWorking.
        """
        digest = hashlib.sha256(body).digest()
        use = self._uses.get(key)
        if use is None:
            self._uses[key] = _Use(digest)
            return None
        if use.digest != digest:
            raise KeyReused
        if use.reply is None:
            raise StillWorking
        return use.reply

    def finish(self, key: str, reply: Reply) -> None:
        """Keep the answer to a request."""
        self._uses[key].reply = reply
