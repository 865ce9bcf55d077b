"""An installation on each database, and an accounting system for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scale_out.installation import Installation, Xledger, installed, running_xledger


@pytest.fixture
async def xledger() -> AsyncIterator[Xledger]:
    async with running_xledger() as started:
        yield started


@pytest.fixture
async def installation(database_url: str, tmp_path: Path, xledger: Xledger) -> AsyncIterator[Installation]:
    """Once on SQLite, once on PostgreSQL."""
    async with installed(database_url, tmp_path, xledger) as made:
        yield made


@pytest.fixture
async def shared_installation(
    postgresql_url: str, tmp_path: Path, xledger: Xledger
) -> AsyncIterator[Installation]:
    """On PostgreSQL, where several machines may work."""
    async with installed(postgresql_url, tmp_path, xledger) as made:
        yield made
