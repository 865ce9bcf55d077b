"""Keeps Python's garbage collector from looking through an export's records again and again while it runs.

Records live until their outcome is committed and then go by themselves; only what refers to itself waits for it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = 20_000
"""More new objects than gone ones make a collection due: a few megabytes, where Python's own 700 are some 40 claims."""


class _Collections:
    """Counts who wants them rare, since the collector is the whole process's."""

    def __init__(self) -> None:
        self._wanted_rare = 0
        self._usual = gc.get_threshold()

    @contextmanager
    def rare(self) -> Iterator[None]:
        """Let them be rare until the block, and every other one like it, has ended."""
        if not self._wanted_rare:
            self._usual = gc.get_threshold()
            # Zero is never.
            if self._usual[0]:
                gc.set_threshold(max(_RARELY, self._usual[0]), *self._usual[1:])
        self._wanted_rare += 1
        try:
            yield
        finally:
            self._wanted_rare -= 1
            if not self._wanted_rare:
                gc.set_threshold(*self._usual)


collecting_rarely = _Collections().rare
