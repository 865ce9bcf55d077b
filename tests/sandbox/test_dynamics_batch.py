"""$batch of the simulated Business Central: what is done, what is told, and what is taken back."""

from typing import Any

import pytest

from tests.sandbox.dynamics import DynamicsSandbox, Record, line, posting


async def path_of(dynamics: DynamicsSandbox, code: str = "UTLEGG") -> str:
    return f"companies({await dynamics.here()})/journals({await dynamics.journal(code)})/journalLines"


def posts(path: str, *references: str, **changes: Any) -> list[Record]:
    return [
        posting(path, line(reference, (place + 1) * 10_000, **changes), f"op{place}")
        for place, reference in enumerate(references)
    ]


async def test_a_batch_writes_its_lines_and_answers_each_by_its_id(dynamics: DynamicsSandbox) -> None:
    answers = await dynamics.batch(*posts(await path_of(dynamics), "REF1", "REF2"))
    assert [(answer["id"], answer["status"]) for answer in answers] == [("op0", 201), ("op1", 201)]
    assert [answer["body"]["documentNumber"] for answer in answers] == ["REF1", "REF2"]
    assert await dynamics.booked() == ["REF1", "REF2"]
    assert (await dynamics.stats())["batches"] == 1


@pytest.mark.parametrize(
    ("headers", "told", "kept"),
    [
        ({}, [201, 400], ["REF1"]),
        ({"Prefer": "odata.continue-on-error"}, [201, 400, 201], ["REF1", "REF3"]),
        ({"Isolation": "snapshot"}, [201, 400], []),
        ({"Isolation": "snapshot", "Prefer": "odata.continue-on-error"}, [201, 400, 201], []),
    ],
)
async def test_a_failure_in_the_middle_decides_what_is_told_and_kept(
    dynamics: DynamicsSandbox, headers: dict[str, str], told: list[int], kept: list[str]
) -> None:
    path = await path_of(dynamics)
    requests = posts(path, "REF1", "REF2", "REF3")
    requests[1]["body"]["accountNumber"] = "0000"
    answers = await dynamics.batch(*requests, **headers)
    assert [answer["status"] for answer in answers] == told
    # What was taken back is told as if it were there.
    assert answers[0]["body"]["id"]
    assert await dynamics.booked() == kept


async def test_when_the_first_fails_there_is_one_answer(dynamics: DynamicsSandbox) -> None:
    requests = posts(await path_of(dynamics), "REF1", "REF2")
    requests[0]["body"]["accountNumber"] = "0000"
    answers = await dynamics.batch(*requests, Isolation="snapshot")
    assert [answer["status"] for answer in answers] == [400]
    assert answers[0]["body"]["error"]["code"] == "Internal_InvalidTableRelation"


async def test_a_rolled_back_batch_can_be_sent_again(dynamics: DynamicsSandbox) -> None:
    path = await path_of(dynamics)
    requests = posts(path, "REF1", "REF1")
    requests[1]["body"]["lineNumber"] = 10_000
    assert [answer["status"] for answer in await dynamics.batch(*requests, Isolation="snapshot")] == [
        201,
        400,
    ]
    requests[1]["body"]["lineNumber"] = 20_000
    assert [answer["status"] for answer in await dynamics.batch(*requests, Isolation="snapshot")] == [
        201,
        201,
    ]
    assert [entry["amount"] for entry in await dynamics.ledger()] == ["824.00"]


async def test_a_hundred_operations_are_taken_and_one_more_is_a_500(dynamics: DynamicsSandbox) -> None:
    requests = posts(await path_of(dynamics), *(f"REF{place}" for place in range(101)))
    status, code, words = await dynamics.refused("POST", "/$batch", {"requests": requests})
    assert (status, code) == (500, "Unknown")
    assert "A maximum number of '100' query operations and change sets" in words
    assert await dynamics.booked() == []
    assert len(await dynamics.batch(*requests[:100])) == 100


async def test_ids_may_be_null_and_answers_missing(dynamics: DynamicsSandbox) -> None:
    path = await path_of(dynamics)
    await dynamics.change("settings", {"batch_null_ids": True, "batch_answers": 1})
    answers = await dynamics.batch(*posts(path, "REF1", "REF2"), Isolation="snapshot")
    assert [(answer["id"], answer["status"]) for answer in answers] == [(None, 201)]
    assert await dynamics.booked() == ["REF1", "REF2"]


async def test_the_company_may_be_named_for_the_whole_batch(dynamics: DynamicsSandbox) -> None:
    request = {"id": "1", "method": "GET", "url": "journals?$top=1", "headers": {}}
    for headers in ({"CompanyId": await dynamics.here()}, {"Company": "Eksempelforbundet"}):
        assert [answer["status"] for answer in await dynamics.batch(request, **headers)] == [200]
    assert [answer["status"] for answer in await dynamics.batch(request)] == [400]


async def test_reading_and_changing_work_within_a_batch(dynamics: DynamicsSandbox) -> None:
    path = await path_of(dynamics)
    made = (await dynamics.batch(*posts(path, "REF1")))[0]["body"]["id"]
    change = {
        "id": "1", "method": "PATCH", "url": f"{path}({made})",
        "headers": {"If-Match": "*", "Content-Type": "application/json"}, "body": {"amount": 7.5},
    }  # fmt: skip
    read = {"id": "2", "method": "GET", "url": f"/{path}?$filter=documentNumber eq 'REF1'"}
    answers = await dynamics.batch(change, read)
    assert answers[1]["body"]["value"][0]["amount"] == 7.5
    delete = {"id": "3", "method": "DELETE", "url": f"{path}({made})", "headers": {"If-Match": "*"}}
    assert await dynamics.batch(delete) == [{"id": "3", "status": 204, "headers": {"OData-Version": "4.0"}}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": [{"method": "GET", "url": "companies"}]},
        {"requests": [{"id": "1", "method": "GET", "url": "companies"}] * 2},
        {"requests": [{"id": "1", "method": "FETCH", "url": "companies"}]},
    ],
)
async def test_a_batch_that_is_none_is_refused(dynamics: DynamicsSandbox, body: Any) -> None:
    assert (await dynamics.refused("POST", "/$batch", body))[:2] == (400, "BadRequest")


async def test_a_multipart_batch_is_refused(dynamics: DynamicsSandbox) -> None:
    answer = await dynamics.call("POST", "/$batch", b"--b", Content_Type="multipart/mixed; boundary=b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
