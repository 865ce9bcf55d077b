"""Whether the Redis that keeps the pages' state answers."""

import asyncio
from pathlib import Path

import pytest

from integration_admin.bootstrap import assemble
from integration_admin.core.errors import RedisUnreachable
from integration_admin.core.settings import Settings
from integration_admin.data.page_state import PageState
from tests import canary
from tests.ports import free_port
from tests.scale_out.web import running_redis


async def answers(state: PageState) -> bool:
    try:
        await state.reachable()
    except RedisUnreachable:
        return False
    return True


async def test_a_redis_is_reachable_until_it_is_gone(tmp_path: Path) -> None:
    with running_redis(tmp_path) as url:
        state = PageState(url)
        async with asyncio.timeout(30):
            while not await answers(state):
                pass
    assert not await answers(state)


async def test_without_an_address_nothing_is_asked() -> None:
    await PageState("").reachable()


async def test_a_refusal_says_nothing_of_the_address() -> None:
    password = canary.secret("redis")
    with pytest.raises(RedisUnreachable) as refused:
        await PageState(f"redis://:{password}@127.0.0.1:{free_port()}/0").reachable()
    assert password not in f"{refused.value} {refused.value.message} {refused.value.internal}"
    assert refused.value.__cause__ is None


async def test_a_redis_that_takes_the_connection_and_says_nothing_is_not_waited_for() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(30):
            with pytest.raises(RedisUnreachable):
                await PageState(f"redis://127.0.0.1:{port}/0").reachable()


async def test_a_web_process_whose_redis_is_gone_is_not_ready(sqlite_url: str, tmp_path: Path) -> None:
    gone = f"redis://127.0.0.1:{free_port()}/0"
    application = assemble(Settings(instance_dir=tmp_path, database_url=sqlite_url, redis_url=gone))
    try:
        await application.keys.init_key("test")
        await application.check_start()
        with pytest.raises(RedisUnreachable):
            await application.ready()
    finally:
        await application.close()
