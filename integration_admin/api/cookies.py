"""The cookies of signing in: their names, their flags, and finding them in a request."""

from fastapi import Response

from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import SignInStepKind
from integration_admin.services.known_devices import LIFETIME as DEVICE_LIFETIME
from integration_admin.services.openid_flows import LIFETIME as LIFETIME_OF_WAY
from integration_admin.services.signed_in import LIFETIME, STEP_LIFETIMES, Halfway


def session_cookie(settings: Settings) -> str:
    """Return the cookie's name; `__Host-` makes browsers refuse it from anything but this very host."""
    return "__Host-session" if settings.secure_cookies else "session"


def step_cookie(settings: Settings) -> str:
    """Return the name of the cookie between the password and the second step."""
    return "__Host-sign-in-step" if settings.secure_cookies else "sign-in-step"


def way_cookie(settings: Settings) -> str:
    """Return the name of the cookie of a browser that is on its way to a sign-in provider and back."""
    return "__Host-sign-in-way" if settings.secure_cookies else "sign-in-way"


def device_cookie(settings: Settings) -> str:
    """Return the name of the cookie by which a browser is recognised that somebody has signed in with before."""
    return "__Host-known-device" if settings.secure_cookies else "known-device"


def find_session(header: str, settings: Settings) -> Secret | None:
    """Return the session token in a Cookie header."""
    return _find(header, session_cookie(settings))


def find_step(header: str, settings: Settings) -> Secret | None:
    """Return the token of a half-finished sign-in in a Cookie header."""
    return _find(header, step_cookie(settings))


def find_way(header: str, settings: Settings) -> Secret | None:
    """Return the token of a browser that comes back from a sign-in provider in a Cookie header."""
    return _find(header, way_cookie(settings))


def find_device(header: str, settings: Settings) -> Secret | None:
    """Return what a browser is recognised by in a Cookie header."""
    return _find(header, device_cookie(settings))


def without_session(header: str, settings: Settings) -> str:
    """Return a Cookie header with everything but what signs in, or helps to."""
    ours = {session_cookie(settings), step_cookie(settings), way_cookie(settings), device_cookie(settings)}
    pairs = [pair.strip() for pair in header.split(";")]
    return "; ".join(pair for pair in pairs if pair and pair.partition("=")[0].strip() not in ours)


def set_session(response: Response, token: Secret, settings: Settings) -> None:
    """Give the browser a session that no script can read and no other site can use."""
    _set(response, session_cookie(settings), token, int(LIFETIME.total_seconds()), settings)


def set_step(response: Response, halfway: Halfway, settings: Settings) -> None:
    """Give the browser what it needs for the second step, and no longer than that takes."""
    seconds = int(STEP_LIFETIMES[SignInStepKind(halfway.kind)].total_seconds())
    _set(response, step_cookie(settings), halfway.token, seconds, settings)


def set_device(response: Response, mark: Secret, settings: Settings) -> None:
    """Give the browser what it is recognised by; it stays when somebody signs out."""
    _set(response, device_cookie(settings), mark, int(DEVICE_LIFETIME.total_seconds()), settings)


def set_way(response: Response, token: Secret, settings: Settings) -> None:
    """Give the browser what it brings back from a sign-in provider: from another site's page, so not strictly ours."""
    response.set_cookie(
        way_cookie(settings),
        token.reveal(),
        max_age=int(LIFETIME_OF_WAY.total_seconds()),
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def clear_way(response: Response, settings: Settings) -> None:
    """Take that away from the browser."""
    response.delete_cookie(
        way_cookie(settings), secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


def clear_session(response: Response, settings: Settings) -> None:
    """Take the session away from the browser."""
    _clear(response, session_cookie(settings), settings)


def clear_step(response: Response, settings: Settings) -> None:
    """Take a half-finished sign-in away from the browser."""
    _clear(response, step_cookie(settings), settings)


def _find(header: str, wanted: str) -> Secret | None:
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted and value:
            return Secret(value)
    return None


def _set(response: Response, name: str, token: Secret, seconds: int, settings: Settings) -> None:
    response.set_cookie(
        name,
        token.reveal(),
        max_age=seconds,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )


def _clear(response: Response, name: str, settings: Settings) -> None:
    response.delete_cookie(name, secure=settings.secure_cookies, httponly=True, samesite="strict")
