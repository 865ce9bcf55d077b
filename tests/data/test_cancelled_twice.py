"""A page's handlers are cancelled when its reader leaves, even twice; no query may hang on because of it."""

import asyncio
import threading

from integration_admin.data.database import Database


async def test_a_query_cancelled_twice_leaves_nothing_waiting(sqlite_database: Database) -> None:
    async def ask() -> None:
        async with sqlite_database.system() as system:
            await system.organisations()

    for steps in range(60):
        # The connection is there before; what is cancelled is the query.
        await ask()
        task = asyncio.create_task(ask())
        for _ in range(steps % 30):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await sqlite_database.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        _, waiting = await asyncio.wait(others, timeout=10)
        assert waiting == set()
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()
