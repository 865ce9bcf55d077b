"""Watching for how long the work of this process keeps its event loop from everything else."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

_EVERY_SECONDS = 0.02

_Result = TypeVar("_Result")


class LoopWatch:
    """The longest the loop was held, in seconds of processor time.

    What was late because the machine had other things to do used none, and does not count.
    """

    def __init__(self) -> None:
        self.longest = 0.0

    async def during(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what `work` does, having watched the loop meanwhile."""
        watching = asyncio.create_task(self._watch())
        try:
            return await work
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            begun, used = time.monotonic(), time.thread_time()
            await asyncio.sleep(_EVERY_SECONDS)
            late = time.monotonic() - begun - _EVERY_SECONDS
            self.longest = max(self.longest, min(late, time.thread_time() - used))
