"""Two transactions on PostgreSQL of which the second waits for the first; SQLite has one writer at a time anyway."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import text

from integration_admin.core.actor import Actor
from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import Unit

Answer = TypeVar("Answer")
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def one_after_the_other(
    database: Database,
    actor: Actor,
    first: Callable[[Unit], Awaitable[object]],
    second: Coroutine[Any, Any, Answer],
) -> Answer:
    """Let the first commit once the second waits for it, and return what the second answers."""
    async with database.write(actor.organisation_id) as unit:
        await first(unit)
        task = asyncio.create_task(second)
        async with asyncio.timeout(10):
            while not await _is_anybody_waiting(database):  # noqa: ASYNC110, only the server knows
                await asyncio.sleep(0.01)
    return await task


async def _is_anybody_waiting(database: Database) -> bool:
    async with database.system() as system:
        return bool(await system._session.scalar(_WAITING))
