"""A dry run over /api/v1, and this evening's check in the health of an integration."""

import uuid
from datetime import timedelta

import httpx2
import pytest

from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, ScheduleKind
from integration_admin.data.models import Schedule
from integration_admin.services.preflight_report import Forecast
from tests.api.conftest import Edge
from tests.builders import make_claim, make_line, save_integration, save_records
from tests.fakes import START

MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel.public_transport": "7140"}),
    "credit_account": FieldMapping(constant="2910"),
}
HOTEL = make_claim(id="EC-2", lines=[make_line(category="hotel")])


@pytest.fixture
async def integration(running: Edge) -> uuid.UUID:
    """A paused integration of Alice's with two claims before it, one of them in a category without an account."""
    organisation = running.alice.organisation_id
    row = await save_integration(
        running.database, organisation, kind="xledger", state=IntegrationState.PAUSED
    )
    async with running.database.write(organisation) as unit:
        await unit.mappings.replace(row.id, MAPPING)
    await save_records(running.database, organisation, make_claim(id="EC-1"), HOTEL)
    return row.id


async def test_a_dry_run_tells_what_the_command_tells_and_sends_nothing(
    caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID
) -> None:
    answer = await caller.post(f"/api/v1/integrations/{integration}/dry-run")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    first, second = told["records"]
    assert (first["kind"], first["id"], first["amount"], first["currency"], first["would"]) == (
        "expense_claim", "EC-1", "412.00", "NOK", "send",
    )  # fmt: skip
    assert first["payload"]["lines"] == [{"account": "7140"}]
    assert (second["would"], second["reasons"]) == ("fail", ["Category “Hotel” has no account yet."])
    assert (told["counts"], told["amounts"]) == ({"send": 1, "fail": 1, "stay": 0}, {"NOK": "412.00"})
    assert "paused" in told["obstacle"].lower()
    async with running.database.read(running.alice.organisation_id) as unit:
        assert await unit.deliveries.counts(integration) == {}


async def test_a_dry_run_of_nothing_is_an_empty_list_and_of_a_stranger_a_problem(
    caller: httpx2.AsyncClient, running: Edge
) -> None:
    row = await save_integration(running.database, running.alice.organisation_id, kind="xledger")
    told = (await caller.post(f"/api/v1/integrations/{row.id}/dry-run")).json()
    assert (told["records"], told["obstacle"]) == ([], None)
    missing = await caller.post(f"/api/v1/integrations/{uuid.uuid4()}/dry-run")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_a_token_that_may_only_read_may_not_try(
    client: httpx2.AsyncClient, running: Edge, integration: uuid.UUID
) -> None:
    token = await running.services.tokens.create(running.alice, ["integrations:read"], "reader")
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    answer = await client.post(f"/api/v1/integrations/{integration}/dry-run", headers=headers)
    assert answer.status_code == 403


async def test_health_tells_what_would_fail_at_the_next_run(
    caller: httpx2.AsyncClient, running: Edge
) -> None:
    organisation, due_at = running.alice.organisation_id, START + timedelta(hours=13)
    row = await save_integration(running.database, organisation, kind="xledger")
    found = Forecast(would_go=2, would_fail=3).columns()
    reason = {"message": msg("It is closed.").to_json(), "field": "account", "records": 3}
    found["reasons"] = {"groups": [reason | {"kind": "expense_claim", "record_id": "EC-9"}], "more": 0}
    async with running.database.write(organisation) as unit:
        schedule = Schedule(
            integration_id=row.id, kind=ScheduleKind.DAILY, time_zone="Europe/Oslo", checked_until=START
        )
        await unit.schedules.put(schedule)
        await unit.preflights.claim(
            row.id, "2026-11-21", due_at=due_at, version=row.version, now=START, given_up_before=START
        )
        assert await unit.preflights.finish(row.id, START, START, **found)
    health = (await caller.get(f"/api/v1/integrations/{row.id}/health")).json()
    assert health["status"] == "needs_attention"
    preflight = health["preflight"]
    assert health["sentence"] == preflight["sentence"]
    assert preflight["sentence"].startswith("Records that would fail at 02:00: 3.")
    assert (preflight["would_be_sent"], preflight["would_fail"], preflight["not_checked"]) == (2, 3, None)
    assert preflight["reasons"] == [
        {
            "message": "It is closed.",
            "field": "account",
            "records": 3,
            "kind": "expense_claim",
            "id": "EC-9",
        }
    ]
