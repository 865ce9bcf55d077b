"""The simulated REST ledger, and the adapter as the product has it: real sockets, real client, real clock."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.sandbox.rest.app import create_app
from integration_admin.sandbox.servers import running
from tests.sandbox.rest import RESTSandbox, client_of


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rest_url() -> AsyncIterator[str]:
    async with running(create_app()) as url:
        yield url


@pytest.fixture
async def sandbox(rest_url: str) -> AsyncIterator[RESTSandbox]:
    async with client_of(rest_url) as client:
        await client.change("reset")
        yield client


@pytest.fixture
def adapter(outbound: OutboundClient) -> GenericRESTAdapter:
    return GenericRESTAdapter(outbound, SystemClock())
