"""One sandbox of a kind without limits or faults for all tests, brought back to its start for each."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration_admin.sandbox.dynamics.app import create_app as create_dynamics
from integration_admin.sandbox.servers import SANDBOXES, running
from integration_admin.sandbox.xledger.app import create_app
from tests.fakes import FakeClock
from tests.ports import free_port
from tests.sandbox import dynamics as dynamics_client
from tests.sandbox.dynamics import DynamicsSandbox
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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_dynamics_url() -> AsyncIterator[str]:
    async with running(create_dynamics(limits=False, clock=FakeClock())) as url:
        yield url


@pytest.fixture
async def dynamics(shared_dynamics_url: str) -> AsyncIterator[DynamicsSandbox]:
    async with dynamics_client.client_of(shared_dynamics_url) as client:
        await client.change("reset")
        yield client


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ports() -> int:
    """The first of as many free ports in a row as there are sandboxes."""
    return free_port(in_a_row=len(SANDBOXES))
