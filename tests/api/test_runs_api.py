"""Integrations and their runs over /api/v1."""

import uuid
from typing import Any

import httpx2
import pytest

from integration_admin.core.statuses import IntegrationState
from tests.api.conftest import Edge
from tests.builders import save_integration


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


async def test_a_run_is_queued_and_found_again(caller: httpx2.AsyncClient, integration: str) -> None:
    answer = await start(caller, integration)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.json()["started_by"] == "script"
    assert (await caller.get(f"/api/v1/runs/{answer.json()['id']}")).json() == answer.json()


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
