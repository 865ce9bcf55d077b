"""What every adapter must promise about its times."""

import pytest

from integration_admin.adapters.base import Capabilities
from integration_admin.adapters.catalog import adapters
from integration_admin.adapters.outbound import OutboundClient
from tests.fakes import FakeClock


@pytest.mark.parametrize(("quiet", "send"), [(60.0, 60.0), (60.0, 120.0), (149.0, 120.0)])
def test_a_quiet_period_that_a_send_could_outlast_is_refused(quiet: float, send: float) -> None:
    with pytest.raises(ValueError, match="quiet_seconds"):
        Capabilities(batch_size=1, quiet_seconds=quiet, send_seconds=send)


async def test_every_adapter_rests_longer_than_it_sends(clock: FakeClock) -> None:
    client = OutboundClient()
    for adapter in adapters(client, clock).values():
        known = adapter.capabilities
        assert known.quiet_seconds >= known.send_seconds + 30
    await client.close()
