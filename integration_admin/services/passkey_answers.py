"""Taking apart what browsers answer to questions about passkeys; whether it is right is decided in passkeys.py."""

import base64
import hashlib
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticationCredential, RegistrationCredential

MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the library raises for an answer that is not one: its own errors, and those of what it takes apart with."""
_LONGEST_ANSWER = 20_000
_Answer = TypeVar("_Answer", RegistrationCredential, AuthenticationCredential)


def read_answer(parse: Callable[[str], _Answer], answer: str) -> _Answer | None:
    """Take a browser's answer apart with one of the library's parsers; None for what is no answer."""
    try:
        return parse(answer) if len(answer) <= _LONGEST_ANSWER else None
    except MALFORMED:
        return None


def challenge_hash(challenge: bytes) -> str:
    """Return the SHA-256 by which a challenge is stored and found."""
    return hashlib.sha256(challenge).hexdigest()


def base64url(data: bytes) -> str:
    """Return bytes as they are stored: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def is_number(host: str) -> bool:
    """Tell whether a host is an IP address, which can have no passkeys."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
