"""Whether an ID token is one, for us, of now and of this sign-in; and what it tells of a person.

Facts: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725 (what goes wrong with such tokens). Microsoft Entra ID:
a tenant's issuer is https://login.microsoftonline.com/<tenant's GUID>/v2.0, the tenant is also in the claim `tid`,
and the claim `email` is whatever somebody wrote there.
"""

import hmac
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jws, jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.util import to_bytes, urlsafe_b64decode

from integration_admin.core.secret import Secret
from integration_admin.services.issuers import Issuers
from integration_admin.services.openid_reasons import Reason

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures whose key nobody but the issuer has; `none` and those made with a shared secret are not among them."""
LEEWAY: Final = 60
"""Seconds that clocks may differ."""
FRESH: Final = timedelta(minutes=10)
"""How old a token may be when it comes, straight from the issuer."""
_LONGEST_TOKEN: Final = 65_536
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}")
"""ASCII, and no longer (OpenID Connect Core 1.0, section 2)."""
_ENTRA: Final = re.compile(r"/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/v2\.0")
_ENTRA_HOSTS: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.windows.net",
        "sts.windows.net",
        "login.microsoft.com",
    }
)
_EVERYBODYS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of everybody's private Microsoft account."""


class TokenRefused(Exception):
    """The token is not to be believed; `detail` is a word for the log, never anything that was sent."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say to be for this sign-in."""

    issuer: str
    client_id: str
    nonce: Secret


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an issuer has seen: `subject` never changes; `email` is set only where the issuer has verified it."""

    issuer: str
    subject: str
    email: str
    methods: Collection[str]
    authenticated_at: datetime | None

    @property
    def used_several_factors(self) -> bool:
        """Whether the issuer says so (RFC 8176)."""
        return "mfa" in self.methods


def is_entra(issuer: str) -> bool:
    """Tell whether an issuer is Microsoft Entra ID, whose e-mail addresses nobody has verified."""
    return urlsplit(issuer).hostname in _ENTRA_HOSTS


def entra_tenant(issuer: str) -> str | None:
    """Return the one tenant an Entra issuer stands for; None for one that lets in everybody with an account there."""
    found = _ENTRA.fullmatch(urlsplit(issuer).path)
    return found.group(1) if found and found.group(1) != _EVERYBODYS else None


async def identify(token: Secret, expected: Expected, issuers: Issuers, now: datetime) -> Identity:
    """Return whom a token tells of. Raises TokenRefused, and AdapterError where the issuer's keys cannot be had."""
    header = _header(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or not isinstance(key_id, str | None):
        raise TokenRefused(Reason.ALGORITHM)
    key = await issuers.key(expected.issuer, key_id)
    if key is None:
        raise TokenRefused(Reason.KEY)
    claims = CodeIDToken(_signed(token, key, algorithm), header, _wanted(expected), _params(expected))
    try:
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except (JoseError, TypeError, ValueError) as error:
        raise TokenRefused(Reason.CLAIMS, _claim_in(error)) from None
    _check(claims, expected, now)
    return _identity(claims, expected.issuer)


def _header(token: Secret) -> Mapping[str, Any]:
    """Return what a token says of its signature, before anything of it is believed."""
    value = token.reveal()
    if len(value) > _LONGEST_TOKEN or value.count(".") != 2:
        raise TokenRefused(Reason.TOKEN_FORM)
    try:
        header = json.loads(urlsafe_b64decode(to_bytes(value.partition(".")[0])))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise TokenRefused(Reason.TOKEN_FORM)
    return header


def _signed(token: Secret, key: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
    """Return the claims of a token that was signed with this key, in this way alone."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    if key.get("alg", algorithm) != algorithm:
        raise TokenRefused(Reason.ALGORITHM)
    try:
        decoded = jwt.decode(token.reveal(), jwk.import_key(dict(key)), [algorithm], registry)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        decoded = None
    if decoded is None:
        raise TokenRefused(Reason.SIGNATURE)
    return dict(decoded.claims)


def _wanted(expected: Expected) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": expected.issuer},
        "sub": {"essential": True},
        "aud": {"essential": True, "value": expected.client_id},
    }


def _params(expected: Expected) -> dict[str, Any]:
    return {"client_id": expected.client_id}


def _check(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    """Check what the library leaves to its caller. Raises TokenRefused."""
    issued, subject, nonce = claims["iat"], claims["sub"], claims.get("nonce")
    if not all(_is_number(claims[name]) for name in ("iat", "exp")):
        raise TokenRefused(Reason.CLAIMS, "time")
    if not -LEEWAY <= now.timestamp() - issued <= FRESH.total_seconds():
        raise TokenRefused(Reason.CLAIMS, "iat")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode("utf-8", "replace"), expected.nonce.reveal().encode()
    ):
        raise TokenRefused(Reason.NONCE)
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise TokenRefused(Reason.CLAIMS, "sub")
    if is_entra(expected.issuer) and claims.get("tid") != entra_tenant(expected.issuer):
        raise TokenRefused(Reason.CLAIMS, "tid")


def _identity(claims: Mapping[str, Any], issuer: str) -> Identity:
    email, methods, at = claims.get("email"), claims.get("amr"), claims.get("auth_time")
    verified = claims.get("email_verified") is True and _is_printable(email) and not is_entra(issuer)
    return Identity(
        issuer=issuer,
        subject=claims["sub"],
        email=email.strip().lower() if verified and isinstance(email, str) else "",
        methods=[one for one in methods if isinstance(one, str)] if isinstance(methods, list) else [],
        authenticated_at=_instant(at),
    )


def _is_printable(text: object) -> bool:
    return isinstance(text, str) and text.isprintable()


def _instant(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if _is_number(seconds) else None


def _is_number(value: object) -> bool:
    """Tell whether a value is seconds since 1970, before the year 5000; true and not-a-number are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 9e10


def _claim_in(error: Exception) -> str:
    """Return the claim the library refuses; the names come from the library, not from the token."""
    return error.claim if isinstance(error, ClaimError) else "claims"
