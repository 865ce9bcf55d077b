"""The session cookie: its name, its flags, and finding it in a request."""

from fastapi import Response

from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services.sign_in import LIFETIME


def session_cookie(settings: Settings) -> str:
    """Return the cookie's name; `__Host-` makes browsers refuse it from anything but this very host."""
    return "__Host-session" if settings.secure_cookies else "session"


def find_session(header: str, settings: Settings) -> Secret | None:
    """Return the session token in a Cookie header."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == session_cookie(settings) and value:
            return Secret(value)
    return None


def without_session(header: str, settings: Settings) -> str:
    """Return a Cookie header with everything but the session."""
    pairs = [pair.strip() for pair in header.split(";")]
    return "; ".join(
        pair for pair in pairs if pair and pair.partition("=")[0].strip() != session_cookie(settings)
    )


def set_session(response: Response, token: Secret, settings: Settings) -> None:
    """Give the browser a session that no script can read and no other site can use."""
    response.set_cookie(
        session_cookie(settings),
        token.reveal(),
        max_age=int(LIFETIME.total_seconds()),
        secure=settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )


def clear_session(response: Response, settings: Settings) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(
        session_cookie(settings), secure=settings.secure_cookies, httponly=True, samesite="strict"
    )
