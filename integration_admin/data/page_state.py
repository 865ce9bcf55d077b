"""Redis, where several web processes keep the pages' state and count sign-ins together: whether it answers.

What is kept there is Reflex's business, and counting is services/sign_in_limits.py's.
"""

from collections.abc import Awaitable
from typing import Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from integration_admin.core.errors import RedisUnreachable
from integration_admin.core.messages import msg

_SECONDS: Final = 2.0


class PageState:
    """Where the pages' state is kept: in a Redis or, without an address, in the web process's own memory."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url

    @property
    def is_shared(self) -> bool:
        """Whether there is a Redis at all."""
        return bool(self._redis_url)

    async def reachable(self) -> None:
        """Return at once where there is no Redis; raises RedisUnreachable where there is one that does not answer."""
        if not self.is_shared:
            return
        client = Redis.from_url(
            self._redis_url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS, retry=None
        )
        try:
            async with client:
                # The library's types say that it might also have waited already.
                await cast("Awaitable[bool]", client.ping())
        except (RedisError, OSError) as error:
            # Without its cause, which may quote the address and the password in it.
            raise RedisUnreachable(
                msg("Redis cannot be reached. Check that it is running and that REDIS_URL names it."),
                internal=f"redis: {type(error).__name__}",
            ) from None
