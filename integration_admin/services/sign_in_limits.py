"""How often somebody may try to sign in. The limits are documented in the README."""

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from integration_admin.core.clock import Clock, SystemClock
from integration_admin.core.errors import TooManyAttempts
from integration_admin.core.messages import msg
from integration_admin.core.networks import network_of
from integration_admin.services.counted_in_memory import CountedInMemory

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
"""From one address to one account: the real person at another address is never locked out."""
PER_ADDRESS = RateLimitItemPerMinute(100, 15)
"""From one address to any account: an office behind one address gets its people in."""
PER_ACCOUNT_ANYWHERE = RateLimitItemPerMinute(100, 15)
"""From all addresses to one account before each of them is left fewer tries; nobody is locked out by it."""
PER_ACCOUNT_ATTACKED = RateLimitItemPerMinute(3, 15)
"""From one address to an account that is tried from many: a person at an address of their own still gets in."""
PER_DEVICE = RateLimitItemPerMinute(10, 15)
"""From a browser its person has signed in with before: whatever others do to the account, these are left."""
PER_RESET = RateLimitItemPerMinute(5, 15)
"""Links for a new password that one address may ask for one account."""
PER_MAILBOX = RateLimitItemPerHour(5)
"""Links for a new password sent to one account, whoever asks: more would only fill a mailbox."""


class SignInLimits:
    """Counts attempts in moving windows; several web processes share them through Redis."""

    def __init__(
        self,
        storage: str = "",
        *,
        per_account: RateLimitItem = PER_ACCOUNT,
        per_address: RateLimitItem = PER_ADDRESS,
        per_account_anywhere: RateLimitItem = PER_ACCOUNT_ANYWHERE,
    ) -> None:
        shared = storage_from_string(storage, implementation="redispy") if storage else CountedInMemory()
        self._limiter = MovingWindowRateLimiter(shared)
        self._per_account = per_account
        self._per_address = per_address
        self._per_account_anywhere = per_account_anywhere
        # The limits package reads the machine's clock, so the wait it leads to is measured by the same.
        self._clock: Clock = SystemClock()

    async def check(self, account: str, address: str, device: str = "") -> None:
        """Count one attempt; raises TooManyAttempts before the account's password is looked at.

        `device` is the name of a browser the account's person has signed in with before. Its own attempts come
        first; once they are used up it counts like any other browser.
        """
        if device and await self._limiter.hit(PER_DEVICE, "device", account, device):
            return
        network = network_of(address)
        await self._hit(self._per_address, network)
        await self._hit(self._per_account, network, account)
        if not await self._limiter.hit(self._per_account_anywhere, "anywhere", account):
            await self._hit(PER_ACCOUNT_ATTACKED, "attacked", network, account)

    async def check_reset(self, account: str, address: str) -> None:
        """Count one wish for a new password; raises TooManyAttempts before the account is looked up."""
        network = network_of(address)
        await self._hit(self._per_address, "reset", network)
        await self._hit(PER_RESET, "reset", network, account)

    async def may_mail(self, account: str) -> bool:
        """Count one e-mail to an account; tell whether it may be sent."""
        return await self._limiter.hit(PER_MAILBOX, "mailbox", account)

    async def forgive(self, account: str, address: str) -> None:
        """Forget the attempts on an account once its person has signed in from there."""
        await self._limiter.clear(self._per_account, network_of(address), account)
        await self._limiter.clear(PER_ACCOUNT_ATTACKED, "attacked", network_of(address), account)

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
