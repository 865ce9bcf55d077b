"""The simulated REST ledger: what it takes, what it refuses, and what it tells."""

import asyncio
import base64
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from integration_admin.sandbox.rest.app import create_app
from integration_admin.sandbox.servers import running
from tests.fakes import FakeClock
from tests.sandbox.held import HeldClock
from tests.sandbox.rest import Record, RESTSandbox, client_of, line, record, rest_sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rest_url() -> AsyncIterator[str]:
    async with running(create_app()) as url:
        yield url


@pytest.fixture
async def rest(rest_url: str) -> AsyncIterator[RESTSandbox]:
    async with client_of(rest_url) as client:
        await client.change("reset")
        yield client


async def test_one_voucher_is_booked_and_balanced(rest: RESTSandbox) -> None:
    lines = [line(vat_code="13", dimensions={"cost_centre": "210", "project": "P-12"}), line("-12.50")]
    answer = await rest.post(record("REF1", lines=lines))
    assert (answer.status_code, answer.json()) == (
        201,
        {"reference": "REF1", "id": "100001", "status": "created"},
    )
    [entry] = await rest.ledger()
    assert (entry["reference"], entry["amount"], entry["currency"]) == ("REF1", "399.50", "NOK")
    assert [(part["account"], part["amount"]) for part in entry["lines"]] == [
        ("7140", "412.00"),
        ("7140", "-12.50"),
        ("2910", "-399.50"),
    ]
    assert (entry["lines"][0]["cost_centre"], entry["lines"][0]["vat_code"]) == ("210", "13")


@pytest.mark.parametrize("wrapped", [True, False])
async def test_of_a_list_each_voucher_is_booked_or_refused_by_itself(
    rest: RESTSandbox, *, wrapped: bool
) -> None:
    records = [record("REF1"), record("REF2", lines=[line(account="0000")]), record("REF3")]
    answer = await rest.post({"vouchers": records} if wrapped else records)
    assert answer.status_code == 201
    first, second, third = answer.json()["vouchers"]
    assert first == {"reference": "REF1", "id": "100001", "status": "created"}
    assert second == {
        "reference": "REF2",
        "status": "rejected",
        "error": {
            "code": "unknown_account",
            "message": "There is no account 0000.",
            "field": "lines.0.account",
        },
    }
    assert third["id"] == "100002"
    assert await rest.booked() == ["REF1", "REF3"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"reference": None}, "missing", "reference"),
        ({"reference": "A B"}, "string_pattern_mismatch", "reference"),
        ({"date": "5.11.2026"}, "date_from_datetime_parsing", "date"),
        ({"date": None}, "missing", "date"),
        ({"currency": "XYZ"}, "bad_amount", "lines"),
        ({"currency": None}, "missing", "currency"),
        ({"credit": {"account": "0000"}}, "unknown_account", "credit.account"),
        ({"credit": None}, "missing", "credit"),
        ({"lines": []}, "too_short", "lines"),
        ({"lines": [line(account="7190")]}, "closed_account", "lines.0.account"),
        ({"lines": [line(412.0)]}, "string_type", "lines.0.amount"),
        ({"lines": [line("412,00")]}, "string_pattern_mismatch", "lines.0.amount"),
        ({"lines": [line("4.125")]}, "bad_amount", "lines"),
        ({"mood": "good"}, "extra_forbidden", "mood"),
    ],
)
async def test_what_is_wrong_with_a_voucher_is_named(
    rest: RESTSandbox, changes: Record, code: str, field: str
) -> None:
    answer = await rest.post(record(**changes))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    assert await rest.booked() == []


async def test_whole_requests_that_make_no_sense_are_refused(rest: RESTSandbox) -> None:
    async def status(content: Any, kind: str = "application/json") -> int:
        headers = {**rest.key(), "Content-Type": kind}
        answer = await rest.http.post(f"{rest.url}/api/vouchers", content=content, headers=headers)
        return answer.status_code

    assert await status(b"{") == 400
    assert await status(b"{}", "text/plain") == 415
    assert (await rest.post([record()] * 1_001)).status_code == 413
    assert (await rest.post([])).json() == {"vouchers": []}
    assert (await rest.post("voucher")).status_code == 422
    assert (await rest.stats())["vouchers"] == 0


async def test_the_same_reference_is_booked_again_and_counted_as_a_double(rest: RESTSandbox) -> None:
    for _ in range(3):
        await rest.post(record("REF1"))
    await rest.post(record("REF2", currency="EUR"))
    stats = await rest.stats()
    assert (stats["vouchers"], stats["references"], stats["doubles"], stats["extra"]) == (4, 2, 1, 2)
    assert stats["sums"] == {"NOK": 123_600, "EUR": 41_200}
    assert [entry["count"] for entry in await rest.ledger(reference="REF1")] == [3, 3, 3]


async def test_a_repeated_idempotency_key_books_once_where_that_is_switched_on(rest: RESTSandbox) -> None:
    async def twice(key: str) -> list[httpx2.Response]:
        return [await rest.post(record(key), **{"Idempotency-Key": key}) for _ in range(2)]

    await twice("REF1")
    await rest.change("settings", {"idempotency": True})
    first, second = await twice("REF2")
    assert first.json() == second.json()
    reused = await rest.post(record("REF3"), **{"Idempotency-Key": "REF2"})
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
    await rest.change("settings", {"latency_ms": 500})
    slow = asyncio.create_task(rest.post(record("REF4"), **{"Idempotency-Key": "REF4"}))
    while "REF4" not in await rest.booked():
        assert not slow.done()
    early = await rest.post(record("REF4"), **{"Idempotency-Key": "REF4"})
    assert (early.status_code, early.json()["code"]) == (409, "still_working")
    assert (await slow).status_code == 201
    assert await rest.booked() == ["REF1", "REF1", "REF2", "REF4"]


async def test_what_is_booked_is_found_by_reference_and_by_id(rest: RESTSandbox) -> None:
    await rest.post([record("REF1"), record("REF2"), record("REF1")])
    found = (await rest.get("vouchers", reference=["REF1", "REF9"])).json()["vouchers"]
    assert [(item["reference"], item["id"], item["amount"]) for item in found] == [
        ("REF1", "100001", "412.00"),
        ("REF1", "100003", "412.00"),
    ]
    assert (await rest.get("vouchers", reference="REF2,REF1")).json()["vouchers"][0]["id"] == "100002"
    one = (await rest.get("vouchers/100002")).json()
    assert (one["reference"], one["record"]["credit"]) == ("REF2", {"account": "2910"})
    assert (await rest.get("vouchers/999999")).status_code == 404
    assert (await rest.get("vouchers")).status_code == 400
    assert (await rest.get("vouchers", reference=",".join(map(str, range(501))))).status_code == 400


async def test_accounts_are_paged_and_the_link_header_names_the_next_page(rest: RESTSandbox) -> None:
    answer = await rest.get("accounts", per_page=40)
    codes = [account["code"] for account in answer.json()["accounts"]]
    while "next" in answer.links:
        answer = await rest.http.get(answer.links["next"]["url"], headers=rest.key())
        codes += [account["code"] for account in answer.json()["accounts"]]
    assert len(codes) == len(set(codes)) == answer.json()["total"] > 80
    closed = [item for item in answer.json()["accounts"] if not item["open"]]
    assert [item["code"] for item in closed] == []
    assert (await rest.get("accounts", page=99)).json()["accounts"] == []
    assert (await rest.get("accounts", page=0)).status_code == 400
    assert (await rest.get("accounts", per_page="many")).status_code == 400


async def test_each_kind_of_credentials_opens_and_a_wrong_one_does_not(rest: RESTSandbox) -> None:
    async def status(**headers: str) -> int:
        return (await rest.http.get(f"{rest.url}/api/me", headers=headers)).status_code

    known, basic = rest.credentials["keys"]["full"], rest.credentials["basic"]
    pair = base64.b64encode(f"{basic['user']}:{basic['password']}".encode()).decode()
    assert await status(**{"X-Api-Key": known}) == 200
    assert await status(Authorization=f"Bearer {known}") == 200
    assert await status(Authorization=f"Basic {pair}") == 200
    assert await status(**{"X-Api-Key": rest.credentials["keys"]["expired"]}) == 401
    assert await status(Authorization="Bearer made-up") == 401
    assert await status() == 401
    assert (await rest.post(record(), by="no_write")).status_code == 403
    assert (await rest.get("me", by="no_write")).json()["entity"]["name"] == "Eksempelforbundet"
    assert (await rest.http.get(f"{rest.url}/api/health")).json() == {"status": "ok"}


@pytest.mark.parametrize("in_header", [True, False])
async def test_a_client_gets_a_token_that_runs_out(*, in_header: bool) -> None:
    clock = FakeClock()
    async with rest_sandbox(clock=clock) as rest:
        client = rest.credentials["oauth"]
        form = {"grant_type": "client_credentials"}
        answer = await rest.http.post(
            f"{rest.url}/oauth/token",
            data=form if in_header else {**form, **client},
            auth=(client["client_id"], client["client_secret"]) if in_header else None,
        )
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

        async def me() -> int:
            return (await rest.http.get(f"{rest.url}/api/me", headers=headers)).status_code

        assert await me() == 200
        clock.advance(answer.json()["expires_in"])
        assert await me() == 401
        await rest.change("tokens/revoke")
        wrong = await rest.http.post(f"{rest.url}/oauth/token", data={**form, "client_id": "nobody"})
        assert wrong.json() == {"error": "invalid_client"}
        unknown = await rest.http.post(f"{rest.url}/oauth/token", data={"grant_type": "password"})
        assert unknown.status_code == 400


async def test_a_post_takes_its_latency_and_the_most_in_flight_is_seen() -> None:
    clock = HeldClock()
    async with rest_sandbox(clock=clock) as rest:
        await rest.change("settings", {"latency_ms": 300})
        posting = [asyncio.create_task(rest.post(record(f"REF{n}"))) for n in range(5)]
        async with asyncio.timeout(20):
            while (await rest.stats())["in_flight"] < 5:
                assert not any(post.done() for post in posting)
        clock.go_on.set()
        await asyncio.gather(*posting)
        assert clock.slept == [0.3] * 5
        stats = await rest.stats()
    assert (stats["most_in_flight"], stats["in_flight"], stats["requests"]) == (5, 0, 5)


async def test_too_many_at_once_are_asked_to_come_back() -> None:
    clock = HeldClock()
    async with rest_sandbox(clock=clock) as rest:
        await rest.change("settings", {"latency_ms": 300, "most_at_once": 2})
        posting = [asyncio.create_task(rest.post(record(f"REF{n}"))) for n in range(4)]
        async with asyncio.timeout(20):
            while sum(post.done() for post in posting) < 2:
                await asyncio.wait([post for post in posting if not post.done()], return_when=FIRST_COMPLETED)
        clock.go_on.set()
        answers = await asyncio.gather(*posting)
        assert sorted(answer.status_code for answer in answers) == [201, 201, 429, 429]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert [answer.headers["retry-after"] for answer in refused] == ["1", "1"]
        assert (await rest.stats())["vouchers"] == 2


async def test_a_long_ledger_is_listed_whole_or_page_by_page(rest: RESTSandbox) -> None:
    await rest.post([record(f"REF{n}") for n in range(600)])
    assert await rest.booked() == [f"REF{n}" for n in range(600)]
    page = await rest.ledger(offset=590, limit=20)
    assert [entry["reference"] for entry in page] == [f"REF{n}" for n in range(590, 600)]
    wrong = await rest.http.get(f"{rest.url}/_sandbox/ledger", params={"offset": -1})
    assert wrong.status_code == 400


async def test_the_page_shows_the_newest_vouchers_in_norwegian(rest: RESTSandbox) -> None:
    assert "Ingen bilag er bokført ennå." in (await rest.http.get(rest.url)).text
    await rest.post([record("REF1", lines=[line(text="<b>Tog</b>")]), record("REF2"), record("REF1")])
    page = (await rest.http.get(rest.url)).text
    assert '<th scope="row">REF1</th><td>5. november 2026</td><td class="tall">412,00 NOK</td>' in page
    assert "&lt;b&gt;Tog&lt;/b&gt;" in page
    assert "Dobbelt: referansen er bokført 2 ganger." in page
    assert page.index("REF1") < page.index("REF2")


@pytest.mark.parametrize(
    ("path", "body"),
    [("settings", {"mood": "bad"}), ("settings", {"latency_ms": -1}), ("settings", []), ("faults", {})],
)
async def test_administrative_requests_that_make_no_sense_are_refused(
    rest: RESTSandbox, path: str, body: Any
) -> None:
    answer = await rest.http.post(f"{rest.url}/_sandbox/{path}", json=body)
    assert answer.status_code == 400
