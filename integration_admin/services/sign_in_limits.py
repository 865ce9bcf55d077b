"""How often somebody may try to sign in. The limits are documented in the README."""

from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.core.errors import TooManyAttempts
from integration_admin.core.messages import msg

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
"""From one address to one account: the real person at another address is never locked out."""
PER_ADDRESS = RateLimitItemPerMinute(100, 15)
"""From one address to any account: an office behind one address gets its people in."""


class SignInLimits:
    """Counts attempts in moving windows; several web processes share them through Redis."""

    def __init__(
        self,
        storage: str = "async+memory://",
        *,
        per_account: RateLimitItem = PER_ACCOUNT,
        per_address: RateLimitItem = PER_ADDRESS,
    ) -> None:
        options = {"implementation": "redispy"} if "redis" in storage else {}
        self._limiter = MovingWindowRateLimiter(storage_from_string(storage, **options))
        self._per_account = per_account
        self._per_address = per_address
        # The limits package reads the machine's clock, so the wait it leads to is measured by the same.
        self._clock: Clock = SystemClock()

    async def check(self, account: str, address: str) -> None:
        """Count one attempt; raises TooManyAttempts before anything about the account is looked up."""
        network = _network(address)
        await self._hit(self._per_address, network)
        await self._hit(self._per_account, network, account)

    async def forgive(self, account: str, address: str) -> None:
        """Forget the attempts on an account once its person has signed in from there."""
        await self._limiter.clear(self._per_account, _network(address), account)

    async def check_session(self, session_id: str) -> None:
        """Count one attempt of somebody signed in to give the password again. Raises TooManyAttempts."""
        await self._hit(self._per_account, "session", session_id)

    async def forgive_session(self, session_id: str) -> None:
        """Forget the attempts made in a session once the right password has come."""
        await self._limiter.clear(self._per_account, "session", session_id)

    async def _hit(self, limit: RateLimitItem, *who: str) -> None:
        if await self._limiter.hit(limit, *who):
            return
        free_at = (await self._limiter.get_window_stats(limit, *who)).reset_time
        wait = min(max(1.0, free_at - self._clock.now().timestamp()), float(limit.get_expiry()))
        raise TooManyAttempts(
            msg("There have been too many attempts to sign in. Wait a while and try again."),
            retry_after=wait,
            internal="sign-in throttled",
        )


def _network(address: str) -> str:
    """Return what one customer holds: an IPv4 address, or the 64 bits before an IPv6 host part."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)
