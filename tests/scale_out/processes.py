"""Our commands as processes of their own, with a log a test can wait for; all are gone at the end."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration_admin.core.settings import PREFIX

ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 60


@dataclass(frozen=True)
class Process:
    """A running command."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def words(self) -> str:
        """What it has written so far."""
        return self.log.read_text()

    async def says(self, words: str) -> None:
        """Wait until it has written `words`; fails when it ends without."""
        await until(lambda: words in self.words or self.process.poll() is not None)
        assert words in self.words, self.words

    def ends_of(self, run_id: uuid.UUID) -> list[str]:
        """Return the lines of its log about the end of a run."""
        return [line for line in self.words.splitlines() if "run_finished" in line and str(run_id) in line]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let it do nothing until the block ends."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    async def stop(self) -> int:
        """End it as a service manager does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, _STOP_SECONDS)


@asynccontextmanager
async def started(environment: Mapping[str, str], log: Path, *words: str) -> AsyncIterator[Process]:
    """Run Python with `words`, settings and nobody else's environment, until the block ends."""
    running = Process(_begin(environment, log, words), log)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            await running.stop()


def _begin(environment: Mapping[str, str], log: Path, words: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    given = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=given | dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )


async def until(condition: Callable[[], object], seconds: float = 180.0) -> None:
    """Wait until what another process does is done; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110, another process sets no event here
            await asyncio.sleep(0.02)
