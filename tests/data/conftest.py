"""Databases that hold two organisations with something of everything."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.data.worlds import Everything, Neighbours, World, everything_of, fill, open_database
from tests.postgresql import Server


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["sqlite", "postgresql"])
async def filled(request: pytest.FixtureRequest) -> tuple[str, World, World, Everything]:
    """The address of a closed database with two worlds, the worlds, and all rows of the second one."""
    url: str = request.getfixturevalue(f"new_{request.param}_url")()
    async with open_database(url) as database:
        ours, theirs = await fill(database, "Alice"), await fill(database, "Charlie")
        as_filled = await everything_of(database, theirs.id)
    return url, ours, theirs, as_filled


@pytest.fixture
async def neighbours(filled: tuple[str, World, World, Everything]) -> AsyncIterator[Neighbours]:
    """An open database with two worlds that tests share; only our world may change; once on each engine."""
    url, ours, theirs, as_filled = filled
    async with open_database(url) as database:
        yield Neighbours(database, ours, theirs, as_filled)


@pytest.fixture
async def own_neighbours(
    filled: tuple[str, World, World, Everything], copy_database: Callable[[str], str]
) -> AsyncIterator[Neighbours]:
    """An open database of this test's own with two worlds, once on each engine."""
    url, ours, theirs, as_filled = filled
    async with open_database(copy_database(url)) as database:
        yield Neighbours(database, ours, theirs, as_filled)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database that may be migrated down, once on each engine."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    server: Server = request.getfixturevalue("postgresql_server")
    return server.new_migrated()
