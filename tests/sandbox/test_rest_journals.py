"""The REST ledger's other way in, its lists by cursor, and its description of itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sandbox.rest import RESTSandbox, rest_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[RESTSandbox]:
    async with rest_sandbox() as client:
        yield client


def journal(*entries: dict[str, Any], **header: Any) -> dict[str, Any]:
    said = {"externalRef": "REF1", "postingDate": "2026-11-05", "currency": "NOK"}
    return {"header": said | header, "entries": list(entries)}


def entry(amount: Any = 412.5, account: int = 7140, **more: Any) -> dict[str, Any]:
    return {"account": {"number": account}, "amount": amount, "description": "Tog", **more}


async def send(sandbox: RESTSandbox, content: Any, by: str = "full") -> Any:
    return await sandbox.http.post(f"{sandbox.url}/api/journals", json=content, headers=sandbox.key(by))


async def test_a_balanced_journal_is_booked_and_named_by_its_address(sandbox: RESTSandbox) -> None:
    answer = await send(sandbox, journal(entry(), entry(-412.5, 2910)))
    assert (answer.status_code, answer.content) == (201, b"")
    [booked] = await sandbox.ledger()
    assert answer.headers["location"] == f"/api/vouchers/{booked['id']}"
    assert (booked["reference"], booked["amount"], booked["balanced"]) == ("REF1", "412.50", True)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (journal(entry(), entry(-412, 2910)), ""),
        (journal(entry()), "entries"),
        (journal(entry("412.50"), entry(-412.5, 2910), externalRef="A" * 37), "header/externalRef"),
        (journal(entry(description="🚆" * 51), entry(-412.5, 2910)), "entries/0/description"),
        (journal(entry(account=1), entry(-412.5, 2910)), "lines.0.account"),
        (journal(entry(), entry(-412.5, 2910), extra=1), "header/extra"),
        ([], ""),
    ],
)
async def test_what_is_wrong_is_named_and_not_booked(sandbox: RESTSandbox, content: Any, place: str) -> None:
    answer = await send(sandbox, content)
    [problem] = answer.json()["fault"]["problems"]
    assert (answer.status_code, problem["at"]) == (422, place)
    assert problem["text"]
    assert await sandbox.booked() == []


async def test_who_may_only_read_books_nothing(sandbox: RESTSandbox) -> None:
    whole = journal(entry(), entry(-412.5, 2910))
    assert (await send(sandbox, whole, "no_write")).status_code == 403
    assert (await send(sandbox, whole, "expired")).status_code == 401
    assert await sandbox.booked() == []


async def test_accounts_come_by_cursor_and_an_empty_one_is_refused(sandbox: RESTSandbox) -> None:
    first = (await sandbox.get("accounts", limit=2)).json()
    second = (await sandbox.get("accounts", limit=2, cursor=first["next"])).json()
    assert len(first["accounts"]) == len(second["accounts"]) == 2
    assert first["accounts"] != second["accounts"]
    for cursor in ("", "made-up"):
        assert (await sandbox.get("accounts", limit=2, cursor=cursor)).status_code == 400


async def test_it_describes_itself_to_anybody(sandbox: RESTSandbox) -> None:
    described = (await sandbox.http.get(f"{sandbox.url}/api/openapi.json")).json()
    assert described["openapi"] == "3.1.0"
    for path, item in described["paths"].items():
        for method in item:
            answer = await sandbox.http.request(method, sandbox.url + path, headers=sandbox.key())
            assert answer.status_code not in {404, 405}


async def test_behind_a_server_that_asks_for_certificates_nothing_more_has_to_be_shown(
    sandbox: RESTSandbox,
) -> None:
    assert (await sandbox.http.get(f"{sandbox.url}/api/me")).status_code == 401
    await sandbox.change("settings", {"trusts_connection": True})
    assert (await sandbox.http.get(f"{sandbox.url}/api/me")).json()["user"] == "certificate"
    assert (await sandbox.get("me", by="expired")).status_code == 401
