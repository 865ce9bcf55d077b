"""The adapter against the simulated REST ledger, over real sockets, with the real HTTP client and clock.

A green run here shows that the two agree, not that any real system does.
"""

import asyncio
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters.generic_rest.ledger import credentials, line, results, settings, voucher
from tests.adapters.noting import NotingDeadlines
from tests.sandbox.rest import RESTSandbox


@pytest.mark.parametrize("batch", ["1", "100"])
async def test_a_voucher_is_booked_once_with_its_dimensions(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, batch: str
) -> None:
    lines = (line(vat_code="13", cost_centre="210", project="P-12"), line("-12.50"), line("0.00"))
    [outcome] = await adapter.send(credentials(sandbox, batch=batch), [voucher(1, *lines, party="V-118")])
    [entry] = await sandbox.ledger()
    assert (outcome.result, outcome.external_id) == (Result.DELIVERED, entry["id"])
    assert (entry["reference"], entry["amount"], entry["currency"]) == ("IAREF1", "399.50", "NOK")
    assert [part["amount"] for part in entry["lines"]] == ["412.00", "-12.50", "0.00", "-399.50"]
    assert (entry["lines"][0]["cost_centre"], entry["lines"][0]["project"]) == ("210", "P-12")
    record = (await sandbox.get(f"vouchers/{entry['id']}")).json()["record"]
    assert record["credit"] == {"account": "2910", "party": "V-118"}
    assert (record["number"], record["text"]) == (1, "EC-2026-1")


async def test_of_a_list_each_voucher_is_told_apart(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    batch = [voucher(1), voucher(2, line(account="0000")), voucher(3, credit_account="7190"), voucher(4)]
    outcomes = await adapter.send(credentials(sandbox, batch="100"), batch)
    assert results(outcomes) == {
        "IAREF1": Result.DELIVERED,
        "IAREF2": Result.REJECTED,
        "IAREF3": Result.REJECTED,
        "IAREF4": Result.DELIVERED,
    }
    assert [outcome.field for outcome in outcomes] == ["", "account", "credit_account", ""]
    assert "It says: “There is no account 0000.”" in str(outcomes[1].message)
    assert await sandbox.booked() == ["IAREF1", "IAREF4"]


async def test_a_voucher_refused_by_itself_is_rejected_in_the_far_sides_words(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1, line(account="7190"))])
    assert (outcome.result, outcome.fault, outcome.field) == (Result.REJECTED, Fault.CONFIG, "account")
    assert "Account 7190 takes no entries." in str(outcome.message)


@pytest.mark.parametrize(
    ("fault", "booked"),
    [
        ("drop_before", 0),
        ("drop_after", 1),
        ("late", 1),
        ("error500_after", 1),
        ("error503", 0),
        ("rate_limited", 0),
        ("rate_limited_bare", 0),
        ("half_body", 1),
        ("reset", 1),
        ("idless", 1),
        ("wrong_json", 1),
    ],
)
@pytest.mark.parametrize("batch", ["1", "100"])
async def test_a_lost_or_unclear_answer_is_unknown_until_a_lookup_tells(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, fault: str, booked: int, batch: str
) -> None:
    # Only a late answer is not waited for; the others come, on a busy machine too.
    signed_in = credentials(sandbox, batch=batch, send_seconds="2" if fault == "late" else "30")
    vouchers = [voucher(n) for n in range(1, 2 if batch == "1" else 6)]
    await sandbox.change("faults", {"spec": f"{fault}=1,late_seconds=60"})
    assert await outcome_of(adapter, signed_in, vouchers) == {Result.UNKNOWN}
    await sandbox.change("faults", {"spec": ""})
    found = await adapter.lookup(signed_in, [item.reference for item in vouchers])
    assert [item.count for item in found] == [1] * len(vouchers) * booked


async def outcome_of(adapter: GenericRESTAdapter, signed_in: Credentials, vouchers: Any) -> set[Result]:
    """Return the results of a send; an error raised stands for every voucher."""
    try:
        return set(results(await adapter.send(signed_in, vouchers)).values())
    except AdapterError as error:
        return {Result.UNKNOWN if error.fault is Fault.UNKNOWN_OUTCOME else Result.NOT_SENT}


async def test_what_is_booked_late_is_absent_first_and_found_afterwards(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    signed_in, began = credentials(sandbox), asyncio.get_running_loop().time()
    await sandbox.change("faults", {"spec": "late_commit=1,late_commit_seconds=0.3"})
    assert await outcome_of(adapter, signed_in, [voucher(1)]) == {Result.UNKNOWN}
    await sandbox.change("faults", {"spec": ""})
    async with asyncio.timeout(20):
        while not await adapter.lookup(signed_in, ["IAREF1"]):
            pass
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_a_double_of_the_far_sides_own_making_is_found_twice(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    await sandbox.change("faults", {"spec": "duplicate=1"})
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1)])
    await sandbox.change("faults", {"spec": ""})
    [found] = await adapter.lookup(credentials(sandbox), ["IAREF1"])
    assert (outcome.result, found.count, found.external_id) == (Result.DELIVERED, 2, outcome.external_id)


async def test_a_slow_answer_within_the_deadline_is_a_delivery(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    await sandbox.change("faults", {"spec": "slow=1,slow_seconds=0.2"})
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1)])
    assert outcome.result is Result.DELIVERED


async def test_a_send_ends_within_its_deadline(outbound: OutboundClient, sandbox: RESTSandbox) -> None:
    noting = NotingDeadlines(outbound)
    adapter = GenericRESTAdapter(noting, SystemClock())
    await sandbox.change("settings", {"latency_ms": 30_000})
    with pytest.raises(AdapterError) as lost:
        await adapter.send(credentials(sandbox, send_seconds="2"), [voucher(1)])
    # Half a second is kept for what comes after the answer.
    assert [given <= 1.5 for given in noting.deadlines] == [True]
    assert (lost.value.fault, lost.value.code) == (Fault.UNKNOWN_OUTCOME, "deadline")


@pytest.mark.parametrize("fault", ["rate_limited", "error503"])
async def test_being_asked_to_wait_is_believed_only_where_the_vendor_promises_it(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, fault: str
) -> None:
    await sandbox.change("faults", {"spec": f"{fault}=1"})
    for promise, expected in (("yes", Fault.RATE_LIMITED), ("no", Fault.UNKNOWN_OUTCOME)):
        with pytest.raises(AdapterError) as told:
            await adapter.send(credentials(sandbox, wait_promise=promise), [voucher(1)])
        assert (told.value.fault, told.value.retry_after) == (expected, 1.0)


async def test_the_reference_in_the_chosen_header_keeps_a_repeat_from_being_booked_again(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    await sandbox.change("settings", {"idempotency": True})
    for batch in ("1", "100"):
        signed_in = credentials(sandbox, batch=batch, idempotency_header="Idempotency-Key")
        vouchers = [voucher(int(batch))] if batch == "1" else [voucher(2), voucher(3)]
        first = await adapter.send(signed_in, vouchers)
        assert await adapter.send(signed_in, vouchers) == first
    assert await sandbox.booked() == ["IAREF1", "IAREF2", "IAREF3"]


async def test_a_voucher_that_was_refused_and_put_right_is_booked_where_keys_are_remembered(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    await sandbox.change("settings", {"idempotency": True})
    signed_in = credentials(sandbox, idempotency_header="Idempotency-Key")
    [refused] = await adapter.send(signed_in, [voucher(1, line(account="9999"))])
    [booked] = await adapter.send(signed_in, [voucher(1, line(account="7160"))])
    assert (refused.result, booked.result) == (Result.REJECTED, Result.DELIVERED)
    assert await sandbox.booked() == ["IAREF1"]


@pytest.mark.parametrize(
    "path", ["/api/vouchers?reference={references}", "/api/vouchers?reference={reference}"]
)
async def test_a_lookup_finds_what_is_booked_and_leaves_the_rest_out(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, path: str
) -> None:
    signed_in = credentials(sandbox, batch="500", in_flight="8", lookup_path=path)
    await adapter.send(signed_in, [voucher(n) for n in range(1, 201)])
    await adapter.send(signed_in, [voucher(7)])
    found = await adapter.lookup(signed_in, [f"IAREF{n}" for n in range(1, 402, 2)])
    assert [item.reference for item in found] == [f"IAREF{n}" for n in range(1, 201, 2)]
    assert {item.count for item in found if item.reference != "IAREF7"} == {1}
    assert [item.count for item in found if item.reference == "IAREF7"] == [2]


async def test_sends_at_the_same_time_do_not_disturb_each_other(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    await sandbox.change("settings", {"latency_ms": 50})
    signed_in = credentials(sandbox)
    await asyncio.gather(*(adapter.send(signed_in, [voucher(n)]) for n in range(1, 21)))
    stats = await sandbox.stats()
    assert (stats["vouchers"], stats["doubles"], stats["most_in_flight"]) == (20, 0, 20)


@pytest.mark.parametrize(
    "path", ["/api/accounts", "/api/accounts?per_page=10", "/api/accounts?page={page}&per_page=500"]
)
async def test_accounts_are_read_from_all_pages(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, path: str
) -> None:
    data = await adapter.reference_data(credentials(sandbox, accounts_path=path))
    accounts = {item.code: item for item in data.lists["accounts"]}
    assert len(accounts) == (await sandbox.get("accounts")).json()["total"]
    assert accounts["7140"].name == "Reise, rapporteres ikke"
    assert (accounts["7190"].open, accounts["71"].posting, accounts["7140"].open) == (False, False, True)


async def test_without_a_path_there_is_no_list(adapter: GenericRESTAdapter, sandbox: RESTSandbox) -> None:
    assert (await adapter.reference_data(credentials(sandbox))).lists == {}


def ways_to_sign_in(sandbox: RESTSandbox) -> dict[str, Credentials]:
    known, basic, oauth = (
        sandbox.credentials["keys"]["full"],
        *(sandbox.credentials[n] for n in ("basic", "oauth")),
    )
    token_url = f"{sandbox.url}/oauth/token"
    return {
        "api_key": Credentials(settings(sandbox.url), {"api_key": Secret(known)}),
        "bearer": Credentials(settings(sandbox.url, authentication="bearer"), {"token": Secret(known)}),
        "basic": Credentials(
            settings(sandbox.url, authentication="basic", user=basic["user"]),
            {"password": Secret(basic["password"])},
        ),
        "oauth2": Credentials(
            settings(sandbox.url, authentication="oauth2", token_url=token_url, client_id=oauth["client_id"]),
            {"client_secret": Secret(oauth["client_secret"])},
        ),
    }


@pytest.mark.parametrize("way", ["api_key", "bearer", "basic", "oauth2"])
async def test_every_way_to_sign_in_opens_the_ledger(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, way: str
) -> None:
    signed_in = ways_to_sign_in(sandbox)[way]
    assert (await adapter.test_connection(signed_in)).entity == "Eksempelforbundet"
    [outcome] = await adapter.send(signed_in, [voucher(1)])
    assert outcome.result is Result.DELIVERED


@pytest.mark.parametrize("way", ["api_key", "bearer", "basic", "oauth2"])
async def test_a_wrong_secret_stops_the_integration(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, way: str
) -> None:
    right = ways_to_sign_in(sandbox)[way]
    wrong = Credentials(right.settings, {name: Secret("made-up") for name in right.secrets})
    missing = Credentials(right.settings)
    for signed_in in (wrong, missing):
        with pytest.raises(AuthenticationFailed):
            await adapter.test_connection(signed_in)
        with pytest.raises(AuthenticationFailed):
            await adapter.send(signed_in, [voucher(1)])
    assert await sandbox.booked() == []


async def test_without_signing_in_nothing_is_said_of_anybody(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    nobody = Credentials(settings(sandbox.url, authentication="none", test_path="/api/health", lookup="none"))
    assert (await adapter.test_connection(nobody)).entity == sandbox.url.removeprefix("http://")
    with pytest.raises(AuthenticationFailed):
        await adapter.send(nobody, [voucher(1)])


async def test_a_key_that_may_not_write_passes_the_test_and_stops_the_first_export(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    await adapter.test_connection(credentials(sandbox, "no_write"))
    with pytest.raises(AuthenticationFailed, match="403") as refused:
        await adapter.send(credentials(sandbox, "no_write"), [voucher(1)])
    assert "right to book" in str(refused.value.message)


async def test_a_token_is_asked_for_once_and_again_when_it_is_refused_in_the_middle(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    signed_in = ways_to_sign_in(sandbox)["oauth2"]
    await asyncio.gather(*(adapter.send(signed_in, [voucher(n)]) for n in range(1, 6)))
    assert (await sandbox.stats())["requests"] == 5 + 1
    await sandbox.change("tokens/revoke")
    outcomes = await asyncio.gather(*(adapter.send(signed_in, [voucher(n)]) for n in range(6, 11)))
    assert {outcome.result for [outcome] in outcomes} == {Result.DELIVERED}
    assert (await sandbox.stats())["doubles"] == 0
    assert (await sandbox.stats())["vouchers"] == 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"test_path": "/api/nothing"}, "There is nothing at"),
        ({"lookup_path": "/api/nothing?reference={references}"}, "There is nothing at"),
        ({"lookup_path": "/api/accounts?q={references}"}, "another form"),
        ({"lookup_path": "/api/me?q={reference}"}, "another form"),
    ],
)
async def test_a_wrong_path_is_found_by_the_connection_test(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(AdapterError) as failed:
        await adapter.test_connection(credentials(sandbox, **changes))
    assert words in str(failed.value.message)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/me"])
async def test_a_wrong_path_for_sending_is_a_setting_and_no_record_is_to_blame(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, path: str
) -> None:
    with pytest.raises(AdapterError) as failed:
        await adapter.send(credentials(sandbox, send_path=path), [voucher(1)])
    assert failed.value.fault is Fault.CONFIG
    assert path in str(failed.value.message)
