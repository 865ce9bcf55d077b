"""The file a sandbox keeps its data in: one line a change, only ever added to.

What the lines say is each sandbox's choice.
"""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg


class Journal:
    """Lines in a file that one process at a time may hold.

    Every line is handed to the operating system before `append` returns, so killing the process loses
    nothing that was appended. Nothing is forced onto the disk: after a power cut the end may be missing.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file and its folder. Raises ConfigurationError where that cannot be."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise ConfigurationError(
                msg("“{path}” cannot be written: {reason}.", path=path, reason=error.strerror)
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ConfigurationError(
                msg("“{path}” is in use by another sandbox. Stop that one first.", path=path)
            ) from None

    def lines(self) -> list[bytes]:
        """Return the lines, oldest first; one that was cut off while it was written is removed."""
        self._file.seek(0)
        content = self._file.readall()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)
        return content[:whole].splitlines()

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines (without their line ends) all or none. Raises OSError, for example on a full disk."""
        rest = b"".join(line + b"\n" for line in lines)
        size = os.fstat(self._file.fileno()).st_size
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError:
            # A half-written line would run into the next one.
            with suppress(OSError):
                self._file.truncate(size)
            raise

    def clear(self) -> None:
        """Forget every line."""
        self._file.truncate(0)

    def close(self) -> None:
        """Let another process have the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the open journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()


class Section(Journal):
    """The part of a shared journal whose lines begin with a mark; `other` is a longer mark that is not ours."""

    def __init__(self, whole: Journal, mark: bytes, *, other: bytes | None = None) -> None:
        self.path = whole.path
        self._whole = whole
        self._mark = mark
        self._other = other

    def lines(self) -> list[bytes]:
        """Return this part's lines without their mark, oldest first."""
        return [line[len(self._mark) :] for line in self._whole.lines() if self._is_ours(line)]

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines all or none. Raises OSError."""
        self._whole.append(self._mark + line for line in lines)

    def clear(self) -> None:
        """Forget this part's lines and keep the others'."""
        others = [line for line in self._whole.lines() if not self._is_ours(line)]
        self._whole.clear()
        self._whole.append(others)

    def close(self) -> None:
        """Leave the shared file open; whoever opened it closes it."""

    def _is_ours(self, line: bytes) -> bool:
        return line.startswith(self._mark) and (self._other is None or not line.startswith(self._other))
