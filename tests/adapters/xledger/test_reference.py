"""Xledger's own lists: every page, open and closed, and what the dimensions are called here."""

from datetime import date
from typing import Any

import pytest

from integration_admin.adapters.base import ReferenceItem
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed
from tests.adapters.xledger.fake_http import CREDENTIALS, FakeHTTP, Request, graphql, problem

SLOTS = [
    {
        "field": {"name": "glObject1"},
        "fieldObject": {"description": "Avdeling", "objectKind": {"dbId": "30", "name": "COST_CENTRE"}},
    },
    {"field": {"name": "glObject2"}, "fieldObject": None},
    {
        "field": {"name": "glObject3"},
        "fieldObject": {"description": None, "objectKind": {"dbId": "1042", "name": "ACTIVITY"}},
    },
]


class Lists:
    """Answers for every list by name; `closed` holds what is listed as closed."""

    def __init__(self) -> None:
        self.open: dict[str, list[dict[str, Any]]] = {
            "accounts": [{"dbId": 1, "code": "7140", "description": "Reise", "posting": True}],
            "objectKinds": [{"dbId": "30", "name": "COST_CENTRE"}, {"dbId": "14", "name": "TAX_RULE"}],
        }
        self.closed: dict[str, list[dict[str, Any]]] = {}
        self.denied: set[str] = set()
        self.slots: list[dict[str, Any]] = SLOTS
        self.page_size = 1_000

    def answer(self, request: Request) -> Response:
        query = request.body["query"]
        if "glSetupEntries" in query:
            return graphql({"viewer": {"entity": {"glSetupEntries": self.slots}}})
        field = query.partition("{")[2].partition("(")[0].strip()
        if field in self.denied:
            return graphql({field: None}, problem(f"No {field}.", "FORBIDDEN.MISSING_SCOPE"))
        kept = self.closed if "CLOSED" in query else self.open
        kind = (request.variables.get("filter") or {}).get("objectKindDbId")
        nodes = kept.get(field if kind is None else f"{field} {kind}", [])
        start = int(request.variables["after"] or 0)
        page = nodes[start : start + self.page_size]
        edges = [{"cursor": str(start + n + 1), "node": node} for n, node in enumerate(page)]
        more = start + len(page) < len(nodes)
        return graphql({field: {"edges": edges or None, "pageInfo": {"hasNextPage": more}}})


@pytest.fixture
def lists(http: FakeHTTP) -> Lists:
    lists = Lists()
    http.always = lists.answer
    return lists


async def test_open_and_closed_entries_are_kept_and_told_apart(adapter: XledgerAdapter, lists: Lists) -> None:
    lists.closed["accounts"] = [
        {"dbId": 2, "code": "7141", "description": "Gammel", "posting": False},
        {"dbId": 1, "code": "7140", "description": "Reise", "posting": True},
    ]
    data = await adapter.reference_data(CREDENTIALS)
    assert data.lists["accounts"] == (
        ReferenceItem("1", "7140", "Reise"),
        ReferenceItem("2", "7141", "Gammel", open=False, posting=False),
    )


async def test_codes_stay_as_they_are_and_doubles_stay_two(adapter: XledgerAdapter, lists: Lists) -> None:
    lists.open["accounts"] = [
        {"dbId": 1, "code": "7140*", "description": "Reise"},
        {"dbId": "2", "code": "6890", "description": "Annet"},
        {"dbId": 3, "code": "6890", "description": "Punktskrift"},
        {"dbId": 4, "code": 71, "description": None},
        {"code": "no id"},
    ]
    accounts = (await adapter.reference_data(CREDENTIALS)).lists["accounts"]
    assert [(item.id, item.code, item.name) for item in accounts] == [
        ("1", "7140*", "Reise"),
        ("2", "6890", "Annet"),
        ("3", "6890", "Punktskrift"),
        ("4", "71", ""),
    ]


async def test_validity_is_read_from_dates_whatever_xledger_calls_them(
    adapter: XledgerAdapter, lists: Lists
) -> None:
    lists.open["projects"] = [
        {"dbId": 1, "code": "P", "allowPosting": False, "fromDate": "2024-01-01", "toDate": "2025-12-31"}
    ]
    lists.open["objectValues 30"] = [
        {"dbId": "2", "code": "210", "posting": True, "dateFrom": "2020-01-01T00:00:00", "dateTo": "soon"}
    ]
    data = await adapter.reference_data(CREDENTIALS)
    [project] = data.lists["projects"]
    [value] = data.lists["gl_object_1"]
    assert (project.posting, project.valid_from, project.valid_to) == (
        False,
        date(2024, 1, 1),
        date(2025, 12, 31),
    )
    assert (value.posting, value.valid_from, value.valid_to) == (True, date(2020, 1, 1), None)


async def test_the_slots_in_use_are_named_as_the_entity_names_them(
    adapter: XledgerAdapter, lists: Lists
) -> None:
    lists.open["objectValues 14"] = [{"dbId": "9", "code": "22", "description": "12 %"}]
    data = await adapter.reference_data(CREDENTIALS)
    assert dict(data.dimensions) == {"gl_object_1": "Avdeling", "gl_object_3": "ACTIVITY"}
    assert data.lists["tax_rules"] == (ReferenceItem("9", "22", "12 %"),)
    assert {"gl_object_1", "gl_object_3"} <= set(data.lists)
    assert "gl_object_2" not in data.lists


async def test_slots_without_names_are_told_by_their_place(adapter: XledgerAdapter, lists: Lists) -> None:
    lists.slots = [{"fieldObject": entry["fieldObject"]} for entry in SLOTS]
    data = await adapter.reference_data(CREDENTIALS)
    assert dict(data.dimensions) == {"gl_object_1": "Avdeling", "gl_object_3": "ACTIVITY"}


async def test_every_page_is_read_by_the_last_cursor(
    adapter: XledgerAdapter, http: FakeHTTP, lists: Lists
) -> None:
    lists.page_size = 3
    lists.open["accounts"] = [{"dbId": n, "code": str(n)} for n in range(1, 8)]
    data = await adapter.reference_data(CREDENTIALS)
    assert [item.code for item in data.lists["accounts"]] == [str(n) for n in range(1, 8)]
    asked = [r.variables["after"] for r in http.requests if "accounts(" in r.body["query"]]
    assert asked == [None, "3", "6", None]


async def test_a_cursor_that_comes_again_ends_the_reading(
    adapter: XledgerAdapter, http: FakeHTTP, lists: Lists
) -> None:
    def stuck(request: Request) -> Response:
        if "accounts(" in request.body["query"]:
            edges = [{"cursor": 7, "node": {"dbId": 1, "code": "7140"}}]
            return graphql({"accounts": {"edges": edges, "pageInfo": {"hasNextPage": True}}})
        return lists.answer(request)

    http.always = stuck
    data = await adapter.reference_data(CREDENTIALS)
    assert len(data.lists["accounts"]) == 1
    assert sum("accounts(" in request.body["query"] for request in http.requests) == 4


async def test_pages_without_end_are_an_error(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    def endless(request: Request) -> Response:
        edges = [{"cursor": f"{request.variables['after']}x", "node": {"dbId": 1, "code": "1"}}]
        return graphql({"accounts": {"edges": edges, "pageInfo": {"hasNextPage": True}}})

    http.always = endless
    with pytest.raises(AdapterError) as failed:
        await adapter.reference_data(CREDENTIALS)
    assert failed.value.code == "shape"
    assert len(http.requests) == 200


@pytest.mark.parametrize(
    ("denied", "missing"),
    [
        ("projects", {"projects"}),
        ("subledgers", {"subledgers"}),
        ("objectValues", {"tax_rules", "gl_object_1", "gl_object_3"}),
        ("objectKinds", {"tax_rules"}),
    ],
)
async def test_a_list_the_token_may_not_read_is_left_out(
    adapter: XledgerAdapter, lists: Lists, denied: str, missing: set[str]
) -> None:
    whole = set((await adapter.reference_data(CREDENTIALS)).lists)
    lists.denied = {denied}
    assert whole - set((await adapter.reference_data(CREDENTIALS)).lists) == missing


async def test_without_the_right_to_accounts_nothing_is_read(
    adapter: XledgerAdapter, http: FakeHTTP, lists: Lists
) -> None:
    lists.denied = {"accounts"}
    with pytest.raises(AuthenticationFailed):
        await adapter.reference_data(CREDENTIALS)
    assert len(http.requests) == 1


async def test_an_entity_set_up_without_dimensions_has_none(adapter: XledgerAdapter, lists: Lists) -> None:
    lists.slots = []
    data = await adapter.reference_data(CREDENTIALS)
    assert dict(data.dimensions) == {}


async def test_lists_of_another_form_are_an_error_with_a_sentence(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    http.always = lambda _: graphql({"accounts": {"edges": [{"node": "text"}]}})
    with pytest.raises(AdapterError) as failed:
        await adapter.reference_data(CREDENTIALS)
    assert failed.value.code == "shape"
    assert "another form" in str(failed.value.message)
