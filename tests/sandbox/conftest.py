"""One sandbox without limits or faults for all tests, brought back to its start for each."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app
from tests.fakes import FakeClock
from tests.sandbox.xledger import XledgerSandbox, client_of


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_url() -> AsyncIterator[str]:
    async with running(create_app(limits=False, clock=FakeClock())) as url:
        yield url


@pytest.fixture
async def sandbox(shared_url: str) -> AsyncIterator[XledgerSandbox]:
    async with client_of(shared_url) as client:
        await client.change("reset")
        yield client


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
