"""The simulated Finance & Operations, and the adapter as the product has it: real sockets, client and clock."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from tests.sandbox.finance_operations import FinanceSandbox, finance_sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def finance() -> AsyncIterator[FinanceSandbox]:
    async with finance_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(finance: FinanceSandbox) -> FinanceSandbox:
    finance.reset()
    return finance


@pytest.fixture
def adapter(outbound: OutboundClient) -> FinanceOperationsAdapter:
    return FinanceOperationsAdapter(outbound, SystemClock())
