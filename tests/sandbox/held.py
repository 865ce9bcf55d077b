"""A clock that lets a test look at requests that are all under way at the same time, however slow the machine is."""

import asyncio
import threading

from tests.fakes import FakeClock


class HeldClock(FakeClock):
    """A clock on which nobody comes to the end of a wait before `go_on` is set; the sandbox has a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait, whatever the number of seconds, until everybody may go on."""
        self.slept.append(seconds)
        # Where a test fails before that, its server must end all the same.
        await asyncio.to_thread(self.go_on.wait, 30)
