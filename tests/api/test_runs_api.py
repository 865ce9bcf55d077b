"""Integrations and their runs over /api/v1."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, RunState
from tests.api.conftest import Edge
from tests.builders import make_reimbursement, make_run, save_integration, save_records
from tests.fakes import START
from tests.services.waiting import save_undecided


@pytest.fixture
async def integration(running: Edge) -> str:
    """An active integration of Alice's."""
    row = await save_integration(running.database, running.alice.organisation_id, kind="xledger", name="Main")
    return str(row.id)


async def start(caller: httpx2.AsyncClient, integration: str, key: str = "") -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await caller.post(f"/api/v1/integrations/{integration}/runs", headers=headers)


async def test_integrations_are_listed(caller: httpx2.AsyncClient, integration: str) -> None:
    listed: list[dict[str, Any]] = (await caller.get("/api/v1/integrations")).json()["integrations"]
    assert [(item["id"], item["type"], item["name"], item["state"]) for item in listed] == [
        (integration, "xledger", "Main", "active")
    ]


async def test_health_is_told_in_a_sentence(caller: httpx2.AsyncClient, integration: str) -> None:
    health = (await caller.get(f"/api/v1/integrations/{integration}/health")).json()
    assert (health["status"], health["failures"]) == ("active", [])
    assert health["sentence"] == "Ready. The first export has not run yet."
    assert (health["staged"], health["booked"], health["rejected_after_import"]) == (None, None, None)
    assert (health["requests_sent"], health["requests_included"]) == (None, None)


async def test_health_tells_what_waits_to_be_booked_and_the_requests_of_the_month(
    caller: httpx2.AsyncClient, running: Edge, integration: str
) -> None:
    adapter = running.services.health._adapters.get("xledger")
    adapter.capabilities = replace(adapter.capabilities, follows_up=True, requests_a_month=5_000)
    async with running.database.write(running.alice.organisation_id) as unit:
        await unit.integrations.count_requests(uuid.UUID(integration), "2026-11", 1_234)
    health = (await caller.get(f"/api/v1/integrations/{integration}/health")).json()
    assert (health["staged"], health["booked"], health["rejected_after_import"]) == (0, 0, 0)
    assert (health["requests_sent"], health["requests_included"]) == (1_234, 5_000)


async def test_health_tells_what_rests_and_what_waits_for_a_person(
    caller: httpx2.AsyncClient, running: Edge, integration: str
) -> None:
    organisation, until = running.alice.organisation_id, START + timedelta(minutes=5)
    await save_undecided(running.database, organisation, uuid.UUID(integration), "EC-1")
    async with running.database.write(organisation) as unit:
        await unit.integrations.note(
            uuid.UUID(integration),
            transport_failures=5,
            open_until=until,
            open_message=msg("No answer.").to_json(),
            retries_spent=3,
            retries_since=START,
        )
    health = (await caller.get(f"/api/v1/integrations/{integration}/health")).json()
    assert (health["status"], health["undecided"], health["retries_spent"]) == ("error", 1, 3)
    assert datetime.fromisoformat(health["resting_until"]) == until
    assert (health["resting_reason"], health["missed_since"]) == ("No answer.", None)
    assert [(failure["id"], failure["state"]) for failure in health["failures"]] == [("EC-1", "needs_person")]


async def test_health_tells_why_reimbursements_stay_where_they_are(
    caller: httpx2.AsyncClient, running: Edge, integration: str
) -> None:
    address = f"/api/v1/integrations/{integration}/health"
    assert (await caller.get(address)).json()["left_out"] is None, "none has come in"
    await save_records(running.database, running.alice.organisation_id, make_reimbursement())
    health = (await caller.get(address)).json()
    assert health["left_out"].startswith("Reimbursements are not exported")
    assert health["waiting"] == 0


async def test_runs_are_listed_newest_first_in_pages(
    caller: httpx2.AsyncClient, running: Edge, integration: str
) -> None:
    async with running.database.write(running.alice.organisation_id) as unit:
        for minute in range(26):
            at = START + timedelta(minutes=minute)
            ended = {"state": RunState.SUCCEEDED, "started_at": at, "finished_at": at + timedelta(seconds=9)}
            await unit.runs.add(make_run(uuid.UUID(integration), requested_at=at, resumed=1, **ended))
    address = f"/api/v1/integrations/{integration}/runs"
    first = (await caller.get(address)).json()
    rest = (await caller.get(address, params={"cursor": first["next_cursor"]})).json()
    assert (len(first["runs"]), len(rest["runs"]), rest["next_cursor"]) == (25, 1, None)
    times = [run["requested_at"] for run in first["runs"] + rest["runs"]]
    assert times == sorted(times, reverse=True)
    assert (first["runs"][0]["duration_seconds"], first["runs"][0]["resumed"]) == (9.0, 1)
    assert (await caller.get(address, params={"cursor": "nonsense"})).status_code == 422


async def test_a_run_is_queued_and_found_again(caller: httpx2.AsyncClient, integration: str) -> None:
    answer = await start(caller, integration)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.json()["started_by"] == "script"
    found = (await caller.get(f"/api/v1/runs/{answer.json()['id']}")).json()
    assert found.pop("progress")["sentence"] == "The export waits to begin."
    assert found | {"progress": None} == answer.json()


async def test_the_same_idempotency_key_gives_the_same_run(
    caller: httpx2.AsyncClient, integration: str
) -> None:
    first, second = await start(caller, integration, "night"), await start(caller, integration, "night")
    assert first.json()["id"] == second.json()["id"]


async def test_a_second_run_is_a_conflict(caller: httpx2.AsyncClient, integration: str) -> None:
    await start(caller, integration)
    assert (await start(caller, integration)).status_code == 409


async def test_a_queued_run_is_cancelled(caller: httpx2.AsyncClient, integration: str) -> None:
    run = (await start(caller, integration)).json()
    answer = await caller.post(f"/api/v1/runs/{run['id']}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["message"] == "Cancelled before it began."


async def test_a_run_under_way_is_asked_to_stop(
    caller: httpx2.AsyncClient, running: Edge, integration: str
) -> None:
    run = make_run(uuid.UUID(integration), state=RunState.RUNNING)
    async with running.database.write(running.alice.organisation_id) as unit:
        await unit.runs.add(run)
    answer = await caller.post(f"/api/v1/runs/{run.id}/cancel")
    assert (answer.json()["state"], answer.json()["stopping"]) == ("running", True)


async def test_retrying_when_nothing_failed_is_a_conflict(
    caller: httpx2.AsyncClient, integration: str
) -> None:
    run = (await start(caller, integration)).json()
    await caller.post(f"/api/v1/runs/{run['id']}/cancel")
    assert (await caller.post(f"/api/v1/runs/{run['id']}/retry")).status_code == 409


async def test_a_paused_integration_does_not_run(caller: httpx2.AsyncClient, running: Edge) -> None:
    paused = await save_integration(
        running.database, running.alice.organisation_id, kind="xledger", state=IntegrationState.PAUSED
    )
    assert (await start(caller, str(paused.id))).status_code == 409


async def test_what_is_not_there_is_missing(caller: httpx2.AsyncClient) -> None:
    nowhere = uuid.uuid4()
    assert (await start(caller, str(nowhere))).status_code == 404
    assert (await caller.get(f"/api/v1/runs/{nowhere}")).status_code == 404
    assert (await caller.get(f"/api/v1/integrations/{nowhere}/health")).status_code == 404
