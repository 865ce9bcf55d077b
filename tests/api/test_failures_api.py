"""Failures by their cause, and dismissals, over /api/v1."""

import uuid
from typing import Any

import httpx2
import pytest

from integration_admin.core.statuses import DeliveryState, FailureState
from tests.api.conftest import Edge
from tests.builders import save_integration
from tests.services.waiting import save_undecided

WHY = "Paid out by hand."


@pytest.fixture
async def address(running: Edge) -> str:
    """An integration of Alice's with two records that were refused for one cause."""
    organisation = running.alice.organisation_id
    row = await save_integration(running.database, organisation, kind="xledger")
    refused = {"state": DeliveryState.REJECTED, "failure": FailureState.REFUSED}
    await save_undecided(running.database, organisation, row.id, "EC-1", "EC-2", **refused)
    return f"/api/v1/integrations/{row.id}"


async def the_cause(caller: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    health = (await caller.get(f"{address}/health")).json()
    (cause,) = health["causes"]
    assert health["more_causes"] is False
    assert len(health["trend"]) == 30
    found: dict[str, Any] = cause
    return found


async def test_health_tells_causes_and_their_records_come_in_pages(
    caller: httpx2.AsyncClient, address: str
) -> None:
    cause = await the_cause(caller, address)
    assert (cause["records"], cause["more"], cause["amounts"]) == (2, False, {"NOK": "824.00"})
    assert cause == (await caller.get(f"{address}/failures")).json()["causes"][0]
    page = (await caller.get(f"{address}/failures/{cause['cause']}")).json()
    assert [(one["id"], one["state"], one["dismissed"]) for one in page["records"]] == [
        ("EC-1", "rejected", None),
        ("EC-2", "rejected", None),
    ]
    assert (await caller.get(f"{address}/failures/refused-x")).status_code == 422
    assert (await caller.get(f"{address}/failures?show=person")).json()["causes"] == []


async def test_a_cursor_no_database_could_hold_is_the_callers_fault(
    caller: httpx2.AsyncClient, address: str
) -> None:
    cause = (await the_cause(caller, address))["cause"]
    for place in ("settled", cause):
        refused = await caller.get(f"{address}/failures/{place}", params={"cursor": 2**63})
        assert refused.status_code == 422


async def test_dismissing_asks_for_a_reason_and_is_told_and_taken_back(
    caller: httpx2.AsyncClient, address: str
) -> None:
    cause = (await the_cause(caller, address))["cause"]
    one = {"records": [{"kind": "expense_claim", "id": "EC-1"}]}
    for wrong in ({"cause": cause, "reason": ""}, {"reason": WHY}, {"reason": WHY, "cause": cause, **one}):
        assert (await caller.post(f"{address}/dismissals", json=wrong)).status_code == 422
    done = await caller.post(f"{address}/dismissals", json={"reason": WHY, **one})
    assert (done.status_code, done.json()) == (200, {"dismissed": 1})
    assert (await caller.post(f"{address}/dismissals", json={"reason": WHY, **one})).status_code == 409
    (settled,) = (await caller.get(f"{address}/failures/settled")).json()["records"]
    assert (settled["id"], settled["state"]) == ("EC-1", "dismissed")
    assert WHY in settled["dismissed"]
    tracked = (await caller.get("/api/v1/records/expense_claim/EC-1")).json()["deliveries"][0]
    assert (tracked["state"], WHY in tracked["reason"]) == ("dismissed", True)
    back = f"{address}/dismissals/expense_claim/EC-1"
    assert [(await caller.delete(back)).status_code for _ in range(2)] == [204, 409]
    rest = await caller.post(f"{address}/dismissals", json={"reason": WHY, "cause": cause})
    assert rest.json() == {"dismissed": 2}


async def test_a_cause_is_retried_once(caller: httpx2.AsyncClient, address: str) -> None:
    cause = (await the_cause(caller, address))["cause"]
    answer = await caller.post(f"{address}/failures/retry", json={"cause": cause})
    assert answer.status_code == 202
    assert uuid.UUID(answer.json()["run_id"])
    assert (await caller.post(f"{address}/failures/retry", json={"cause": cause})).status_code == 409
