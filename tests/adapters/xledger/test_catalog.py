"""The list of accounting systems."""

import pytest

from integration_admin.adapters.catalog import CATALOG, adapters, catalog
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from tests.adapters.xledger.fake_http import FakeHTTP
from tests.fakes import FakeClock


def test_two_adapters_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="xledger"):
        catalog(("xledger", XledgerAdapter), ("xledger", XledgerAdapter))


def test_every_adapter_is_listed_under_its_own_kind(http: FakeHTTP, clock: FakeClock) -> None:
    made = adapters(http, clock)
    assert set(made) == set(CATALOG)
    assert all(adapter.kind == kind for kind, adapter in made.items())
    assert isinstance(made["xledger"], XledgerAdapter)
