"""Reference lists read anew, several times, in a process of its own: `python -m benchmarks.refresher FOLDER KIND`."""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.instance import LOOPBACK, ORGANISATION, opened
from benchmarks.memory import MemoryWatch
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock

_TIMES: Final = 12


async def refresh(folder: Path, kind: str) -> Mapping[str, Any]:
    """Read every list of the one integration anew, and return how it went; seconds, and MB above idle."""
    async with (
        OutboundClient(allow=LOOPBACK) as http,
        opened(folder, CATALOG[kind](http, SystemClock())) as application,
    ):
        services = application.services
        await application.keys.run()
        actor = await services.organisations.actor_of(ORGANISATION)
        (integration,) = await services.configuration.everything(actor)
        gc.collect()
        watch = MemoryWatch()
        seconds = []
        with watch.watching():
            for _ in range(_TIMES):
                started = time.perf_counter()
                lengths = await services.mappings.refresh(actor, integration.id)
                seconds.append(time.perf_counter() - started)
    return {
        "accounts": lengths["accounts"],
        "seconds": seconds,
        "peak": watch.peak,
        "growth": watch.growth,
    }


def main() -> None:
    """Read the lists and print the result as JSON."""
    sys.stdout.write(json.dumps(asyncio.run(refresh(Path(sys.argv[1]), sys.argv[2]))) + "\n")


if __name__ == "__main__":
    main()
