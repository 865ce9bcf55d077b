"""Fixtures of the Xledger tests: the adapter over an HTTP client that answers as told."""

import pytest

from integration_admin.adapters.xledger.adapter import XledgerAdapter
from tests.adapters.xledger.fake_http import FakeHTTP
from tests.fakes import FakeClock


@pytest.fixture
def http(clock: FakeClock) -> FakeHTTP:
    """What the adapter calls out through."""
    return FakeHTTP(clock)


@pytest.fixture
def adapter(http: FakeHTTP, clock: FakeClock) -> XledgerAdapter:
    """The adapter, with a clock that moves when it waits and half a second of jitter."""
    return XledgerAdapter(http, clock, jitter=lambda: 0.5)
