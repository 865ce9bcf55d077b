"""What waits for a person, over /api/v1."""

import uuid

import httpx2
import pytest

from integration_admin.core.errors import Fault
from tests.api.conftest import Edge
from tests.builders import save_integration
from tests.services.waiting import DOUBLED, save_undecided
from tests.trust import TLS

SENT_AGAIN = {"kind": "expense_claim", "id": "EC-1", "decision": "send_again"}
FOUND = {"kind": "expense_claim", "id": "EC-1", "decision": "found", "voucher_number": "2026-4711"}


@pytest.fixture
async def integration(running: Edge) -> uuid.UUID:
    """An active integration of Alice's."""
    row = await save_integration(running.database, running.alice.organisation_id, kind="xledger")
    return row.id


@pytest.fixture
def address(integration: uuid.UUID) -> str:
    """Where its decisions are."""
    return f"/api/v1/integrations/{integration}/decisions"


async def test_what_waits_is_listed_with_what_to_search_for(
    caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID, address: str
) -> None:
    organisation = running.alice.organisation_id
    await save_undecided(running.database, organisation, integration, "EC-1", reference="IAREFERENCE")
    await save_undecided(
        running.database, organisation, integration, "EC-2", fault=Fault.UPSTREAM, message=DOUBLED
    )
    listed = (await caller.get(address)).json()
    assert listed["next_cursor"] is None
    first, second = listed["decisions"]
    assert (first["kind"], first["id"], first["reference"]) == ("expense_claim", "EC-1", "IAREFERENCE")
    assert (first["currency"], first["amount"]) == ("NOK", "412.00")
    assert "cannot be asked" in first["message"]
    assert (first["may_send_again"], second["may_send_again"]) == (True, False)


async def test_what_waits_comes_in_pages(
    caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID, address: str
) -> None:
    ids = [f"EC-{number:02}" for number in range(51)]
    await save_undecided(running.database, running.alice.organisation_id, integration, *ids)
    first = (await caller.get(address)).json()
    rest = (await caller.get(address, params={"cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["decisions"] + rest["decisions"]] == ids
    assert rest["next_cursor"] is None


async def test_a_cursor_no_database_could_hold_is_the_callers_fault(
    caller: httpx2.AsyncClient, address: str
) -> None:
    assert (await caller.get(address, params={"cursor": 2**63})).status_code == 422


@pytest.mark.parametrize(("body", "state"), [(FOUND, "delivered"), (SENT_AGAIN, "ready")])
async def test_a_record_is_decided_once(
    caller: httpx2.AsyncClient,
    running: Edge,
    integration: uuid.UUID,
    address: str,
    body: dict[str, str],
    state: str,
) -> None:
    await save_undecided(running.database, running.alice.organisation_id, integration, "EC-1")
    answer = await caller.post(address, json=body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"kind": "expense_claim", "id": "EC-1", "state": state},
    )
    again = await caller.post(address, json=body)
    assert again.status_code == 409
    assert "decided this already" in again.json()["detail"]
    tracked = (await caller.get("/api/v1/records/expense_claim/EC-1")).json()["deliveries"][0]
    assert (tracked["state"], tracked["external_id"]) == (state, body.get("voucher_number"))


async def test_what_is_booked_twice_cannot_be_sent_again(
    caller: httpx2.AsyncClient, running: Edge, integration: uuid.UUID, address: str
) -> None:
    organisation = running.alice.organisation_id
    await save_undecided(
        running.database, organisation, integration, "EC-1", fault=Fault.UPSTREAM, message=DOUBLED
    )
    assert (await caller.post(address, json=SENT_AGAIN)).status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (FOUND | {"voucher_number": " "}, "voucher_number"),
        (FOUND | {"decision": "forget"}, "decision"),
        ({"decision": "found"}, "kind"),
    ],
)
async def test_a_decision_that_cannot_be_read_is_refused_by_field(
    caller: httpx2.AsyncClient,
    running: Edge,
    integration: uuid.UUID,
    address: str,
    body: dict[str, str],
    field: str,
) -> None:
    await save_undecided(running.database, running.alice.organisation_id, integration, "EC-1")
    answer = await caller.post(address, json=body)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_a_token_that_may_only_read_decides_nothing(
    running: Edge, integration: uuid.UUID, address: str
) -> None:
    await save_undecided(running.database, running.alice.organisation_id, integration, "EC-1")
    token = await running.services.tokens.create(running.alice, ["integrations:read"], "reader")
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    async with httpx2.AsyncClient(verify=TLS, timeout=30, base_url=running.url, headers=headers) as reader:
        assert (await reader.get(address)).status_code == 200
        assert (await reader.post(address, json=FOUND)).status_code == 403


async def test_what_is_not_there_is_missing(caller: httpx2.AsyncClient, address: str) -> None:
    nowhere = f"/api/v1/integrations/{uuid.uuid4()}/decisions"
    assert (await caller.get(nowhere)).status_code == 404
    assert (await caller.post(nowhere, json=FOUND)).status_code == 404
    assert (await caller.post(address, json=FOUND)).status_code == 404


async def test_the_document_describes_both(caller: httpx2.AsyncClient) -> None:
    paths = (await caller.get("/api/openapi.json")).json()["paths"]
    described = paths["/api/v1/integrations/{integration_id}/decisions"]
    assert {method: operation["tags"] for method, operation in described.items()} == {
        "get": ["Decisions"],
        "post": ["Decisions"],
    }
