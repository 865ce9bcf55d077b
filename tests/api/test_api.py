"""What all of /api shares: tokens, problems, the document; and health."""

import dataclasses
import re

import httpx2
import pytest
from structlog.testing import capture_logs

from integration_admin.core.errors import Conflict, DatabaseBusy
from integration_admin.core.secret import Secret
from integration_admin.services import container
from integration_admin.services.tokens import fingerprint
from tests.api.conftest import Edge

PATH = "/api/v1/records"


@pytest.mark.parametrize("path", ["/", "/settings"])
async def test_the_bare_address_leads_to_the_dashboard(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/integrations")


async def test_a_request_without_a_token_is_told_what_to_send(client: httpx2.AsyncClient) -> None:
    answer = await client.get(PATH, headers={"Accept-Language": "en"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["title"] == "Unauthorized"
    assert "Bearer" in answer.json()["detail"]


@pytest.mark.parametrize("header", ["Bearer ia_wrong", "Basic YTpi", "Bearer", "Bearer \xe6"])
async def test_a_wrong_token_is_refused(client: httpx2.AsyncClient, header: str) -> None:
    answer = await client.get(PATH, headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


async def test_a_session_cookie_is_no_api_token(client: httpx2.AsyncClient) -> None:
    assert (await client.get(PATH, headers={"Cookie": "session=x"})).status_code == 401


async def test_a_token_without_the_scope_is_refused(client: httpx2.AsyncClient, running: Edge) -> None:
    token = await running.services.tokens.create(running.alice, ["records:read"], "reader")
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    assert (await client.get(PATH, headers=headers)).status_code == 200
    assert (await client.post(PATH, json={}, headers=headers)).status_code == 403


async def test_a_problem_is_written_in_the_callers_language(caller: httpx2.AsyncClient) -> None:
    for asked, language in (("en-GB,nb;q=0.5", "en"), ("sv,no;q=0.9,en;q=0.1", "nb"), ("fi", "nb")):
        answer = await caller.get(f"{PATH}/expense_claim/none", headers={"Accept-Language": asked})
        assert answer.headers["content-language"] == language


async def test_a_wrong_parameter_is_named_without_its_value(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get(f"{PATH}/invoice/<script>")
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"kind"}
    assert "invoice" not in answer.text


async def test_an_address_that_does_not_exist_is_a_problem_too(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get("/api/v1/invoices")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_an_unexpected_error_says_and_logs_nothing_of_the_request(
    caller: httpx2.AsyncClient, running: Edge
) -> None:
    class Broken:
        async def page(self, *_: object) -> None:
            detail = "marked-secret"
            raise ZeroDivisionError(detail)

    container.install(dataclasses.replace(running.services, tracking=Broken()))  # type: ignore[arg-type]  # that is the point
    with capture_logs() as logs:
        answer = await caller.get(PATH, params={"cursor": "marked-secret"})
    assert answer.status_code == 500
    assert "marked-secret" not in answer.text
    assert [entry["error"] for entry in logs if entry["event"] == "api.failed"] == ["ZeroDivisionError"]
    assert "marked-secret" not in str(logs)


async def test_integrations_are_listed(caller: httpx2.AsyncClient) -> None:
    assert (await caller.get("/api/v1/integrations")).json() == {"integrations": []}


async def test_the_document_is_openapi_3_1_and_names_every_route(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/records",
        "/api/v1/records/search",
        "/api/v1/records/{kind}/{record_id}",
        "/api/v1/integrations",
        "/api/v1/integrations/{integration_id}/health",
        "/api/v1/integrations/{integration_id}/decisions",
        "/api/v1/integrations/{integration_id}/dismissals",
        "/api/v1/integrations/{integration_id}/dismissals/{kind}/{record_id}",
        "/api/v1/integrations/{integration_id}/dry-run",
        "/api/v1/integrations/{integration_id}/failures",
        "/api/v1/integrations/{integration_id}/failures/retry",
        "/api/v1/integrations/{integration_id}/failures/settled",
        "/api/v1/integrations/{integration_id}/failures/{cause}",
        "/api/v1/integrations/{integration_id}/reconciliations",
        "/api/v1/integrations/{integration_id}/reconciliations/{reconciliation_id}",
        "/api/v1/integrations/{integration_id}/reconciliations/{reconciliation_id}/lines",
        "/api/v1/integrations/{integration_id}/reconciliations/{reconciliation_id}/cancel",
        "/api/v1/integrations/{integration_id}/runs",
        "/api/v1/runs/{run_id}",
        "/api/v1/runs/{run_id}/records",
        "/api/v1/runs/{run_id}/cancel",
        "/api/v1/runs/{run_id}/retry",
    }


async def test_the_document_has_every_answer_a_caller_has_to_be_ready_for(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    described = [operation["responses"] for path in paths.values() for operation in path.values()]
    for status in (401, 403, 404, Conflict.status, 413, 415, 422, 429, DatabaseBusy.status):
        assert all(str(status) in responses for responses in described), status


async def test_every_reference_in_the_document_leads_somewhere(client: httpx2.AsyncClient) -> None:
    text = (await client.get("/api/openapi.json")).text
    known = set((await client.get("/api/openapi.json")).json()["components"]["schemas"])
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= known
    assert {"ExpenseClaim", "Problem"} <= named


async def test_the_documentation_loads_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/api/docs")).text
    assert "POST /api/v1/records" in page
    assert "<script" not in page
    assert re.findall(r"(?:src|href)='(?![/#])", page) == []


async def test_health_is_told_to_anybody(client: httpx2.AsyncClient, running: Edge) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 200
    running.problems.append("the database is gone")
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    assert (await client.get("/healthz")).status_code == 200


async def test_head_is_answered_like_get_without_its_body(
    caller: httpx2.AsyncClient, client: httpx2.AsyncClient, running: Edge
) -> None:
    for path in (PATH, "/api/v1/integrations", "/healthz", "/api/v1/nothing"):
        got, looked = await caller.get(path), await caller.head(path)
        assert (looked.status_code, looked.content) == (got.status_code, b"")
        assert looked.headers["content-length"] == got.headers["content-length"]
    assert (await client.head(PATH)).status_code == 401
    running.problems.append("the database is gone")
    assert (await client.head("/readyz")).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", PATH, "GET, HEAD, POST"),
        ("PUT", f"{PATH}/expense_claim/EC-1", "GET, HEAD"),
        ("GET", "/auth/sign-in", "POST"),
    ],
)
async def test_a_method_an_address_does_not_answer_is_told_which_ones_it_does(
    caller: httpx2.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await caller.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["detail"] == f"This address answers {allowed} only."
    assert (await caller.request(method, "/api/v1/nothing")).status_code == 404


async def test_every_response_tells_browsers_to_be_strict(client: httpx2.AsyncClient) -> None:
    headers = (await client.get("/api/docs")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


async def test_a_revoked_token_is_refused_at_once(caller: httpx2.AsyncClient, running: Edge) -> None:
    token = await running.services.tokens.create(running.alice, ["records:read"], "short-lived")
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    assert (await caller.get(PATH, headers=headers)).status_code == 200
    await revoke(running, token)
    assert (await caller.get(PATH, headers=headers)).status_code == 401


async def revoke(running: Edge, token: Secret) -> None:
    async with running.database.system(writes=True) as system:
        row = await system.token_by_hash(fingerprint(token))
        assert row is not None
        row.revoked_at = row.created_at
