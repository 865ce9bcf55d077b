"""Searching for records, one record's story and a run's records over HTTP; files only for who is signed in."""

import csv
import io
import uuid

import httpx2
import pytest

from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.repositories.deliveries import Intent, Settlement
from tests.api.conftest import Edge
from tests.api.test_auth import sign_in
from tests.builders import make_claim, save_integration, save_organisation, save_records, save_run
from tests.data.taken_up import take_up
from tests.data.worlds import make_failure
from tests.fakes import START


@pytest.fixture
async def run(running: Edge) -> str:
    """A run of Alice's that delivered EC-2026-1042 and could not deliver =EC-1."""
    organisation = running.alice.organisation_id
    integration = await save_integration(running.database, organisation, kind="xledger", name="Main")
    ended = await save_run(
        running.database, organisation, integration.id, state=RunState.PARTLY_FAILED, finished_at=START
    )
    records = await save_records(
        running.database, organisation, make_claim(id="EC-2026-1042"), make_claim(id="=EC-1")
    )
    async with running.database.write(organisation) as unit:
        await take_up(unit, integration.id, records)
        (first,) = await unit.deliveries.of_record(records[0].id)
        await unit.deliveries.begin_sending([Intent(first.id, first.state, 0, 1, "h")], ended.id, START)
        delivered = Settlement(first.id, DeliveryState.SENDING, 1, DeliveryState.DELIVERED, "120043")
        await unit.deliveries.settle([delivered], START)
        await unit.runs.add_failures([make_failure(integration.id, ended.id, records[1].id)])
    return str(ended.id)


async def test_a_claim_is_found_by_its_number_and_tells_its_story(
    caller: httpx2.AsyncClient, run: str
) -> None:
    found = (await caller.get("/api/v1/records/search", params={"text": "1042"})).json()
    assert [(item["id"], item["claimant"]) for item in found["records"]] == [
        ("EC-2026-1042", "Kari Nordmann")
    ]
    assert found["next_cursor"] is None
    assert found["records"][0]["deliveries"][0]["external_id"] == "120043"
    rejected = {"state": "rejected"}
    assert (await caller.get("/api/v1/records/search", params=rejected)).json()["records"] == []
    damaged = await caller.get("/api/v1/records/search", params={"text": "1", "cursor": "x"})
    assert (damaged.status_code, list(damaged.json()["errors"])) == (422, ["cursor"])
    story = (await caller.get("/api/v1/records/expense_claim/EC-2026-1042")).json()["story"]
    assert [event["what"] for event in story] == ["received", "sent", "delivered"]
    assert story[-1]["sentence"] == "Main has it, as 120043."
    assert story[-1]["run_id"] == run


async def test_the_records_of_a_run_come_in_pages(caller: httpx2.AsyncClient, run: str) -> None:
    page = (await caller.get(f"/api/v1/runs/{run}/records")).json()
    assert [(line["id"], line["exported"], line["reason"]) for line in page["records"]] == [
        ("=EC-1", False, "The account is closed."),
        ("EC-2026-1042", True, None),
    ]
    assert page["next_cursor"] is None
    assert (await caller.get(f"/api/v1/runs/{uuid.uuid4()}/records")).status_code == 404
    assert (await caller.get(f"/api/v1/runs/{run}/records", params={"cursor": "x"})).status_code == 422


async def test_a_run_is_downloaded_only_by_its_organisations_people(
    client: httpx2.AsyncClient, running: Edge, run: str
) -> None:
    for form in ("csv", "json"):
        assert (await client.get(f"/download/runs/{run}.{form}")).status_code == 401
    await sign_in(client)
    answer = await client.get(f"/download/runs/{run}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="export-2026-')
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "text/csv; charset=utf-8",
        "no-store",
    )
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert [row[1] for row in rows[1:]] == ["'=EC-1", "EC-2026-1042"]
    whole = (await client.get(f"/download/runs/{run}.json")).json()
    assert [line["id"] for line in whole["records"]] == ["=EC-1", "EC-2026-1042"]
    others = await save_organisation(running.database)
    theirs = await save_integration(running.database, others.id)
    strange = await save_run(running.database, others.id, theirs.id)
    assert (await client.get(f"/download/runs/{strange.id}.csv")).status_code == 404
    assert (await client.get(f"/download/runs/{run}.exe")).status_code == 422


async def test_a_run_under_way_tells_how_far_it_has_come(
    caller: httpx2.AsyncClient, running: Edge, run: str
) -> None:
    assert (await caller.get(f"/api/v1/runs/{run}")).json()["progress"] is None
    integration = (await caller.get(f"/api/v1/runs/{run}")).json()["integration_id"]
    started = await running.services.runs.start(running.alice, uuid.UUID(integration))
    await save_records(running.database, running.alice.organisation_id, make_claim(), make_claim())
    progress = (await caller.get(f"/api/v1/runs/{started.id}")).json()["progress"]
    assert progress == {
        "done": 0,
        "total": 3,
        "at_most": False,
        "per_minute": None,
        "seconds_left": None,
        "sentence": "The export waits to begin.",
    }
