"""The simulated Dynamics, and the adapter as the product has it: real sockets, real client, real clock."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.sandbox.dynamics.app import create_app, demo_credentials
from integration_admin.sandbox.servers import running
from tests.adapters.dynamics.business_central.company import CentralSandbox
from tests.trust import TLS


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dynamics_url() -> AsyncIterator[str]:
    async with running(create_app()) as url:
        yield url


@pytest.fixture
async def sandbox(dynamics_url: str) -> AsyncIterator[CentralSandbox]:
    async with httpx2.AsyncClient(timeout=30, verify=TLS) as http:
        client = CentralSandbox(dynamics_url, demo_credentials(1), http)
        await client.change("reset")
        yield client


@pytest.fixture
def adapter(outbound: OutboundClient) -> BusinessCentralAdapter:
    return BusinessCentralAdapter(outbound, SystemClock())
