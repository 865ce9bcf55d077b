"""Bearer tokens of OAuth 2 client credentials (RFC 6749, section 4.4), kept in memory while they are good."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from integration_admin.adapters.generic_rest import pointer, reasons
from integration_admin.adapters.generic_rest.errors import misshapen, no_token, not_answered
from integration_admin.adapters.generic_rest.options import Options
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.core.clock import Clock
from integration_admin.core.secret import Secret

_EARLY: Final = 60.0
"""Seconds before its end from which on a token is no longer used."""
_USUAL_SECONDS: Final = 300.0
"""How long a token counts as good when nothing is said about it."""
_MAX_BYTES = 65_536


@dataclass(slots=True)
class _Token:
    """One client's token; only one task at a time asks for a new one."""

    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: Secret | None = None
    until: float = 0.0


class Tokens:
    """The tokens of every client this process has signed in as; they are on no disk."""

    def __init__(self, http: HTTPClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    async def bearer(self, options: Options, secret: Secret, deadline: float) -> Secret:
        """Return a token that is good now. Raises AuthenticationFailed, AdapterError."""
        token = self._of(options, secret)
        async with token.asking:
            if token.value is None or self._clock.monotonic() >= token.until:
                token.value, seconds = await self._ask(options, secret, deadline)
                # Half of a short life is used all the same.
                token.until = self._clock.monotonic() + max(seconds - _EARLY, seconds / 2)
            return token.value

    def forget(self, options: Options, secret: Secret, refused: str) -> None:
        """Let a token that was refused never be used again, unless there is a newer one already."""
        token = self._of(options, secret)
        if token.value is not None and token.value.reveal() == refused:
            token.value = None

    def _of(self, options: Options, secret: Secret) -> _Token:
        said = f"{options.token_url}\n{options.client_id}\n{options.scope}\n{secret.reveal()}"
        return self._tokens.setdefault(hashlib.sha256(said.encode()).hexdigest(), _Token())

    async def _ask(self, options: Options, secret: Secret, deadline: float) -> tuple[Secret, float]:
        form = {"grant_type": "client_credentials"} | ({"scope": options.scope} if options.scope else {})
        response = await self._http.request(
            "POST",
            options.token_url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            secret_headers={"Authorization": _basic(options.client_id, secret)},
            body=urlencode(form).encode(),
            deadline=deadline,
            max_bytes=_MAX_BYTES,
        )
        if response.status in {400, 401}:
            error = pointer.text(reasons.decoded(response), "/error")
            raise no_token(response.status, error, options.scope)
        if response.status != 200:
            now = self._clock.now()
            raise not_answered(response.status, response.headers, options.token_url, now)
        return _read(response.json())


def _basic(client_id: str, secret: Secret) -> Secret:
    """Return the header of a client that signs in (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return Secret("Basic " + base64.b64encode(pair.encode()).decode())


def _read(answer: Any) -> tuple[Secret, float]:
    value = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise misshapen(detail="no access_token")
    seconds = answer.get("expires_in")
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0
    return Secret(value), float(seconds) if is_number else _USUAL_SECONDS
