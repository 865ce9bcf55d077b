"""Signing in to the simulated Entra ID: whom it gives tokens, what it says to the others, and how tokens end."""

import base64
import json
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.sandbox.dynamics import SCOPE, DynamicsSandbox, dynamics_sandbox


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


async def test_a_token_says_how_long_it_is_good_and_which_roles_it_has(dynamics: DynamicsSandbox) -> None:
    answer = await dynamics.sign_in()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3_599)
    said = claims(body["access_token"])
    assert said["roles"] == ["API.ReadWrite.All"]
    assert said["aud"] == SCOPE.removesuffix("/.default")
    assert said["exp"] - said["iat"] == 3_599


async def test_the_tenant_may_be_named_by_its_domain(dynamics: DynamicsSandbox) -> None:
    assert (await dynamics.sign_in(tenant=dynamics.found["tenant_domain"])).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "word", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, 400, "unauthorized_client", 700016),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        (
            {"scope": "https://api.businesscentral.dynamics.com/API.ReadWrite.All"},
            400,
            "invalid_scope",
            70011,
        ),
        ({"scope": "https://elsewhere.example/.default"}, 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"tenant": "22222222-2222-4222-8222-222222222222"}, 400, "invalid_tenant", 90002),
        ({"tenant": "common"}, 400, "invalid_request", 9001023),
    ],
)
async def test_a_refused_sign_in_says_which_of_entras_reasons_it_is(
    dynamics: DynamicsSandbox, form: dict[str, str], status: int, word: str, number: int
) -> None:
    answer = await dynamics.sign_in(**form)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, word, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert (
        f" Trace ID: {body['trace_id']} Correlation ID: {body['correlation_id']}" in body["error_description"]
    )
    assert body["error_uri"].endswith(str(number))


async def test_the_id_of_a_secret_is_refused_with_words_that_tell_it_from_the_value(
    dynamics: DynamicsSandbox,
) -> None:
    body = (await dynamics.sign_in(client_secret=dynamics.found["secret_id"])).json()
    assert body["error_codes"] == [7000215]
    assert "client secret value, not the client secret ID" in body["error_description"]


async def test_an_expired_secret_is_told_from_a_wrong_one(dynamics: DynamicsSandbox) -> None:
    answer = await dynamics.sign_in(client_secret=dynamics.found["expired_secret"])
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [7000222])


async def test_trace_marks_may_stand_on_lines_of_their_own(dynamics: DynamicsSandbox) -> None:
    await dynamics.change("settings", {"entra_line_breaks": True})
    body = (await dynamics.sign_in(client_secret="wrong")).json()
    assert "\r\nTrace ID: " in body["error_description"]


async def test_a_passing_trouble_passes(dynamics: DynamicsSandbox) -> None:
    await dynamics.change("settings", {"entra_trouble": 90033})
    answer = await dynamics.sign_in()
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    await dynamics.change("settings", {"entra_trouble": 0})
    assert (await dynamics.sign_in()).status_code == 200


async def test_a_token_ends_when_its_time_is_over() -> None:
    clock = FakeClock()
    async with dynamics_sandbox(clock=clock) as sandbox:
        await sandbox.get("/companies")
        clock.advance(3_598)
        await sandbox.get("/companies")
        clock.advance(1)
        assert (await sandbox.refused("GET", "/companies"))[:2] == (401, "Authentication_InvalidCredentials")
        sandbox.tokens.clear()
        await sandbox.get("/companies")


async def test_revoked_tokens_are_refused_and_new_ones_are_given(dynamics: DynamicsSandbox) -> None:
    await dynamics.get("/companies")
    await dynamics.change("tokens/revoke")
    assert (await dynamics.refused("GET", "/companies"))[0] == 401
    dynamics.tokens.clear()
    await dynamics.get("/companies")


@pytest.mark.parametrize(
    ("app", "change", "has_roles"),
    [("not_enabled", {"enabled": True}, True), ("no_consent", {"consented": True}, False)],
)
async def test_an_app_gets_in_only_when_both_steps_of_its_administrator_are_done(
    dynamics: DynamicsSandbox, app: str, change: dict[str, bool], *, has_roles: bool
) -> None:
    refused = await dynamics.refused("GET", "/companies", by=app)
    assert refused == (
        401,
        "Authentication_InvalidCredentials",
        "The server has rejected the client credentials.",
    )
    assert ("roles" in claims(dynamics.tokens[app])) is has_roles
    await dynamics.change(f"apps/{app}", change)
    dynamics.tokens.clear()
    assert (await dynamics.call("GET", "/companies", by=app)).status_code == 200


async def test_an_app_may_be_let_read_and_not_write(dynamics: DynamicsSandbox) -> None:
    await dynamics.get("journals", by="read_only")
    status, code, _ = await dynamics.refused("POST", "journals", {"code": "NY"}, by="read_only")
    assert (status, code) == (403, "Authorization_RequestDenied")


async def test_a_token_for_another_resource_or_tenant_is_refused(dynamics: DynamicsSandbox) -> None:
    answer = await dynamics.sign_in(scope="https://elsewhere.operations.dynamics.com/.default")
    dynamics.tokens["full"] = answer.json()["access_token"]
    assert (await dynamics.refused("GET", "/companies"))[0] == 401
    dynamics.tokens.clear()
    other = dynamics.found["business_central"].replace(dynamics.found["tenant"], dynamics.found["secret_id"])
    answer = await dynamics.http.get(f"{other}/companies", headers=await dynamics.bearer())
    assert answer.status_code == 401
    assert (await dynamics.http.get(dynamics.found["business_central"] + "/companies")).status_code == 401


async def test_finance_and_operations_takes_tokens_of_its_own_only(dynamics: DynamicsSandbox) -> None:
    address = f"{dynamics.url}/data/LegalEntities"
    assert (await dynamics.http.get(address)).status_code == 401
    assert (await dynamics.http.get(address, headers=await dynamics.bearer())).status_code == 401
    answer = await dynamics.sign_in(scope=f"{dynamics.url}/.default")
    dynamics.tokens["full"] = answer.json()["access_token"]
    assert (await dynamics.http.get(address, headers=await dynamics.bearer())).status_code == 200


async def test_a_wrong_environment_is_told(dynamics: DynamicsSandbox) -> None:
    address = dynamics.found["business_central"].replace("/production/", "/productoin/")
    answer = await dynamics.http.get(f"{address}/companies", headers=await dynamics.bearer())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NoEnvironment")


async def test_the_address_works_without_a_tenant_too(dynamics: DynamicsSandbox) -> None:
    address = dynamics.found["business_central"].replace(f"/{dynamics.found['tenant']}/", "/")
    answer = await dynamics.http.get(f"{address}/companies", headers=await dynamics.bearer())
    assert answer.status_code == 200
