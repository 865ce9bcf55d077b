"""Answers of every kind to something that was sent, and to questions; told by servers that follow a script."""

from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import results, said, scripted, settings, voucher
from tests.adapters.hostile import Server, answer, silent


def there(server: Server, **changes: str) -> Credentials:
    return Credentials(settings(f"http://127.0.0.1:{server.port}", **changes), {"api_key": Secret("key-1")})


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("301 Moved", Fault.CONFIG),
        ("302 Found", Fault.CONFIG),
        ("401 Unauthorized", Fault.CONFIG),
        ("403 Forbidden", Fault.CONFIG),
        ("404 Not Found", Fault.CONFIG),
        ("405 Method Not Allowed", Fault.CONFIG),
        ("408 Request Timeout", Fault.UNKNOWN_OUTCOME),
        ("409 Conflict", Fault.UNKNOWN_OUTCOME),
        ("418 Teapot", Fault.UNKNOWN_OUTCOME),
        ("429 Too Many Requests", Fault.UNKNOWN_OUTCOME),
        ("500 Internal Server Error", Fault.UNKNOWN_OUTCOME),
        ("502 Bad Gateway", Fault.UNKNOWN_OUTCOME),
        ("503 Service Unavailable", Fault.UNKNOWN_OUTCOME),
    ],
)
async def test_an_answer_without_success_holds_for_the_whole_batch(
    adapter: GenericRESTAdapter, serve: Serve, status: str, fault: Fault
) -> None:
    server = await serve(
        scripted(answer(b"<html>no</html>", "Location: https://elsewhere.example/", status=status))
    )
    with pytest.raises(AdapterError) as failed:
        await adapter.send(there(server, batch="10"), [voucher(1), voucher(2)])
    assert failed.value.fault is fault
    assert isinstance(failed.value, AuthenticationFailed) is (status[:3] in {"401", "403"})
    assert len(server.heads) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "413 Too Large", "422 Unprocessable"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"error": {"message": "No such account"}}, "No such account"),
        ({"detail": "No such account"}, "No such account"),
        ({"message": "No <b>such</b>\u202e account"}, "No such account"),
        ({"error": "No such account"}, "No such account"),
        ([1], "does not say why"),
    ],
)
async def test_a_voucher_refused_for_what_it_says_is_rejected_with_the_far_sides_words(
    adapter: GenericRESTAdapter, serve: Serve, status: str, content: Any, words: str
) -> None:
    server = await serve(scripted(said(content, status)))
    [outcome] = await adapter.send(there(server), [voucher(1)])
    assert outcome.result is Result.REJECTED
    assert words in str(outcome.message).replace("  ", " ")


async def test_a_page_in_place_of_a_reason_is_not_shown(adapter: GenericRESTAdapter, serve: Serve) -> None:
    server = await serve(scripted(answer(b"<html>", status="400 Bad Request")))
    [outcome] = await adapter.send(there(server), [voucher(1)])
    assert "(400) and does not say why" in str(outcome.message)


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"id": ""},
        {"id": None},
        {"id": True},
        {"id": "1", "reference": "IAREF9"},
        {"vouchers": []},
        {"vouchers": [{"reference": "IAREF1"}]},
        {"vouchers": [{"reference": "IAREF1", "id": 1}, {"reference": "IAREF1", "id": 2}]},
        {"vouchers": [{"id": 1}, {"id": 2}]},
        {"vouchers": ["IAREF1"]},
        "booked",
    ],
)
async def test_success_without_a_clear_id_is_unknown(
    adapter: GenericRESTAdapter, serve: Serve, content: Any
) -> None:
    server = await serve(scripted(said(content, "201 Created")))
    [outcome] = await adapter.send(there(server), [voucher(1)])
    assert (outcome.result, outcome.fault) == (Result.UNKNOWN, Fault.UNKNOWN_OUTCOME)


@pytest.mark.parametrize(
    ("changes", "content"),
    [
        ({}, {"id": 7}),
        ({}, [{"id": "7"}]),
        ({"id_pointer": "/result/0/number"}, {"result": [{"number": 7}], "reference": "IAREF1"}),
        (
            {"results_pointer": "/d/rows", "reference_pointer": "/our/ref"},
            {"d": {"rows": [{"id": 7, "our": {"ref": "IAREF1"}}]}},
        ),
    ],
)
async def test_the_id_is_found_where_the_settings_say(
    adapter: GenericRESTAdapter, serve: Serve, changes: dict[str, str], content: Any
) -> None:
    server = await serve(scripted(said(content)))
    [outcome] = await adapter.send(there(server, **changes), [voucher(1)])
    assert (outcome.result, outcome.external_id) == (Result.DELIVERED, "7")


async def test_results_without_references_are_taken_in_their_order_only_when_they_are_all_there(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    whole = await serve(scripted(said({"vouchers": [{"id": 1}, {"status": "rejected"}]})))
    outcomes = await adapter.send(there(whole, batch="10"), [voucher(1), voucher(2)])
    assert results(outcomes) == {"IAREF1": Result.DELIVERED, "IAREF2": Result.REJECTED}
    short = await serve(scripted(said({"vouchers": [{"id": 1}]})))
    outcomes = await adapter.send(there(short, batch="10"), [voucher(1), voucher(2)])
    assert set(results(outcomes).values()) == {Result.UNKNOWN}


async def test_a_list_refused_as_a_whole_is_looked_up_and_the_absent_go_out_by_themselves(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(
        scripted(
            said({"detail": "One of them is wrong"}, "422 Unprocessable"),
            said({"vouchers": [{"reference": "IAREF1", "id": 1}]}),
            said({"vouchers": []}),
            said({"vouchers": [{"reference": "IAREF2", "id": 2}]}, "201 Created"),
            said({"detail": "No such account", "field": "lines[0].account"}, "422 Unprocessable"),
            answer(b"", status="500 Oh"),
        )
    )
    batch = [voucher(n) for n in range(1, 6)]
    outcomes = await adapter.send(there(server, batch="10"), batch)
    assert results(outcomes) == {
        "IAREF1": Result.DELIVERED,
        "IAREF2": Result.DELIVERED,
        "IAREF3": Result.REJECTED,
        "IAREF4": Result.UNKNOWN,
        "IAREF5": Result.NOT_SENT,
    }
    assert outcomes[2].field == "account"
    assert [head.split()[0] for head in server.heads] == [b"POST", b"GET", b"GET", b"POST", b"POST", b"POST"]


async def test_a_list_refused_as_a_whole_is_unknown_where_nothing_can_be_looked_up(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    refused = said({}, "400 Bad Request")
    blind = await serve(scripted(refused))
    outcomes = await adapter.send(there(blind, batch="10", lookup="none"), [voucher(1), voucher(2)])
    assert set(results(outcomes).values()) == {Result.UNKNOWN}
    broken = await serve(scripted(refused, answer(b"", status="500 Oh")))
    with pytest.raises(AdapterError) as unclear:
        await adapter.send(there(broken, batch="10"), [voucher(1), voucher(2)])
    assert unclear.value.fault is Fault.UNKNOWN_OUTCOME


async def test_nothing_is_sent_by_itself_once_the_time_is_over(serve: Serve) -> None:
    server = await serve(
        scripted(said({}, "400 Bad Request"), said({"vouchers": []}), said({"id": 1, "reference": "IAREF1"}))
    )

    class Hasty(SystemClock):
        """Stands at the very end of the batch's time once the lookup has been made."""

        def monotonic(self) -> float:
            return 27.8 if len(server.heads) > 1 else 0.0

    async with OutboundClient(allow=("127.0.0.0/8",)) as outbound:
        adapter = GenericRESTAdapter(outbound, Hasty())
        outcomes = await adapter.send(there(server, batch="10"), [voucher(1), voucher(2)])
    assert {(outcome.result, outcome.fault) for outcome in outcomes} == {(Result.NOT_SENT, Fault.TRANSIENT)}
    assert len(server.heads) == 2


async def test_nothing_listening_means_nothing_was_sent(
    adapter: GenericRESTAdapter, unused_tcp_port: int
) -> None:
    nowhere = Credentials(settings(f"http://127.0.0.1:{unused_tcp_port}"), {"api_key": Secret("k")})
    with pytest.raises(AdapterError) as failed:
        await adapter.send(nowhere, [voucher(1)])
    assert failed.value.fault is Fault.TRANSIENT


async def test_an_address_that_may_not_be_called_is_a_setting(adapter: GenericRESTAdapter) -> None:
    private = Credentials(settings("https://10.0.0.1"), {"api_key": Secret("k")})
    with pytest.raises(AdapterError) as failed:
        await adapter.send(private, [voucher(1)])
    assert (failed.value.fault, failed.value.code) == (Fault.CONFIG, "address_refused")


LOOKUP = "/vouchers/{reference}"


@pytest.mark.parametrize(
    ("path", "given", "count"),
    [
        (LOOKUP, answer(b"none", status="404 Not Found"), 0),
        (LOOKUP, said({"reference": "IAREF1", "id": 3}), 1),
        (LOOKUP, said([]), 0),
        (LOOKUP, said([{"reference": "IAREF1", "id": 3}, {"reference": "IAREF1", "id": 4}]), 2),
        ("/vouchers?r={references}", said({"vouchers": []}), 0),
        ("/vouchers?r={references}", said({"vouchers": [{"reference": "IAREF1", "id": 3}]}), 1),
    ],
)
async def test_a_lookup_counts_what_is_there(
    adapter: GenericRESTAdapter, serve: Serve, path: str, given: bytes, count: int
) -> None:
    server = await serve(scripted(given))
    found = await adapter.lookup(there(server, lookup_path=path), ["IAREF1"])
    assert [(item.count, item.external_id) for item in found] == ([(count, "3")] if count else [])


@pytest.mark.parametrize(
    ("path", "given", "fault"),
    [
        ("/vouchers?r={references}", answer(b"", status="404 Not Found"), Fault.CONFIG),
        ("/vouchers?r={reference}", answer(b"", status="404 Not Found"), Fault.CONFIG),
        (LOOKUP, answer(b"", status="301 Moved"), Fault.CONFIG),
        (LOOKUP, answer(b"", status="401 No"), Fault.CONFIG),
        (LOOKUP, answer(b"", status="500 Oh"), Fault.UPSTREAM),
        (LOOKUP, answer(b"", status="204 No Content"), Fault.UPSTREAM),
        (LOOKUP, answer(b"", status="429 Slow down"), Fault.RATE_LIMITED),
        (LOOKUP, answer(b"", "Retry-After: 7", status="503 Busy"), Fault.RATE_LIMITED),
        (LOOKUP, answer(b"{"), Fault.UPSTREAM),
        (LOOKUP, answer(b"<html>"), Fault.UPSTREAM),
        (LOOKUP, said({}), Fault.UPSTREAM),
        (LOOKUP, said({"reference": "IAREF2", "id": 3}), Fault.UPSTREAM),
        ("/vouchers?r={references}", said({"reference": "IAREF1", "id": 3}), Fault.UPSTREAM),
        ("/vouchers?r={references}", said([{"reference": "IAREF2", "id": 3}]), Fault.UPSTREAM),
        ("/vouchers?r={references}", said([{"id": 3}]), Fault.UPSTREAM),
        ("/v?r={references}", said([], "200 OK", 'Link: </v?page=2>; rel="next"'), Fault.UPSTREAM),
        ("/v?r={references}", said([], "200 OK", "Link: </v?page=2>; rel=next"), Fault.UPSTREAM),
        (
            "/v?r={references}",
            said([], "200 OK", 'Link: </v>; rel="first", </v?page=2>; rel="NEXT"'),
            Fault.UPSTREAM,
        ),
        (LOOKUP, said([], "200 OK", 'Link: </v?page=2>; title="more"; rel="last next"'), Fault.UPSTREAM),
    ],
)
async def test_a_lookup_that_does_not_surely_tell_everything_tells_nothing(
    adapter: GenericRESTAdapter, serve: Serve, path: str, given: bytes, fault: Fault
) -> None:
    server = await serve(scripted(given))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server, lookup_path=path), ["IAREF1"])
    assert failed.value.fault is fault


@pytest.mark.parametrize("path", ["/v?r={references}", "/v?r={reference}"])
async def test_a_lookup_whose_answer_has_the_mark_of_a_next_page_tells_nothing(
    adapter: GenericRESTAdapter, serve: Serve, path: str
) -> None:
    server = await serve(scripted(said({"vouchers": [], "meta": {"next": "b3Bh"}})))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server, lookup_path=path, cursor_pointer="/meta/next"), ["IAREF1"])
    assert failed.value.code == "shape"


async def test_a_last_page_whose_mark_is_empty_is_a_whole_answer(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(said({"vouchers": [], "meta": {"next": None}})))
    assert await adapter.lookup(there(server, cursor_pointer="/meta/next"), ["IAREF1"]) == []


async def test_a_link_to_something_else_than_the_next_page_is_no_next_page(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    for link in ('</v>; rel="first", </old>; rel=next-archive', "</v>; rel=" + " " * 7_000 + "x"):
        server = await serve(scripted(said([], "200 OK", f"Link: {link}")))
        assert await adapter.lookup(there(server), ["IAREF1"]) == []


async def test_references_a_lookup_leaves_out_are_asked_for_again_until_an_answer_has_none_of_them(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    first, second = ([{"reference": f"IAREF{n}", "id": n} for n in some] for some in ((1, 2), (3,)))
    server = await serve(scripted(said(first), said(second), said([])))
    found = await adapter.lookup(there(server), [f"IAREF{n}" for n in (1, 2, 3, 4)])
    assert [item.reference for item in found] == ["IAREF1", "IAREF2", "IAREF3"]
    asked = [head.split()[1].decode().partition("=")[2] for head in server.heads]
    assert asked == ["IAREF1,IAREF2,IAREF3,IAREF4", "IAREF3,IAREF4", "IAREF4"]


async def test_an_integration_without_lookup_says_so(adapter: GenericRESTAdapter, serve: Serve) -> None:
    server = await serve(silent)
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server, lookup="none"), ["IAREF1"])
    assert failed.value.code == "no_lookup"


async def test_a_long_lookup_is_asked_in_addresses_that_are_not_too_long(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(said([])))
    references = [f"IA{n:023d}" for n in range(500)]
    assert await adapter.lookup(there(server), references) == []
    lines = [head.partition(b"\r\n")[0].decode() for head in server.heads]
    assert max(map(len, lines)) < 2_000
    asked = [part for line in lines for part in line.split()[1].partition("=")[2].split(",")]
    assert sorted(asked) == references


async def test_the_next_page_of_accounts_is_never_fetched_from_elsewhere(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    page = said([{"code": "7140"}], "200 OK", 'Link: <https://elsewhere.example/2>; rel="next"')
    server = await serve(scripted(page))
    with pytest.raises(AdapterError) as failed:
        await adapter.reference_data(there(server, accounts_path="/accounts"))
    assert failed.value.code == "shape"
    assert len(server.heads) == 1


async def test_accounts_that_never_end_do_not_keep_the_adapter_for_ever(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(
        scripted(said([{"code": "7140", "name": "Reise"}], "200 OK", "Link: </a>; rel=next"))
    )
    data = await adapter.reference_data(there(server, accounts_path="/a"))
    assert [item.code for item in data.lists["accounts"]] == ["7140"]
    assert len(server.heads) == 1


async def test_pages_without_anything_new_end_after_a_few(adapter: GenericRESTAdapter, serve: Serve) -> None:
    pages = (
        said([{"code": "7140", "name": "Reise"}], "200 OK", f"Link: </a?page={page}>; rel=next")
        for page in range(2, 12)
    )
    server = await serve(scripted(*pages))
    data = await adapter.reference_data(there(server, accounts_path="/a"))
    assert [item.code for item in data.lists["accounts"]] == ["7140"]
    assert len(server.heads) == 5


async def test_a_list_of_more_pages_than_are_read_is_called_that_and_not_of_another_form(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    pages = (
        said([{"code": str(page), "name": "Reise"}], "200 OK", f"Link: </a?page={page}>; rel=next")
        for page in range(2, 503)
    )
    server = await serve(scripted(*pages))
    with pytest.raises(AdapterError) as failed:
        await adapter.reference_data(there(server, accounts_path="/a"))
    assert (failed.value.code, failed.value.message.values) == ("pages", {"count": "500"})
    assert len(server.heads) == 500


async def test_the_connection_test_ends_in_time_whatever_the_far_side_does(
    outbound: OutboundClient, serve: Serve
) -> None:
    server = await serve(silent)
    hasty = GenericRESTAdapter(outbound, SystemClock(), test_seconds=0.2)
    with pytest.raises(AdapterError) as failed:
        await hasty.test_connection(there(server))
    assert (failed.value.fault, failed.value.code) == (Fault.UPSTREAM, "deadline")


async def test_accounts_of_one_code_are_one_account_that_takes_postings(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    accounts = [
        {"id": "A1", "code": "7140", "name": "Reise", "open": False},
        {"id": "A2", "code": "7140", "name": "Reise, avdeling 2"},
        {"id": "A3", "code": "7140", "name": "Reise, avdeling 3"},
    ]
    server = await serve(scripted(said(accounts)))
    data = await adapter.reference_data(there(server, accounts_path="/accounts"))
    assert [item.name for item in data.lists["accounts"]] == ["Reise, avdeling 2"]
