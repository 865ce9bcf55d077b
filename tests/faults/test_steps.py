"""The laboratory's own steps are reached whatever becomes of what they stand beside."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from faults.events import EventLog, EventReader
from faults.steps import KillAt, Steps, WatchedAdapter
from integration_admin.adapters.base import Credentials, Outcome, Voucher
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg


class FakeAdapter:
    """Never hears back in time."""

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Fail as a send does whose answer is late."""
        del credentials, batch
        raise AdapterError(msg("Too late."), Fault.UNKNOWN_OUTCOME)


async def test_a_send_whose_answer_is_late_has_been_sent_all_the_same(tmp_path: Path) -> None:
    adapter: Any = FakeAdapter()
    steps = Steps(EventLog(tmp_path / "events"), KillAt("after_send", by=signal.SIGCONT))
    with pytest.raises(AdapterError):
        await WatchedAdapter(adapter, steps).send(Credentials({}, {}), [])
    names = [event.name for event in EventReader(tmp_path / "events").new()]
    assert names == ["sent", "SIGCONT after_send"]
