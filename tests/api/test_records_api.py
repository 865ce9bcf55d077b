"""Handing records over to /api/v1/records, and asking where they are."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from integration_admin.api.received import LINE_LIMIT
from integration_admin.data.repositories.deliveries import NewDelivery
from tests.api.conftest import Edge
from tests.builders import (
    make_activity,
    make_claim,
    make_member,
    make_reimbursement,
    save_integration,
    save_organisation,
    save_records,
)
from tests.fakes import START

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
PATH = "/api/v1/records"


def results(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["result"] for item in answer.json()["results"]]


async def test_one_record_is_stored_once_whatever_is_repeated(caller: httpx2.AsyncClient) -> None:
    claim = make_claim()
    assert results(await caller.post(PATH, json=claim)) == ["created"]
    assert results(await caller.post(PATH, json=claim)) == ["unchanged"]
    assert results(await caller.post(PATH, json=claim | {"revision": 2})) == ["updated"]
    assert results(await caller.post(PATH, json=claim)) == ["rejected"]


async def test_a_list_is_answered_record_by_record(caller: httpx2.AsyncClient) -> None:
    wrong = make_claim(currency="KRONER")
    answer = await caller.post(PATH, json=[make_claim(), wrong, make_activity(), make_reimbursement()])
    assert results(answer) == ["created", "rejected", "created", "created"]
    refused = answer.json()["results"][1]
    assert (refused["line"], refused["id"], refused["kind"]) == (2, wrong["id"], "expense_claim")
    assert refused["reasons"][0]["field"] == "currency"
    assert refused["reasons"][0]["message"]


async def test_a_broken_line_of_ndjson_is_answered_and_stops_no_other(caller: httpx2.AsyncClient) -> None:
    lines = [json.dumps(make_claim()), '{"kind": "expense_claim", "id":', "", json.dumps(make_claim()), "NaN"]
    answer = await caller.post(PATH, content="\r\n".join(lines), headers=NDJSON)
    assert results(answer) == ["created", "rejected", "created", "rejected"]
    assert [item["line"] for item in answer.json()["results"]] == [1, 2, 4, 5]
    assert answer.json()["results"][1]["reasons"] == [{"field": "", "message": "This line is not JSON."}]


async def test_amounts_as_bare_numbers_are_refused(caller: httpx2.AsyncClient) -> None:
    claim = make_claim()
    claim["lines"][0]["amount"] = 412.0
    answer = await caller.post(PATH, json=claim)
    assert results(answer) == ["rejected"]
    assert answer.json()["results"][0]["reasons"][0]["field"] == "lines.1.amount"


async def test_of_two_amounts_under_one_name_neither_is_taken(caller: httpx2.AsyncClient) -> None:
    doubled = json.dumps(make_claim()).replace('"amount":', '"amount": "9412.00", "amount":')
    for content, headers in ((f"[{doubled}, {json.dumps(make_claim())}]", JSON), (doubled, NDJSON)):
        answer = await caller.post(PATH, content=content, headers=headers)
        assert results(answer) == ["rejected", "created"][: len(answer.json()["results"])]
        assert answer.json()["results"][0]["reasons"] == [
            {
                "field": "lines.1.amount",
                "message": "This field is there twice, so nobody can tell which value is meant.",
            }
        ]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"1" * 5_000],
    ids=["empty", "broken", "no utf-8", "nan", "deep", "huge number"],
)
async def test_a_body_that_is_no_json_is_one_problem(caller: httpx2.AsyncClient, body: bytes) -> None:
    answer = await caller.post(PATH, content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "status": 422,
        "title": HTTPStatus(422).phrase,
        "detail": "The body is not JSON.",
    }


@pytest.mark.parametrize("place", ["", "/search"])
async def test_a_status_that_does_not_exist_is_refused_and_not_answered_with_an_empty_list(
    caller: httpx2.AsyncClient, place: str
) -> None:
    await caller.post(PATH, json=make_claim())
    misspelt = await caller.get(PATH + place, params={"status": "aproved"})
    assert (misspelt.status_code, misspelt.headers["content-type"]) == (422, "application/problem+json")
    assert "'approved', 'paid', 'completed'." in misspelt.json()["errors"]["status"]
    for status in ("approved", ""):
        answer = await caller.get(PATH + place, params={"status": status})
        assert len(answer.json()["records"]) == 1


async def test_json_that_is_no_record_is_a_refused_record(caller: httpx2.AsyncClient) -> None:
    assert results(await caller.post(PATH, json=[None, 1, "x", [], {}])) == ["rejected"] * 5


async def test_a_list_of_more_than_a_thousand_is_refused(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post(PATH, json=[{}] * 1_001)
    assert answer.status_code == 422
    assert "1,000" in answer.json()["detail"]


async def test_more_lines_of_ndjson_than_a_call_takes_are_refused_and_nothing_is_stored(
    caller: httpx2.AsyncClient,
) -> None:
    first = json.dumps(make_claim())
    answer = await caller.post(PATH, content=f"{first}\n" + "0\n" * LINE_LIMIT, headers=NDJSON)
    assert answer.status_code == 422
    assert "50,000" in answer.json()["detail"]
    assert (await caller.get(PATH)).json()["records"] == []
    answer = await caller.post(PATH, content=f"{first}\n" + "\n" * LINE_LIMIT, headers=NDJSON)
    assert results(answer) == ["created"]


async def test_another_content_type_is_refused(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post(PATH, content=b"kind,id", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "identity, br", "nonsense"])
async def test_a_packed_body_is_called_that_and_not_broken_json(
    caller: httpx2.AsyncClient, coding: str
) -> None:
    packed = gzip.compress(json.dumps(make_claim()).encode())
    for path, headers in ((PATH, JSON), (PATH, NDJSON), (f"/api/v1/integrations/{uuid4()}/runs", JSON)):
        answer = await caller.post(path, content=packed, headers=headers | {"Content-Encoding": coding})
        assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
        assert answer.json()["detail"] == "Send it uncompressed, without Content-Encoding."


async def test_a_body_that_says_it_is_not_packed_is_read(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post(PATH, json=make_claim(), headers={"Content-Encoding": "identity"})
    assert results(answer) == ["created"]


async def test_nearly_ten_megabytes_are_taken(caller: httpx2.AsyncClient) -> None:
    line = json.dumps(make_activity()) + "\n"
    body = line + " " * (10 * 1024 * 1024 - len(line))
    assert results(await caller.post(PATH, content=body, headers=NDJSON)) == ["created"]


async def test_more_than_ten_megabytes_are_refused_by_their_announced_length(
    caller: httpx2.AsyncClient,
) -> None:
    answer = await caller.post(PATH, content=b" " * (10 * 1024 * 1024 + 1), headers=NDJSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_more_than_ten_megabytes_are_refused_while_they_arrive(caller: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b" " * 1024 * 1024

    try:
        answer = await caller.post(PATH, content=endless(), headers=NDJSON)
    except httpx2.TransportError:
        # The server may hang up while the client is still sending.
        assert sent < 100
    else:
        assert answer.status_code == 413
    assert results(await caller.post(PATH, json=make_claim())) == ["created"]


@pytest.mark.parametrize("record_id", ["2026/17", "a//b/", "100 %", "æ?#", "/"])
async def test_a_record_is_found_whatever_its_id_is_written_with(
    caller: httpx2.AsyncClient, record_id: str
) -> None:
    assert results(await caller.post(PATH, json=make_claim(id=record_id))) == ["created"]
    found = await caller.get(f"{PATH}/expense_claim/{quote(record_id, safe='')}")
    assert (found.status_code, found.json().get("id")) == (200, record_id)


async def test_an_id_no_record_can_have_is_told_like_any_other(caller: httpx2.AsyncClient) -> None:
    missing = await caller.get(f"{PATH}/expense_claim/a%0Ab")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_records_come_in_pages(caller: httpx2.AsyncClient) -> None:
    claims = [make_claim() for _ in range(150)]
    await caller.post(PATH, json=[*claims, make_activity()])
    first = (await caller.get(PATH, params={"status": "approved"})).json()
    second = (await caller.get(PATH, params={"status": "approved", "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["records"] + second["records"]] == [item["id"] for item in claims]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "-1", "٣", "9" * 30])
async def test_a_damaged_cursor_is_named(caller: httpx2.AsyncClient, cursor: str) -> None:
    answer = await caller.get(PATH, params={"cursor": cursor})
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"cursor"}


async def test_a_record_is_found_by_kind_and_id(caller: httpx2.AsyncClient) -> None:
    claim = make_claim(id="EC/2026 1042".replace("/", "-"))
    await caller.post(PATH, json=claim)
    found = (await caller.get(f"{PATH}/expense_claim/{claim['id']}")).json()
    assert (found["amount"], found["currency"], found["deliveries"]) == ("412.00", "NOK", [])
    assert found["record"]["claimant"]["name"] == "Kari Nordmann"


async def test_why_a_record_that_is_ready_stays_is_told(caller: httpx2.AsyncClient, running: Edge) -> None:
    organisation = running.alice.organisation_id
    (record,) = await save_records(running.database, organisation, make_claim(id="EC-held"))
    integration = await save_integration(running.database, organisation, kind="xledger")
    async with running.database.write(organisation) as unit:
        await unit.deliveries.add(integration.id, [NewDelivery(record.id, "ref-1", 1, 1)], START)
    address = f"{PATH}/expense_claim/EC-held"
    (delivery,) = (await caller.get(address)).json()["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("ready", None)
    async with running.database.write(organisation) as unit:
        await unit.integrations.replace_exclusions(
            integration.id, frozenset({"category:travel.public_transport"})
        )
    (held,) = (await caller.get(address)).json()["deliveries"]
    assert held["state"] == "ready"
    assert held["reason"].startswith("The claim is left out, because the category")


@pytest.mark.parametrize("path", ["expense_claim/EC-none", "reimbursement/EC-2026-1"])
async def test_a_record_that_is_not_there_is_missing(caller: httpx2.AsyncClient, path: str) -> None:
    assert (await caller.get(f"{PATH}/{path}")).status_code == 404


async def test_another_organisations_record_is_as_missing_as_none(
    caller: httpx2.AsyncClient, running: Edge
) -> None:
    claim: dict[str, Any] = make_claim()
    await caller.post(PATH, json=claim)
    other = await save_organisation(running.database, make_member("Charlie"))
    charlie = running.alice.__class__(other.id, "Charlie", running.alice.role)
    token = await running.services.tokens.create(charlie, ["records:read"], "other")
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    assert (await caller.get(f"{PATH}/expense_claim/{claim['id']}", headers=headers)).status_code == 404
    assert (await caller.get(PATH, headers=headers)).json()["records"] == []


async def test_a_body_that_breaks_off_is_refused_and_not_taken_for_a_fault_of_ours(
    caller: httpx2.AsyncClient,
) -> None:
    claim = make_claim()
    sent = json.dumps(claim).encode()
    head = [
        f"POST {PATH} HTTP/1.1",
        f"Host: {caller.base_url.netloc.decode()}",
        f"Authorization: {caller.headers['Authorization']}",
        "Content-Type: application/x-ndjson",
        f"Content-Length: {2 * len(sent)}",
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", caller.base_url.port)
    with capture_logs() as logged:
        writer.write("\r\n".join([*head, "\r\n"]).encode() + sent + b"\n" + sent[:40])
        writer.write_eof()
        answer = await reader.readline()
    writer.close()
    assert answer.split()[1] == b"422"
    assert [line for line in logged if line["event"] == "api.failed"] == []
    assert (await caller.get(f"{PATH}/expense_claim/{claim['id']}")).status_code == 404
