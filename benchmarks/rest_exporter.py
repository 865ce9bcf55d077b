"""One export to the sandbox REST system in a process of its own, measured.

`python -m benchmarks.rest_exporter FOLDER [--database URL] [--record FILE] [--kill-after N] [--hurried]`.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.instance import LOOPBACK, ORGANISATION, opened
from benchmarks.memory import MemoryWatch
from integration_admin.adapters.base import Capabilities
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient, Response
from integration_admin.core.clock import SystemClock
from integration_admin.services.worker import settle_memory

QUIET_SECONDS = 4.0
"""How long unknown outcomes rest with --hurried."""


class HurriedAdapter(GenericRESTAdapter):
    """Looks unknown outcomes up after seconds: the sandbox books at once."""

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return the settings' capabilities with shorter times."""
        return replace(
            super().capabilities_of(settings),
            send_seconds=2.0,
            processing_seconds=1.0,
            quiet_seconds=QUIET_SECONDS,
        )


class WatchedClient(OutboundClient):
    """Counts the sends under way, keeps their bodies where asked, and dies where asked."""

    def __init__(self, record: Path | None, kill_after: int) -> None:
        super().__init__(allow=LOOPBACK, pool_size=64)
        self._file = record.open("wb", buffering=0) if record else None
        self._left = kill_after
        self._flying = 0
        self.most = 0

    async def request(self, method: str, url: str, **options: Any) -> Response:
        """Send the request as ever."""
        if method != "POST":
            return await super().request(method, url, **options)
        if self._file:
            self._file.write(options["body"] + b"\n")
        self._flying += 1
        self.most = max(self.most, self._flying)
        try:
            return await super().request(method, url, **options)
        finally:
            self._flying -= 1
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    async def close(self) -> None:
        """Close the file and every connection."""
        if self._file:
            self._file.close()
        await super().close()


async def export(
    folder: Path, database: str, client: WatchedClient, *, hurried: bool = False
) -> Mapping[str, Any]:
    """Export everything in one run, or go on with the one that was killed; seconds are from start to last commit."""
    adapter = (HurriedAdapter if hurried else GenericRESTAdapter)(client, SystemClock())
    async with opened(folder, adapter, database_url=database) as application:
        services = application.services
        await application.keys.run()
        actor = await services.organisations.actor_of(ORGANISATION)
        (integration,) = await services.configuration.everything(actor)
        settle_memory()
        watch = MemoryWatch()
        with watch.watching():
            started, spent = time.perf_counter(), time.process_time()
            health = await services.health.of(actor, integration.id)
            run = health.active_run or await services.runs.start(actor, integration.id)
            await services.runner.carry_out(actor.organisation_id, run.id)
            seconds, spent = time.perf_counter() - started, time.process_time() - spent
        ended = await services.runs.get(actor, run.id)
    await client.close()
    return {
        "delivered": ended.delivered,
        "state": str(ended.state),
        "seconds": seconds,
        "cpu": spent,
        "peak": watch.peak,
        "growth": watch.growth,
        "most_in_flight": client.most,
    }


def main() -> None:
    """Export and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", default="")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--kill-after", type=int, default=0)
    parser.add_argument("--hurried", action="store_true")
    given = parser.parse_args()
    client = WatchedClient(given.record, given.kill_after)
    result = asyncio.run(export(given.folder, given.database, client, hurried=given.hurried))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
