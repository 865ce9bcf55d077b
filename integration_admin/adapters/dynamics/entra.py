"""Bearer tokens from Microsoft Entra ID by client credentials, kept in memory while they are good.

What a refusal means is in entra_errors.py; which scope a token is for is each accounting system's to say.
"""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from integration_admin.adapters.dynamics.entra_errors import misshapen, no_secret, refused, unreachable
from integration_admin.adapters.outbound import HTTPClient, Response
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret

_EARLY: Final = 300.0
"""Seconds before its end from which on a token is no longer used; longer than any one send may take."""
_LAST: Final = 60.0
"""Seconds before its end from which on a token is not used even when there is no newer one."""
_USUAL_SECONDS: Final = 600.0
"""How long a token counts as good when nothing is said about it."""
_MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where a program signs in, and as what.

    `authority` is an origin such as https://login.microsoftonline.com, `scope` ends in `/.default`.
    """

    authority: str
    tenant: str
    client_id: str
    scope: str

    @property
    def token_url(self) -> str:
        """Return the address of the token endpoint (Microsoft identity platform, client credentials flow)."""
        return f"{self.authority}/{quote(self.tenant, safe='')}/oauth2/v2.0/token"


@dataclass(slots=True)
class _Token:
    """One client's token; only one task at a time asks for a new one."""

    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: Secret | None = None
    until: float = 0.0
    """When it is to be renewed, in monotonic seconds."""
    ends: float = 0.0
    asked: int = 0
    failure: AdapterError | None = None


class EntraTokens:
    """The tokens of every client this process has signed in as; they are on no disk."""

    def __init__(self, http: HTTPClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    async def bearer(self, sign_in: SignIn, secret: Secret, deadline: float) -> Secret:
        """Return the whole value of the Authorization header, good for some minutes at least.

        `deadline` is in seconds. Raises AuthenticationFailed, or AdapterError with a fault that says that
        nothing was sent: asking for a token changes nothing.
        """
        token = self._of(sign_in, secret)
        asked = token.asked
        try:
            async with asyncio.timeout(deadline), token.asking:
                # Those who waited for somebody else's refusal are told it, and do not ask once more.
                if token.asked != asked and token.failure is not None:
                    raise _again(token.failure)
                if token.value is None or self._clock.monotonic() >= token.until:
                    return await self._renewed(token, sign_in, secret, deadline)
                return token.value
        except TimeoutError:
            raise unreachable(sign_in.authority) from None

    def forget(self, sign_in: SignIn, secret: Secret, refused: Secret) -> None:
        """Let a header value that was refused never be used again, unless there is a newer one already."""
        token = self._of(sign_in, secret)
        if token.value is not None and token.value.reveal() == refused.reveal():
            token.value = None

    def _of(self, sign_in: SignIn, secret: Secret) -> _Token:
        said = f"{sign_in.token_url}\n{sign_in.client_id}\n{sign_in.scope}\n{secret.reveal()}"
        return self._tokens.setdefault(hashlib.sha256(said.encode()).hexdigest(), _Token())

    async def _renewed(self, token: _Token, sign_in: SignIn, secret: Secret, deadline: float) -> Secret:
        """Ask for a new token; while Entra is out of order, an old one serves to its end."""
        token.failure = None
        try:
            value, seconds = await self._ask(sign_in, secret, deadline)
        except AdapterError as error:
            now = self._clock.monotonic()
            if token.value is not None and now < token.ends - _LAST and error.fault is not Fault.CONFIG:
                token.until = now + _LAST
                return token.value
            token.value, token.failure = None, error
            raise
        finally:
            token.asked += 1
        # Half of a short life is used all the same.
        now = self._clock.monotonic()
        token.until, token.ends = now + max(seconds - _EARLY, seconds / 2), now + seconds
        token.value = value
        return value

    async def _ask(self, sign_in: SignIn, secret: Secret, deadline: float) -> tuple[Secret, float]:
        if not secret.reveal().strip():
            raise no_secret()
        try:
            response = await self._http.request(
                "POST",
                sign_in.token_url,
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                body=_form(sign_in, secret),
                deadline=deadline,
                max_bytes=_MAX_BYTES,
            )
        except AdapterError as error:
            raise unreachable(sign_in.authority, error) from None
        if response.status != 200:
            raise refused(response, secret, sign_in.authority, self._clock.now())
        return _read(response, sign_in.authority)


def granted_roles(bearer: Secret) -> tuple[str, ...] | None:
    """Return the application permissions a token was given, or None where it cannot be told.

    Only for putting a refusal into words: Entra hands out tokens without any role when the administrator's
    consent is missing. The token is the accounting system's to check; its signature is not looked at here.
    """
    parts = bearer.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    roles = claims.get("roles", [])
    return tuple(str(role) for role in roles) if isinstance(roles, list) else None


def _form(sign_in: SignIn, secret: Secret) -> bytes:
    return urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": sign_in.client_id,
            "client_secret": secret.reveal().strip(),
            "scope": sign_in.scope,
        }
    ).encode()


def _read(response: Response, authority: str) -> tuple[Secret, float]:
    try:
        answer: Any = response.json()
    except AdapterError:
        raise misshapen(authority, detail="status 200 without JSON") from None
    value = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise misshapen(authority, detail="no access_token")
    seconds = str(answer.get("expires_in", ""))
    is_number = seconds.isascii() and seconds.isdigit() and 0 < len(seconds) < 9
    return Secret(f"Bearer {value}"), float(seconds) if is_number else _USUAL_SECONDS


def _again(error: AdapterError) -> AdapterError:
    """Return the same error for another task: an exception raised twice would carry both tracebacks."""
    if isinstance(error, AuthenticationFailed):
        return AuthenticationFailed(error.message, code=error.code, internal=error.internal)
    return AdapterError(
        error.message,
        error.fault,
        code=error.code,
        retry_after=error.retry_after,
        internal=error.internal,
    )
