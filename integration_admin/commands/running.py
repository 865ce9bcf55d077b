"""Runs one piece of work on the assembled product, for commands that start and end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from integration_admin.bootstrap import Application, bootstrap
from integration_admin.data.failures import unwritable

Result = TypeVar("Result")


def run(work: Callable[[Application], Awaitable[Result]]) -> Result:
    """Run `work` on the assembled product and close it afterwards; raises DatabaseUnreachable on a full disk."""

    async def whole() -> Result:
        application = bootstrap()
        try:
            return await work(application)
        finally:
            await application.close()

    try:
        return asyncio.run(whole())
    except OperationalError as error:
        raise unwritable(error) or error from error.__cause__
