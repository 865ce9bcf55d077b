"""Where attempts and requests are counted in this process's memory: the limits package's storage, tidied up rarely.

The package tidies up in a task it starts at nearly every count, which takes a thread for each key that there is, and
dies of a KeyError when a key is cleared meanwhile.
"""

from typing import Final

from limits.aio.storage import MemoryStorage

from integration_admin.core.clock import Clock, SystemClock

_EVERY_SECONDS: Final = 60.0


class CountedInMemory(MemoryStorage):
    """Counts in moving windows; what is over is forgotten once a minute, in one go between two counts."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        # The package compares with the machine's clock, whatever the product's is.
        self._clock = clock or SystemClock()
        self._tidied_at = self._clock.monotonic()

    async def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802, the package's own name for it, private to its class
        """Forget what is over, if that was not done lately; called before each count."""
        now = self._clock.monotonic()
        if now - self._tidied_at < _EVERY_SECONDS:
            return
        self._tidied_at, over = now, self._clock.now().timestamp()
        for key, entries in list(self.events.items()):
            # The newest come first.
            left = [entry for entry in entries if entry.expiry > over]
            if left:
                self.events[key] = left
            else:
                await self.clear(key)
