"""Watching how much memory this process holds while something runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import psutil

_EVERY_SECONDS = 0.05
_MB = 1_000_000


class MemoryWatch:
    """The resident size of this process over time, in megabytes above what it was at the start."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._idle = self._rss()
        self.samples: list[float] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take samples until the block ends."""
        ended = threading.Event()
        thread = threading.Thread(target=self._sample, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    @property
    def peak(self) -> float:
        """The most that was ever held."""
        return max(self.samples)

    @property
    def growth(self) -> float:
        """How much more the last quarter of the time held than the second one: near zero when flat."""
        quarter = max(1, len(self.samples) // 4)
        return median(self.samples[-quarter:]) - median(self.samples[quarter : 2 * quarter] or self.samples)

    def _sample(self, ended: threading.Event) -> None:
        while not ended.wait(_EVERY_SECONDS):
            self.samples.append(self._rss() - self._idle)
        self.samples.append(self._rss() - self._idle)

    def _rss(self) -> float:
        return float(self._process.memory_info().rss) / _MB
