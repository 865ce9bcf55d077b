"""Which answers mean success, how a voucher is sent, and lists of accounts that go on by a mark."""

from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import credentials, said, scripted, settings, voucher
from tests.adapters.hostile import Server, answer
from tests.sandbox.rest import RESTSandbox


def there(server: Server, **changes: str) -> Credentials:
    url = f"http://127.0.0.1:{server.port}"
    return Credentials(settings(url, details="own", **changes), {"api_key": Secret("key-1")})


@pytest.mark.parametrize(
    ("codes", "status", "is_delivered"),
    [
        ("", "200 OK", True),
        ("", "207 Multi-Status", True),
        ("201", "201 Created", True),
        ("201", "200 OK", False),
        ("200, 202-204", "202 Accepted", True),
        ("200, 202-204", "201 Created", False),
        ("201", "202 Accepted", False),
    ],
)
async def test_only_the_answers_that_mean_success_there_are_a_delivery(
    adapter: GenericRESTAdapter, serve: Serve, codes: str, status: str, *, is_delivered: bool
) -> None:
    server = await serve(scripted(said({"id": "V1", "reference": "IAREF1"}, status)))
    call = adapter.send(there(server, success_codes=codes), [voucher(1)])
    if is_delivered:
        [outcome] = await call
        assert (outcome.result, outcome.external_id) == (Result.DELIVERED, "V1")
        return
    with pytest.raises(AdapterError) as unclear:
        await call
    assert unclear.value.fault is Fault.UNKNOWN_OUTCOME


@pytest.mark.parametrize("codes", ["2", "199", "300", "200-", "204-200", "200;201", "200, ,201", "two"])
def test_codes_that_make_no_sense_get_a_sentence(adapter: GenericRESTAdapter, codes: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(settings(details="own", success_codes=codes))
    assert "from 200 to 299" in str(wrong.value.fields["success_codes"])


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        ("201 Created", "/journals/J-17", "J-17"),
        ("201 Created", "https://api.example.org/v2/journals/J%2D17/?x=1", "J-17"),
        ("201 Created", "/", ""),
        ("204 No Content", "/journals/J-17", ""),
    ],
)
async def test_an_empty_201_names_what_was_made_in_its_address(
    adapter: GenericRESTAdapter, serve: Serve, status: str, location: str, expected: str
) -> None:
    server = await serve(scripted(answer(b"", f"Location: {location}", status=status)))
    if expected:
        [outcome] = await adapter.send(there(server), [voucher(1)])
        assert (outcome.result, outcome.external_id) == (Result.DELIVERED, expected)
        return
    with pytest.raises(AdapterError) as unclear:
        await adapter.send(there(server), [voucher(1)])
    assert unclear.value.fault is Fault.UNKNOWN_OUTCOME


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_voucher_is_sent_by_the_chosen_method(
    adapter: GenericRESTAdapter, serve: Serve, method: str
) -> None:
    server = await serve(scripted(said({"id": "V1"})))
    await adapter.send(there(server, send_method=method), [voucher(1)])
    assert server.heads[0].startswith(f"{method} /api/vouchers ".encode())


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"send_method": "DELETE"}, "send_method", "Choose one"),
        ({"send_path": "/companies/{companyId}/vouchers"}, "send_path", "{companyId}"),
        ({"test_path": "/companies/{id}"}, "test_path", "{id}"),
        ({"accounts_path": "/a?c={cursor}"}, "accounts_path", "where the mark of the next page is"),
        (
            {"accounts_path": "/a?c={cursor}&p={page}", "cursor_pointer": "/next"},
            "accounts_path",
            "not both",
        ),
        ({"cursor_pointer": "next"}, "cursor_pointer", "slash"),
        ({"base_url": "https://user:zx81@api.example.org"}, "base_url", "before the @ sign"),
    ],
)
def test_a_wrong_setting_gets_its_own_sentence(
    adapter: GenericRESTAdapter, changes: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(settings(details="own") | changes)
    assert words in str(wrong.value.fields[field])


@pytest.mark.parametrize("limit", ["7", "50", "500"])
async def test_accounts_go_on_by_a_cursor_to_the_last_page(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, limit: str
) -> None:
    path = f"/api/accounts?cursor={{cursor}}&limit={limit}"
    signed_in = credentials(sandbox, accounts_path=path, details="own", cursor_pointer="/next")
    data = await adapter.reference_data(signed_in)
    total = (await sandbox.get("accounts")).json()["total"]
    assert len(data.lists["accounts"]) == total
    assert (await sandbox.stats())["requests"] - 1 == -(-total // int(limit))


def page(codes: list[str], **more: Any) -> bytes:
    return said({"accounts": [{"code": code, "name": "x"} for code in codes], **more})


async def test_accounts_go_on_by_the_address_of_the_next_page(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(page(["1"], next="/accounts?from=2"), page(["2"], next=None)))
    data = await adapter.reference_data(there(server, accounts_path="/accounts", cursor_pointer="/next"))
    assert [item.code for item in data.lists["accounts"]] == ["1", "2"]
    assert server.heads[1].startswith(b"GET /accounts?from=2 ")


async def test_a_next_page_on_another_host_is_not_followed(adapter: GenericRESTAdapter, serve: Serve) -> None:
    server = await serve(scripted(page(["1"], next="http://127.0.0.2/accounts?from=2")))
    with pytest.raises(AdapterError, match="another host"):
        await adapter.reference_data(there(server, accounts_path="/accounts", cursor_pointer="/next"))
    assert len(server.heads) == 1


async def test_an_empty_page_in_the_middle_does_not_end_the_list(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(page(["1"], next="a&b+c%"), page([], next=7), page(["2"])))
    data = await adapter.reference_data(
        there(server, accounts_path="/a?after={cursor}", cursor_pointer="/next")
    )
    assert [item.code for item in data.lists["accounts"]] == ["1", "2"]
    lines = [head.split(b" HTTP")[0] for head in server.heads]
    assert lines == [b"GET /a", b"GET /a?after=a%26b%2Bc%25", b"GET /a?after=7"]


async def test_a_cursor_that_comes_again_ends_the_list(adapter: GenericRESTAdapter, serve: Serve) -> None:
    server = await serve(scripted(page(["1"], next="x"), page(["2"], next="x")))
    data = await adapter.reference_data(
        there(server, accounts_path="/a?after={cursor}", cursor_pointer="/next")
    )
    assert [item.code for item in data.lists["accounts"]] == ["1", "2"]
    assert len(server.heads) == 2
