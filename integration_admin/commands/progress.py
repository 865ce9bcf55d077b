"""Progress on a terminal: one line on the error output that is written anew. Nothing at all where nobody looks."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import BinaryIO, Final, TextIO

from integration_admin.bootstrap import Application
from integration_admin.core.actor import Actor

_SECONDS: Final = 1.0
_START_OF_LINE: Final = "\r\x1b[K"
"""Back to the beginning of the line, and nothing in it any more."""


class ProgressLine:
    """One line that is written anew; silent where `stream` is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = ""

    def show(self, sentence: str) -> None:
        """Show a sentence in the place of the one before."""
        if self._stream.isatty() and sentence != self._shown:
            self._shown = sentence
            self._stream.write(_START_OF_LINE + sentence)
            self._stream.flush()

    def clear(self) -> None:
        """Leave an empty line to whatever is printed next."""
        if self._shown:
            self.show("")


@asynccontextmanager
async def following(
    application: Application, actor: Actor, run_id: uuid.UUID, line: ProgressLine
) -> AsyncIterator[None]:
    """Show how far a run has come for as long as the block lasts, whichever process carries it out."""
    task = asyncio.create_task(_follow(application, actor, run_id, line))
    try:
        yield
    finally:
        task.cancel()
        # An export is not to fail because it could not be looked at.
        with suppress(asyncio.CancelledError, Exception):
            await task
        line.clear()


async def _follow(application: Application, actor: Actor, run_id: uuid.UUID, line: ProgressLine) -> None:
    while True:
        _, progress = await application.services.history.progress(actor, run_id)
        if progress is not None:
            line.show(" ".join(str(said) for said in progress.sentences))
        await application.clock.sleep(_SECONDS)


class ShownFile:
    """A file that is read, and shows how much of it has been; then how many of its records are stored."""

    def __init__(self, stream: BinaryIO, line: ProgressLine) -> None:
        self._stream = stream
        self._line = line
        self.size = os.fstat(stream.fileno()).st_size
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        return self._counted(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        """Read a line, or up to `size` bytes of one."""
        return self._counted(self._stream.readline(size))

    def stored(self, count: int, total: int) -> None:
        """Show how many records are stored of how many there are."""
        self._line.show(f"Storing: {count} of {total} records.")

    def _counted(self, piece: bytes) -> bytes:
        self._read += len(piece)
        self._line.show(f"Checking: {100 * self._read // max(self.size, 1)} %.")
        return piece
