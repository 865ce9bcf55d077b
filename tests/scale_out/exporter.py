"""A second process on one SQLite file that does what serve does without its pages: tick and export."""

import asyncio
import signal
from contextlib import suppress

from integration_admin.bootstrap import bootstrap


async def export() -> None:
    """Work until a termination signal."""
    enough = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, enough.set)
    async with bootstrap().serving():
        await enough.wait()


with suppress(asyncio.CancelledError):
    asyncio.run(export())
