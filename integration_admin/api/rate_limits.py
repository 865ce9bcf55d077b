"""How often one caller, and one address, may ask something of the program. The limits are documented in docs/security.md.

Attempts to sign in have narrower limits of their own, in services/sign_in_limits.py.
"""

import asyncio
from typing import NamedTuple

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from integration_admin.api.body_limit import drain
from integration_admin.api.cookies import find_session
from integration_admin.api.language import language_of
from integration_admin.api.origin import client_address
from integration_admin.api.problems import problem_response
from integration_admin.core.clock import Clock, SystemClock
from integration_admin.core.errors import TooManyAttempts
from integration_admin.core.messages import msg
from integration_admin.core.networks import network_of
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.services.counted_in_memory import CountedInMemory
from integration_admin.services.tokens import fingerprint


class Limits(NamedTuple):
    """What one caller may do, and one address; and for how many seconds a flood is slowed before it is cut off."""

    caller: RateLimitItem
    address: RateLimitItem
    patience: float = 10.0


REQUESTS = Limits(RateLimitItemPerMinute(1_200), RateLimitItemPerMinute(3_000))
"""Requests of one token or session, and of one address: enough for a script that sends claims one by one."""
EVENTS = Limits(RateLimitItemPerSecond(100, 5), RateLimitItemPerSecond(300, 5))
"""Messages over the websockets of one session, and of one address: fifty people in one office use a third."""
_COUNTED = ("/api/", "/auth/", "/download/")
"""Where a request costs more than handing out a file."""
_LEAST_WAIT = 0.05


class RateLimits:
    """Counts what callers and addresses do, in moving windows, in this process's memory."""

    def __init__(self, limits: Limits) -> None:
        self._limiter = MovingWindowRateLimiter(CountedInMemory())
        self._limits = limits
        self.patience = limits.patience
        # The limits package reads the machine's clock, so the wait it leads to is measured by the same.
        self._clock: Clock = SystemClock()

    async def check(self, caller: str, address: str) -> None:
        """Count once for both; raises TooManyAttempts. Without a `caller` only the address counts."""
        await self._count(self._limits.caller, caller)
        await self._count(self._limits.address, network_of(address))

    async def _count(self, limit: RateLimitItem, who: str) -> None:
        if who and not await self._limiter.hit(limit, "edge", who):
            raise TooManyAttempts(
                msg("Too many requests have come at once. Wait a moment and try again."),
                retry_after=await self._wait(limit, who),
                internal="requests throttled",
            )

    async def pace(self, caller: str, address: str) -> float:
        """Count once for both, waiting until there is room; return for how many seconds the caller itself had to."""
        waited = await self._until_counted(self._limits.caller, caller)
        await self._until_counted(self._limits.address, network_of(address))
        return waited

    async def _until_counted(self, limit: RateLimitItem, who: str) -> float:
        waited = 0.0
        while True:
            try:
                await self._count(limit, who)
            except TooManyAttempts as error:
                await asyncio.sleep(error.retry_after)
                waited += error.retry_after
            else:
                return waited

    async def _wait(self, limit: RateLimitItem, who: str) -> float:
        free_at = (await self._limiter.get_window_stats(limit, "edge", who)).reset_time
        return min(max(_LEAST_WAIT, free_at - self._clock.now().timestamp()), float(limit.get_expiry()))


class RequestLimit:
    """Wraps the whole application: answers 429 with Retry-After where a caller or an address asks too often."""

    def __init__(self, app: ASGIApp, settings: Settings, limits: RateLimits) -> None:
        self._app = app
        self._settings = settings
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http" or not scope["path"].startswith(_COUNTED):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            await self._limits.check(
                _caller(request, self._settings), client_address(request, self._settings)
            )
        except TooManyAttempts as error:
            await drain(receive)
            await problem_response(error, language_of(request))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _caller(connection: HTTPConnection, settings: Settings) -> str:
    """Return what tells callers apart, never the token itself: of the API its token, of a page its session.

    Who brings neither is counted by address alone: together they would use up each other's share.
    """
    if connection.url.path.startswith("/api/"):
        token = connection.headers.get("authorization", "")
        return fingerprint(Secret(token)) if token else ""
    session = find_session("; ".join(connection.headers.getlist("cookie")), settings)
    return fingerprint(session) if session else ""
