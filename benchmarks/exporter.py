"""One export run in a process of its own, measured: `python -m benchmarks.exporter FOLDER`."""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.instance import ANY_PACE, LOOPBACK, ORGANISATION, opened
from benchmarks.memory import MemoryWatch
from integration_admin.adapters.base import Credentials, Outcome, Result, Voucher
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.outbound import OutboundClient, Response
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.clock import SystemClock

RECORD = "--record"
INSTANT = "--instant"
PACED = "--paced"


class RecordingClient(OutboundClient):
    """Keeps the body of every request, for the bare client to send again."""

    def __init__(self, path: Path) -> None:
        super().__init__(allow=LOOPBACK)
        self._file = path.open("wb")

    async def request(self, method: str, url: str, **options: Any) -> Response:
        """Write the body down, one line each, and send the request."""
        self._file.write((options.get("body") or b"") + b"\n")
        return await super().request(method, url, **options)

    async def close(self) -> None:
        """Close the file and every connection."""
        self._file.close()
        await super().close()


class InstantAdapter(XledgerAdapter):
    """Books everything at once without a network, so that only the engine's own work is measured."""

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Say that everything was booked."""
        del credentials
        return [Outcome(item.reference, Result.DELIVERED, external_id=str(item.number)) for item in batch]


async def export(
    folder: Path, *, record: Path | None = None, instant: bool = False, paced: str = ""
) -> Mapping[str, Any]:
    """Export everything that is ready in one run and return how it went; times are in seconds, sizes in MB.

    `paced` names an adapter that keeps its vendor's limits; without it Xledger's pace is widened.
    """
    http = RecordingClient(record) if record else OutboundClient(allow=LOOPBACK)
    clock = SystemClock()
    unhurried = InstantAdapter if instant else XledgerAdapter
    adapter = CATALOG[paced](http, clock) if paced else unhurried(http, clock, ANY_PACE)
    async with opened(folder, adapter) as application:
        services = application.services
        await application.keys.run()
        actor = await services.organisations.actor_of(ORGANISATION)
        (integration,) = await services.configuration.everything(actor)
        gc.collect()
        watch = MemoryWatch()
        with watch.watching():
            started = time.perf_counter()
            run = await services.runs.start(actor, integration.id)
            await services.runner.carry_out(actor.organisation_id, run.id)
            seconds = time.perf_counter() - started
        ended = await services.runs.get(actor, run.id)
    await http.close()
    return {
        "delivered": ended.delivered,
        "state": str(ended.state),
        "seconds": seconds,
        "peak": watch.peak,
        "growth": watch.growth,
        "samples": watch.samples,
    }


def main() -> None:
    """Export and print the result as JSON."""
    words = sys.argv[1:]
    record = Path(words[words.index(RECORD) + 1]) if RECORD in words else None
    paced = words[words.index(PACED) + 1] if PACED in words else ""
    result = asyncio.run(export(Path(words[0]), record=record, instant=INSTANT in words, paced=paced))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
