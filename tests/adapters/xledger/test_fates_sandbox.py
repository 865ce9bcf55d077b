"""Fates against the simulated Xledger, over real sockets: staged, then booked, or refused when it should be booked.

A green run here shows that the two agree, not that Xledger does.
"""

from collections.abc import AsyncIterator

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.core.clock import SystemClock
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FateState
from tests.adapters.xledger.fake_http import line, voucher
from tests.fakes import FakeClock
from tests.sandbox.xledger import XledgerSandbox, xledger_sandbox

HOUR = 3_600


@pytest.fixture
async def sandbox(clock: FakeClock) -> AsyncIterator[XledgerSandbox]:
    async with xledger_sandbox(clock=clock) as running:
        yield running


@pytest.fixture
async def real() -> AsyncIterator[XledgerAdapter]:
    async with OutboundClient(allow=("127.0.0.0/8",)) as outbound:
        yield XledgerAdapter(outbound, SystemClock(), Pace(10_000, 5.0))


def credentials(sandbox: XledgerSandbox) -> Credentials:
    settings = {"environment": "custom", "endpoint": f"{sandbox.url}/graphql"}
    return Credentials(settings, {"token": Secret(sandbox.tokens["full"])})


async def states(real: XledgerAdapter, sandbox: XledgerSandbox, *references: str) -> dict[str, FateState]:
    return {fate.reference: fate.state for fate in await real.fates(credentials(sandbox), references)}


async def test_a_voucher_waits_and_is_booked_when_xledger_gets_to_it(
    real: XledgerAdapter, sandbox: XledgerSandbox, clock: FakeClock
) -> None:
    await sandbox.change("behaviour", {"processing_delay": HOUR})
    outcomes = await real.send(credentials(sandbox), [voucher(1, subledger="V-118")])
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED]
    assert await states(real, sandbox, "IAREF1", "IAREF2") == {"IAREF1": FateState.STAGED}
    clock.advance(HOUR + 1)
    [fate] = await real.fates(credentials(sandbox), ["IAREF1"])
    assert fate.state is FateState.BOOKED
    assert fate.external_id not in {"", outcomes[0].external_id}


async def test_a_period_closed_in_the_meantime_refuses_what_was_taken_and_says_why(
    real: XledgerAdapter, sandbox: XledgerSandbox, clock: FakeClock
) -> None:
    await sandbox.change("behaviour", {"processing_delay": HOUR, "closed_period": "stage"})
    batch = [
        voucher(1, subledger="V-118"),
        voucher(2, line(), line("8.00"), subledger="V-118", posted_date="2026-10-31"),
    ]
    await real.send(credentials(sandbox), batch)
    await sandbox.change("periods/2026-10", {"open": False})
    assert set((await states(real, sandbox, "IAREF1", "IAREF2")).values()) == {FateState.STAGED}
    clock.advance(HOUR + 1)
    fates = {fate.reference: fate for fate in await real.fates(credentials(sandbox), ["IAREF1", "IAREF2"])}
    assert (fates["IAREF1"].state, fates["IAREF2"].state) == (FateState.BOOKED, FateState.REJECTED)
    assert fates["IAREF2"].message.translate("en") == (
        "Xledger took the voucher in, but will not book it. The period October 2026 is closed in Xledger."
        " Have it opened there, or send the claim with a later date."
    )
    assert [entry["reference"] for entry in await sandbox.ledger()] == ["IAREF1"]


async def test_an_account_closed_in_the_meantime_refuses_by_the_line_that_has_no_reference(
    real: XledgerAdapter, sandbox: XledgerSandbox, clock: FakeClock
) -> None:
    await sandbox.change("behaviour", {"processing_delay": HOUR})
    await real.send(credentials(sandbox), [voucher(1, subledger="V-118")])
    await sandbox.change("accounts/7140", {"open": False})
    clock.advance(HOUR + 1)
    [fate] = await real.fates(credentials(sandbox), ["IAREF1"])
    assert fate.state is FateState.REJECTED
    assert "Account 7140 is closed" in str(fate.message)


async def test_an_error_about_another_voucher_of_the_same_number_is_not_ours(
    real: XledgerAdapter, sandbox: XledgerSandbox, clock: FakeClock
) -> None:
    """Every integration numbers its vouchers from 1, and two may send to one entity."""
    await sandbox.change("behaviour", {"processing_delay": HOUR, "closed_period": "stage"})
    other = voucher(1, subledger="V-118", posted_date="2026-10-31")._replace(reference="IAOTHER")
    await real.send(credentials(sandbox), [other])
    await sandbox.change("periods/2026-10", {"open": False})
    clock.advance(HOUR + 1)
    await real.send(credentials(sandbox), [voucher(1, subledger="V-118")])
    assert await states(real, sandbox, "IAREF1") == {"IAREF1": FateState.STAGED}
    assert await states(real, sandbox, "IAOTHER") == {"IAOTHER": FateState.REJECTED}
