"""Reading: the chart, the dimensions, paging, filters and who owns what."""

from typing import Any

import pytest

from tests.sandbox.xledger import XledgerSandbox

CODES = "edges { cursor node { code } } pageInfo { hasNextPage hasPreviousPage }"


def _codes(page: Any) -> list[str]:
    return [edge["node"]["code"] for edge in page["edges"] or ()]


async def test_the_chart_has_the_accounts_claims_need_and_codes_of_every_shape(
    sandbox: XledgerSandbox,
) -> None:
    accounts = (await sandbox.data(f"{{ accounts {{ {CODES} }} }}"))["accounts"]
    codes = _codes(accounts)
    assert len(codes) > 75
    assert {"7140", "7100", "7130", "6800", "6860", "6903", "7350", "7770", "2910", "2400", "1920"} <= set(
        codes
    )
    assert {"1922*", "71405", "7140F"} <= set(codes)
    assert codes.count("6890") == 2
    assert "7190" not in codes


async def test_closed_accounts_are_listed_when_asked_for(sandbox: XledgerSandbox) -> None:
    query = "query($s: ObjectStatus) { accounts(objectStatus: $s) { edges { node { code } } } }"
    closed = _codes((await sandbox.data(query, {"s": "CLOSED"}))["accounts"])
    everything = _codes((await sandbox.data(query, {"s": "ALL"}))["accounts"])
    assert closed == ["7190"]
    assert {"7190", "7140"} <= set(everything)


async def test_sum_accounts_do_not_post(sandbox: XledgerSandbox) -> None:
    query = "{ accounts { edges { node { code posting ledgerType { name } dbId } } } }"
    nodes = [edge["node"] for edge in (await sandbox.data(query))["accounts"]["edges"]]
    assert {node["code"] for node in nodes if not node["posting"]} == {"19", "71"}
    assert {node["code"]: node["ledgerType"] for node in nodes}["2400"] == {"name": "AP"}
    assert all(isinstance(node["dbId"], int) for node in nodes)


async def test_edges_are_null_when_nothing_is_found(sandbox: XledgerSandbox) -> None:
    query = '{ accounts(filter: {code: "9999"}) { edges { cursor } pageInfo { hasNextPage } } }'
    assert (await sandbox.data(query))["accounts"] == {"edges": None, "pageInfo": {"hasNextPage": False}}


async def test_paging_forwards_meets_every_account_once(sandbox: XledgerSandbox) -> None:
    query = f"query($n: String) {{ accounts(first: 30, after: $n) {{ {CODES} }} }}"
    seen: list[str] = []
    cursor, more = None, True
    while more:
        page = (await sandbox.data(query, {"n": cursor}))["accounts"]
        assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        seen += _codes(page)
        cursor, more = page["edges"][-1]["cursor"], page["pageInfo"]["hasNextPage"]
    assert seen == _codes((await sandbox.data(f"{{ accounts {{ {CODES} }} }}"))["accounts"])


async def test_paging_backwards_with_last_and_before(sandbox: XledgerSandbox) -> None:
    everything = _codes((await sandbox.data(f"{{ accounts {{ {CODES} }} }}"))["accounts"])
    query = f"query($b: String) {{ accounts(last: 10, before: $b) {{ {CODES} }} }}"
    end = (await sandbox.data(query))["accounts"]
    before = (await sandbox.data(query, {"b": end["edges"][0]["cursor"]}))["accounts"]
    assert _codes(end) == everything[-10:]
    assert _codes(before) == everything[-20:-10]
    assert before["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": True}


async def test_another_order_can_be_paged_too(sandbox: XledgerSandbox) -> None:
    query = f"""query($a: String) {{ accounts(first: 40, after: $a,
        orderBy: {{field: CODE, direction: DESC}}) {{ {CODES} }} }}"""
    first = (await sandbox.data(query))["accounts"]
    second = (await sandbox.data(query, {"a": first["edges"][-1]["cursor"]}))["accounts"]
    codes = _codes(first) + _codes(second)
    assert codes == sorted(codes, reverse=True)


@pytest.mark.parametrize("arguments", ["first: 10001", "first: 0", 'after: "nonsense"', "last: -1"])
async def test_pages_that_cannot_be_are_refused(sandbox: XledgerSandbox, arguments: str) -> None:
    answer = await sandbox.post(f"{{ accounts({arguments}) {{ edges {{ cursor }} }} }}")
    assert answer.status_code == 400
    assert answer.json()["data"] == {"accounts": None}


async def test_filters_compare_and_combine(sandbox: XledgerSandbox) -> None:
    query = "query($f: Account_Filter) { accounts(filter: $f) { edges { node { code } } } }"

    async def matching(wanted: dict[str, Any]) -> list[str]:
        return _codes((await sandbox.data(query, {"f": wanted}))["accounts"])

    assert await matching({"code_in": ["7140", "2910"]}) == ["2910", "7140"]
    assert await matching({"OR": [{"code": "7140"}, {"AND": [{"code": "1920"}, {"posting": True}]}]}) == [
        "1920",
        "7140",
    ]
    assert await matching({"modifiedAt_gte": "2999-01-01T00:00:00"}) == []
    assert len(await matching({"chartOfAccountDbId": 2, "modifiedAt_gte": "2025-01-01T00:00:00"})) > 75


async def test_object_values_are_found_by_the_kind_that_the_name_gives(sandbox: XledgerSandbox) -> None:
    kinds = (await sandbox.data("{ objectKinds { edges { node { dbId name } } } }"))["objectKinds"]["edges"]
    by_name = {edge["node"]["name"]: edge["node"]["dbId"] for edge in kinds}
    query = """query($k: Int64String) { objectValues(filter: {objectKindDbId: $k}) {
        edges { node { dbId code description posting dateTo } } } }"""
    rules = (await sandbox.data(query, {"k": by_name["TAX_RULE"]}))["objectValues"]
    assert _codes(rules) == ["1", "2", "21", "22", "208", "209"]
    centres = (await sandbox.data(query, {"k": int(by_name["COST_CENTRE"])}))["objectValues"]
    assert "210" in _codes(centres)
    assert "290" not in _codes(centres)
    assert isinstance(centres["edges"][0]["node"]["dbId"], str)


async def test_what_a_gl_object_slot_means_differs_between_the_entities(sandbox: XledgerSandbox) -> None:
    query = """{ viewer { entity { glSetupEntries {
        field { name } fieldObject { code description objectKind { dbId name } } } } } }"""

    async def slots(token: str) -> dict[str, str]:
        entries = (await sandbox.data(query, by=token))["viewer"]["entity"]["glSetupEntries"]
        return {entry["field"]["name"]: entry["fieldObject"]["objectKind"]["name"] for entry in entries}

    assert await slots("full") == {
        "glObject1": "COST_CENTRE", "glObject2": "PROJECT", "glObject3": "ACTIVITY",
    }  # fmt: skip
    assert await slots("branch") == {"glObject1": "PROJECT", "glObject2": "COST_CENTRE"}


async def test_the_other_reference_lists_answer(sandbox: XledgerSandbox) -> None:
    data = await sandbox.data("""{
      projects { edges { node { dbId code allowPosting fromDate toDate } } }
      currencies { edges { node { code } } }
      taxTableSetups { edges { node { taxPercent objectValue { dbId code } account { code } } } }
      subledgers { edges { node { dbId code ledgerType { name } currency { dbId } } } }
      employees { edges { node { dbId code email subledger { dbId } glObject1 { dbId } } } }
      periodStatusItems { edges { node { period { fiscalYear fiscalPeriod } owner { code } closed } } }
    }""")
    assert "P-12" in _codes(data["projects"])
    assert _codes(data["currencies"]) == ["NOK", "EUR", "SEK", "DKK", "USD"]
    assert data["taxTableSetups"]["edges"][1]["node"]["taxPercent"] == "25.00"
    assert _codes(data["subledgers"]) == _codes(data["employees"])
    assert {edge["node"]["closed"] for edge in data["periodStatusItems"]["edges"]} == {True, False}


async def test_a_sub_entity_sees_its_own_and_its_parents_accounts(sandbox: XledgerSandbox) -> None:
    query = "query($o: OwnerSet) { accounts(ownerSet: $o) { edges { node { code } } } }"

    async def codes(token: str, owner_set: str | None) -> list[str]:
        return _codes((await sandbox.data(query, {"o": owner_set}, by=token))["accounts"])

    assert await codes("branch", "CURRENT") == ["7141"]
    assert {"7141", "7140"} <= set(await codes("branch", None))
    assert "7141" not in await codes("full", None)
    assert "7141" in await codes("full", "LOWER")


@pytest.mark.parametrize(
    "query", ["{ accounts { nothing } }", "{ accounts {", "mutation { addGLTransactions }"]
)
async def test_documents_that_do_not_fit_the_schema_are_refused_with_400(
    sandbox: XledgerSandbox, query: str
) -> None:
    answer = await sandbox.post(query)
    assert answer.status_code == 400
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["message"]


async def test_an_unknown_field_has_the_known_prefix(sandbox: XledgerSandbox) -> None:
    answer = await sandbox.post("{ accounts { edges { node { colour } } } }")
    assert answer.json()["errors"][0]["message"].startswith("Cannot query field ")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"query": 1}', b'{"query": "{ x }", "variables": [1]}'])
async def test_a_body_that_is_not_a_graphql_request_is_refused(sandbox: XledgerSandbox, body: bytes) -> None:
    answer = await sandbox.http.post(
        f"{sandbox.url}/graphql", content=body, headers={"Authorization": f"token {sandbox.tokens['full']}"}
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "BAD_REQUEST"
