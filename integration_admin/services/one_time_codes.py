"""Codes that are good once: those of an authenticator app (RFC 6238) and recovery codes. Nothing is stored here."""

import base64
import hashlib
import hmac
import re
from datetime import datetime

import pyotp

from integration_admin.core.secret import Secret
from integration_admin.services.tokens import RandomBytes

STEP_SECONDS = 30
"""How long one code of an app lasts; ASVS 6.5.5 allows no more."""
RECOVERY_CODES = 10

_KEY_BYTES = 20
"""RFC 4226 asks for 128 bits and advises 160."""
_RECOVERY_BYTES = 15
"""120 bits: from 112 on a plain hash may be stored (ASVS 6.5.2)."""
_GROUP = 4
_WINDOW = (-1, 0, 1)
_APP_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[a-z2-7]{24}")


def new_key(random: RandomBytes) -> Secret:
    """Make the key of an authenticator app, in base32 as apps take it."""
    return Secret(base64.b32encode(random(_KEY_BYTES)).decode())


def key_address(key: Secret, account: str, issuer: str) -> Secret:
    """Return the otpauth: address by which an app learns the key."""
    return Secret(pyotp.TOTP(key.reveal()).provisioning_uri(name=account, issuer_name=issuer))


def plain(typed: str) -> str:
    """Return a code as it was meant: without the spaces and dashes it is read with, in lower case."""
    return re.sub(r"[\s\u2010-\u2015-]", "", typed[:100]).lower()


def is_app_code(code: str) -> bool:
    """Tell whether this could be the code of an app; anything else could be a recovery code."""
    return _APP_CODE.fullmatch(code) is not None


def matching_step(key: Secret, code: str, at: datetime) -> int | None:
    """Return the step (30 seconds each, since 1970) a code is of: the one now, or the one before or after it."""
    now = int(at.timestamp()) // STEP_SECONDS
    codes = pyotp.TOTP(key.reveal())
    found = [now + away for away in _WINDOW if _same(codes.generate_otp(now + away), code)]
    return found[0] if found else None


def new_recovery_codes(random: RandomBytes) -> list[Secret]:
    """Make ten recovery codes, in groups of four letters and digits that are not mistaken for each other."""
    return [_recovery_code(random) for _ in range(RECOVERY_CODES)]


def recovery_hash(code: Secret | str) -> str | None:
    """Return the SHA-256 by which a recovery code is stored; None for what cannot be one."""
    bare = plain(code.reveal() if isinstance(code, Secret) else code)
    return hashlib.sha256(bare.encode()).hexdigest() if _RECOVERY_CODE.fullmatch(bare) else None


def _recovery_code(random: RandomBytes) -> Secret:
    letters = base64.b32encode(random(_RECOVERY_BYTES)).decode().lower()
    return Secret("-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP)))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
