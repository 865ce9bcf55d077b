"""What the accounting system does wrong by itself is not ours to mend, but a person must hear of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.claims import claim
from faults.campaign import calm, fresh
from faults.named_steps import dies
from faults.processes import workers
from faults.steps import KillAt
from faults.systems import xledger
from integration_admin.core.statuses import DeliveryState

RECORDS = 10


async def test_a_voucher_booked_twice_over_there_is_shown_to_a_person(
    found: dict[str, Any], tmp_path: Path
) -> None:
    system = xledger(found["xledger"], batch_size=RECORDS)
    ledger = calm(system)
    async with fresh(system, tmp_path) as installation:
        await installation.receive([claim(number, 2) for number in range(1, RECORDS + 1)])
        await installation.press_synchronise()
        ledger.set_faults("duplicate=1")
        with workers() as pool:
            assert await dies(installation, pool, replace(installation.plan, kill_at=KillAt("after_send")))
            ledger.set_faults("")
            pool.start(installation.plan)
            await installation.until_in({DeliveryState.NEEDS_PERSON: RECORDS})
        page = await installation.application.services.decisions.waiting(
            installation.actor, installation.integration_id
        )
        assert {view.may_send_again for view in page.decisions} == {False}
        assert all("2 times" in str(view.message) for view in page.decisions)
    assert len(ledger.entries()) == 2 * RECORDS
