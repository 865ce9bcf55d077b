"""What each adapter tells of a voucher before anything is sent, and that it asks nobody for it."""

from typing import Any

import pytest

from integration_admin.adapters.judging import JudgesVouchers
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import Fault
from tests.adapters.systems import SYSTEMS, System

ADDRESS = "http://127.0.0.1:9"
JUDGING = [
    system for system in SYSTEMS if system.kind in {"xledger", "generic_rest", "dynamics_bc", "dynamics_fo"}
]


class NoNetwork:
    """An HTTP client nobody may use."""

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"the network was asked: {name}")


@pytest.mark.parametrize("system", JUDGING, ids=lambda system: system.kind)
def test_a_voucher_that_would_not_even_be_offered_is_refused_without_asking(system: System) -> None:
    adapter = system.make(NoNetwork(), SystemClock())  # type: ignore[arg-type]  # it is never called
    assert isinstance(adapter, JudgesVouchers)
    settings = system.settings(ADDRESS, system.describe(ADDRESS, 1))
    good = system.voucher(1)
    bad = good._replace(fields={**good.fields, "posted_date": "5.11.2026"})

    refused = adapter.refusal(bad, settings)

    assert adapter.refusal(good, settings) is None
    assert refused is not None
    assert (refused.field, refused.fault) == ("posted_date", Fault.CONFIG)
    assert "5.11.2026" in str(refused.message)
