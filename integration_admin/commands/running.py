"""Runs one piece of work on the assembled product, for commands that start and end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from integration_admin.bootstrap import Application, bootstrap

Result = TypeVar("Result")


def run(work: Callable[[Application], Awaitable[Result]]) -> Result:
    """Run `work` on the assembled product and close it afterwards."""

    async def whole() -> Result:
        application = bootstrap()
        try:
            return await work(application)
        finally:
            await application.close()

    return asyncio.run(whole())
