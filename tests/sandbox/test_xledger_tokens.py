"""Who gets in, and with which words the rest are turned away."""

import pytest

from tests.sandbox.xledger import XledgerSandbox, voucher, xledger_sandbox

VIEWER = "{ viewer { entity { ownerDbId code description company { dbId } } } }"


async def test_a_valid_token_names_its_entity(sandbox: XledgerSandbox) -> None:
    entity = (await sandbox.data(VIEWER))["viewer"]["entity"]
    assert entity["description"] == "Eksempelforbundet"
    assert entity["ownerDbId"] == 1000101
    assert isinstance(entity["company"]["dbId"], int)


async def test_the_sub_entity_has_its_own_token(sandbox: XledgerSandbox) -> None:
    entity = (await sandbox.data(VIEWER, by="branch"))["viewer"]["entity"]
    assert entity["description"] == "Eksempelforbundet Oslo"


@pytest.mark.parametrize("header", ["Bearer {}", "Token {}", "{}", "token", "token  {}"])
async def test_any_other_header_gets_the_documented_text(sandbox: XledgerSandbox, header: str) -> None:
    answer = await sandbox.http.post(
        f"{sandbox.url}/graphql",
        json={"query": VIEWER},
        headers={"Authorization": header.format(sandbox.tokens["full"])},
    )
    assert answer.json()["errors"][0]["message"] == (
        'Bad format for API Token. Expected header: "Authorization: token <your-token>"'
    )


async def test_a_missing_header_is_a_bad_format_too(sandbox: XledgerSandbox) -> None:
    answer = await sandbox.http.post(f"{sandbox.url}/graphql", json={"query": VIEWER})
    assert answer.json()["errors"][0]["code"] == "BAD_REQUEST.BAD_TOKEN_FORMAT"


async def test_an_unknown_and_an_expired_token_have_errors_of_their_own(sandbox: XledgerSandbox) -> None:
    sandbox.tokens["made_up"] = "demo-full-made-up"
    unknown = await sandbox.post(VIEWER, by="made_up")
    expired = await sandbox.post(VIEWER, by="expired")
    assert unknown.json()["errors"][0]["code"] == "UNAUTHORIZED.UNKNOWN_TOKEN"
    assert expired.json()["errors"][0]["code"] == "UNAUTHORIZED.TOKEN_EXPIRED"
    assert "data" not in expired.json()


async def test_a_token_can_be_made_to_expire(sandbox: XledgerSandbox) -> None:
    await sandbox.data(VIEWER)
    await sandbox.change("tokens/full/expire")
    answer = await sandbox.post(VIEWER)
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED.TOKEN_EXPIRED"


async def test_introspection_is_for_valid_tokens_only(sandbox: XledgerSandbox) -> None:
    query = '{ __type(name: "GLImportItem_Filter") { inputFields { name } } }'
    fields = (await sandbox.data(query))["__type"]["inputFields"]
    assert {"extIdentifier", "extIdentifier_in", "modifiedAt_gte"} <= {field["name"] for field in fields}
    assert "data" not in (await sandbox.post(query, by="expired")).json()


async def test_without_the_read_scope_only_the_general_ledger_is_closed(sandbox: XledgerSandbox) -> None:
    query = "{ accounts { edges { node { code } } } currencies { edges { node { code } } } }"
    body = (await sandbox.post(query, by="no_read")).json()
    assert body["data"]["accounts"] is None
    assert body["data"]["currencies"]["edges"]
    assert body["errors"] == [
        {
            "message": "Access denied. The API Token lacks the scope General Ledger (read).",
            "code": "FORBIDDEN.MISSING_SCOPE",
        }
    ]


async def test_without_the_write_scope_nothing_is_staged(sandbox: XledgerSandbox) -> None:
    errors = await sandbox.errors(voucher(), by="no_write")
    assert errors[0]["code"] == "FORBIDDEN.MISSING_SCOPE"
    assert await sandbox.ledger() == []


async def test_another_seed_makes_other_tokens() -> None:
    async with xledger_sandbox(seed=1) as first, xledger_sandbox(seed=2) as second:
        assert set(first.tokens.values()).isdisjoint(second.tokens.values())
        second.tokens["full"] = first.tokens["full"]
        assert (await second.post(VIEWER)).status_code == 401
