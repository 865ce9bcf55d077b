"""What the processes of the laboratory did and when: one file all of them append to."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STARTED = "started"
TAKEN = "lock taken"
LEFT = "lock left"
SENT = "sent"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a process did; `at` is in seconds of the machine's monotonic clock, which all share."""

    at: float
    pid: int
    name: str
    references: tuple[str, ...] = ()


class EventLog:
    """Appends events; a line is written at once, so that processes do not mix theirs up."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, name: str, references: tuple[str, ...] = ()) -> None:
        """Write that something happened now."""
        line = json.dumps([time.monotonic(), os.getpid(), name, references])
        os.write(self._file, line.encode() + b"\n")


class EventReader:
    """Reads what has been appended since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def new(self) -> list[Event]:
        """Return the events since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._place)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._place += len(whole)
        return [_event(json.loads(line)) for line in whole.splitlines()]


def _event(row: list[Any]) -> Event:
    at, pid, name, references = row
    return Event(at, pid, name, tuple(references))
