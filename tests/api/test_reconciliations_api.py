"""Comparing months over HTTP: starting, reading and downloading; files only for the organisation's own people."""

import hashlib
import uuid
from typing import Any

import httpx2
import pytest

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.deliveries import Intent, Settlement
from tests.api.conftest import Edge
from tests.api.test_auth import sign_in
from tests.builders import make_claim, save_integration, save_organisation, save_records, save_run
from tests.data.taken_up import take_up
from tests.fakes import START
from tests.services.tells_holdings import TellsHoldings


@pytest.fixture
async def integration(running: Edge) -> uuid.UUID:
    """An integration of Alice's that has delivered a claim its accounting system does not hold."""
    organisation = running.alice.organisation_id
    saved = await save_integration(running.database, organisation, kind="xledger", settings={})
    run = await save_run(running.database, organisation, saved.id, finished_at=START)
    (record,) = await save_records(running.database, organisation, make_claim(id="EC-1"))
    async with running.database.write(organisation) as unit:
        await take_up(unit, saved.id, [record])
        (row,) = await unit.deliveries.of_record(record.id)
        await unit.deliveries.begin_sending([Intent(row.id, row.state, 0, 1, "h")], run.id, START)
        done = Settlement(row.id, DeliveryState.SENDING, 1, DeliveryState.DELIVERED, "120043")
        await unit.deliveries.settle([done], START)
    far = TellsHoldings()
    running.services.reconciliations._work._adapters._adapters["xledger"] = far
    return saved.id


async def compared(caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID) -> dict[str, Any]:
    """Start a comparison by the API, carry it out and return what the API tells of it."""
    running.services.reconciliations._clock.advance(1)  # type: ignore[attr-defined]  # a FakeClock
    address = f"/api/v1/integrations/{integration}/reconciliations"
    started = await caller.post(address, json={"period": "2026-11"})
    assert started.status_code == 202, started.text
    assert (await caller.post(address)).status_code == 409
    found = uuid.UUID(started.json()["id"])
    await running.services.reconciliations.finished(running.alice, found)
    body: dict[str, Any] = (await caller.get(f"{address}/{found}")).json()
    return body


async def test_a_month_is_compared_and_told_of_in_the_same_sentence(
    caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID
) -> None:
    address = f"/api/v1/integrations/{integration}/reconciliations"
    assert (await caller.get(address)).json()["periods"][0]["newest"] is None
    body = await compared(caller, running, integration)
    assert (body["state"], body["differences"]) == ("differs", 1)
    view = await running.services.reconciliations.get(running.alice, uuid.UUID(body["id"]))
    assert body["sentence"] == view.sentence.translate("en")
    assert body["here"] == [{"currency": "NOK", "count": 1, "sum": "412.00"}]
    assert body["there"] == []
    lines = (await caller.get(f"{address}/{body['id']}/lines")).json()
    assert [(line["id"], line["finding"], line["sums_there"]) for line in lines["lines"]] == [
        ("EC-1", "missing", {})
    ]
    assert (await caller.get(address)).json()["periods"][0]["newest"]["id"] == body["id"]
    assert (await caller.post(address, json={"period": "soon"})).status_code == 422
    elsewhere = f"/api/v1/integrations/{uuid.uuid4()}/reconciliations"
    assert (await caller.get(elsewhere)).status_code == 404
    assert (await caller.get(f"{elsewhere}/{body['id']}")).status_code == 404


async def test_files_are_downloaded_only_by_the_organisations_people(
    client: httpx2.AsyncClient, caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID
) -> None:
    body = await compared(caller, running, integration)
    for form in ("csv", "pdf"):
        assert (await client.get(f"/download/reconciliations/{body['id']}.{form}")).status_code == 401
    await sign_in(client)
    file = await client.get(f"/download/reconciliations/{body['id']}.csv")
    assert hashlib.sha256(file.content).hexdigest() == body["sha256"]
    assert file.headers["content-disposition"] == 'attachment; filename="reconciliation-2026-11-1.csv"'
    statement = await client.get(f"/download/reconciliations/{body['id']}.pdf")
    assert statement.headers["content-type"] == "application/pdf"
    assert statement.content.startswith(b"%PDF-")
    theirs = await save_organisation(running.database)
    other = await save_integration(running.database, theirs.id)
    async with running.database.write(theirs.id) as unit:
        row = await unit.reconciliations.add(other.id, "2026-11", "Mallory", START)
    assert (await client.get(f"/download/reconciliations/{row.id}.csv")).status_code == 404
