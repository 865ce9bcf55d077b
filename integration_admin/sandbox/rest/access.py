"""The demo credentials of the REST ledger, and how a request shows one.

They are made from a seed and open nothing but this sandbox.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.core.clock import Clock

Headers = Iterable[tuple[bytes, bytes]]

_KEYS: Final = ("full", "no_write", "expired")
_USER: Final = "demo"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request comes from."""

    name: str
    may_write: bool = True
    until: float | None = None
    """When the token runs out, in monotonic seconds."""


def demo_credentials(seed: int) -> dict[str, Any]:
    """Return the demo credentials of `seed`.

    `keys` go into X-Api-Key or, as a bearer token, into Authorization: `full` may do everything, `no_write`
    may only read, `expired` nothing. `basic` and `oauth` are a user's and a client's name and secret.
    """
    return {
        "keys": {name: _secret(seed, name) for name in _KEYS},
        "basic": {"user": _USER, "password": _secret(seed, "password")},
        "oauth": {"client_id": _USER, "client_secret": _secret(seed, "client")},
    }


class Access:
    """Tells who a request comes from, and gives out bearer tokens."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self._clock = clock
        given = demo_credentials(seed)
        keys = {
            value: Caller(name, may_write=name != "no_write")
            for name, value in given["keys"].items()
            if name != "expired"
        }
        self._by_key = {value.encode(): caller for value, caller in keys.items()}
        self._by_authorization = {b"Bearer " + value: caller for value, caller in self._by_key.items()}
        basic = f"{given['basic']['user']}:{given['basic']['password']}".encode()
        self._by_authorization[b"Basic " + base64.b64encode(basic)] = Caller(_USER)
        self._client = (given["oauth"]["client_id"], given["oauth"]["client_secret"])
        self._issued: dict[bytes, Caller] = {}

    def caller(self, headers: Headers) -> Caller | None:
        """Return whom the headers (lower-case names) belong to, or None."""
        for name, value in headers:
            if name == b"x-api-key":
                return self._by_key.get(value)
            if name == b"authorization":
                return self._by_authorization.get(value) or self._holder(value)
        return None

    def issue(self, client_id: str, client_secret: str, seconds: float) -> str | None:
        """Return a new bearer token that is good for so long, or None where the client is not known."""
        if (client_id, client_secret) != self._client:
            return None
        token = secrets.token_urlsafe(24)
        until = self._clock.monotonic() + seconds
        self._issued[b"Bearer " + token.encode()] = Caller(client_id, until=until)
        return token

    def revoke(self) -> int:
        """Let every issued token run out now, and return how many there were."""
        count = len(self._issued)
        self._issued.clear()
        return count

    def _holder(self, value: bytes) -> Caller | None:
        caller = self._issued.get(value)
        if caller is None or caller.until is None or self._clock.monotonic() < caller.until:
            return caller
        del self._issued[value]
        return None


def _secret(seed: int, name: str) -> str:
    digest = hashlib.sha256(f"demo REST ledger {name} {seed}".encode()).digest()
    return f"demo-{name}-" + base64.urlsafe_b64encode(digest[:24]).decode()
