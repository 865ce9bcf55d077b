"""Signing in, the connection test, and the reference lists, against the simulated Finance & Operations."""

import asyncio

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.dynamics.finance_operations.ledger import (
    credentials,
    reference,
    said,
    scripted,
    settings,
    token,
    voucher,
)
from tests.adapters.hostile import silent
from tests.sandbox.finance_operations import FinanceSandbox


@pytest.mark.parametrize("company", ["NO01", "no01"])
async def test_the_test_names_the_legal_entity_and_never_asks_for_the_metadata(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, company: str
) -> None:
    found = await adapter.test_connection(credentials(sandbox, company=company))
    assert (found.entity, found.entity_id) == ("NO01 Eksempelforbundet", "NO01")
    assert (company, "NO01 Eksempelforbundet") in found.found["company"]
    assert sandbox.state.requests == {
        "LegalEntities": 1,
        "LedgerJournalLines": 1,
        "DimensionIntegrationFormats": 1,
        "DimensionParameters": 1,
    }
    assert found.warnings == ()


async def test_a_legal_entity_that_does_not_exist_is_answered_with_those_there_are(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    found = await adapter.test_connection(credentials(sandbox, company="USMF"))
    assert found.entity == ""
    assert str(found.undecided["company"]) == (
        "There is no legal entity USMF in Finance & Operations. Choose one of these: NO01 Eksempelforbundet, NO02"
        " Eksempelforbundet Oslo og Akershus."
    )
    assert found.found["company"] == (
        ("NO01", "NO01 Eksempelforbundet"),
        ("NO02", "NO02 Eksempelforbundet Oslo og Akershus"),
    )


async def test_a_user_who_may_see_no_legal_entity_is_told_so(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    server = await serve(scripted(token=token(), entities=said({"value": []})))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
    with pytest.raises(AdapterError) as failed:
        await adapter.test_connection(signed_in)
    assert (failed.value.fault, failed.value.code) == (Fault.CONFIG, "no_company")


async def test_an_app_that_is_not_entered_there_is_told_apart_from_a_wrong_secret(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    with pytest.raises(AuthenticationFailed, match="401") as unknown:
        await adapter.test_connection(credentials(sandbox, "not_enabled"))
    assert "Microsoft Entra applications" in str(unknown.value.message)
    right = credentials(sandbox)
    wrong = Credentials(right.settings, {"client_secret": Secret("made-up")})
    with pytest.raises(AuthenticationFailed) as refused:
        await adapter.test_connection(wrong)
    assert refused.value.code == "AADSTS7000215"
    with pytest.raises(AuthenticationFailed):
        await adapter.send(Credentials(right.settings), [voucher(1)])


async def test_an_app_that_may_only_read_passes_the_test_and_stops_the_first_export(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    await adapter.test_connection(credentials(sandbox, "read_only"))
    with pytest.raises(AuthenticationFailed) as refused:
        await adapter.send(credentials(sandbox, "read_only"), [voucher(1)])
    assert "role that may read and write general journals" in str(refused.value.message)


async def test_a_journal_name_that_does_not_exist_is_named(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    with pytest.raises(AdapterError) as failed:
        await adapter.send(credentials(sandbox, journal_name="FEIL"), [voucher(1)])
    assert (failed.value.fault, failed.value.code) == (Fault.CONFIG, "no_journal")
    assert "opens no journal of the name FEIL in NO01" in str(failed.value.message)
    assert "'FEIL' in field 'Name' is not found" in str(failed.value.message)


async def test_a_token_that_ran_out_is_renewed_for_questions(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    await adapter.lookup(credentials(sandbox), [reference(1)])
    sandbox.entra.revoke()
    assert await adapter.lookup(credentials(sandbox), [reference(1)]) == []
    assert sandbox.entra.requests == 2


async def test_a_token_that_ran_out_between_two_sends_is_renewed(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    await adapter.send(credentials(sandbox), [voucher(1)])
    sandbox.entra.revoke()
    [outcome] = await adapter.send(credentials(sandbox), [voucher(2)])
    assert (outcome.result, sandbox.state.stats()["doubles"]) == (Result.DELIVERED, 0)


async def test_a_test_ends_within_its_time_whatever_the_far_side_does(
    outbound: OutboundClient, serve: Serve
) -> None:
    server = await serve(silent)
    adapter = FinanceOperationsAdapter(outbound, SystemClock(), test_seconds=0.3)
    before = asyncio.get_running_loop().time()
    with pytest.raises(AdapterError) as stalled:
        await adapter.test_connection(
            Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
        )
    assert asyncio.get_running_loop().time() - before < 8
    assert stalled.value.code == "deadline"


async def test_reference_lists_are_read_from_all_pages(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.page_size = 10
    data = await adapter.reference_data(credentials(sandbox))
    accounts = {item.code: item for item in data.lists["accounts"]}
    assert accounts["7140"].name == "Reise, rapporteres ikke"
    assert (accounts["7190"].open, accounts["71"].posting, accounts["7140"].open) == (False, False, True)
    assert accounts["7140"].valid_from is None
    assert data.dimensions == {"dimension_1": "CostCenter", "dimension_2": "Project"}
    centres = {item.code: item for item in data.lists["dimension_1"]}
    assert "310" not in centres
    assert (centres["290"].open, centres["10"].posting) == (False, False)
    assert str(centres["280"].valid_to) == "2025-12-31"
    assert {item.code for item in data.lists["dimension_2"]} >= {"P-12", "P-21"}
    vendors = {item.code: item for item in data.lists["vendors"]}
    assert (vendors["V-118"].name, vendors["L-290"].open) == ("Kari Nordmann", False)
    assert "NOK" in {item.code for item in data.lists["currencies"]}


async def test_a_code_that_is_listed_twice_is_one_entry_as_it_counts_in_the_legal_entity(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    charts = [
        {"ChartOfAccounts": "OLD", "MainAccountId": "7140", "Name": "Reise", "IsSuspended": "Yes"},
        {"ChartOfAccounts": "NS4102", "MainAccountId": "7140", "Name": "Reise"},
        {"ChartOfAccounts": "DK", "MainAccountId": "7140", "Name": "Rejser", "IsSuspended": "Yes"},
    ]
    centres = [
        {"LegalEntityId": "", "DimensionValue": "210", "Description": "Drift"},
        {"LegalEntityId": "NO01", "DimensionValue": "210", "Description": "Drift", "IsSuspended": "Yes"},
        {"LegalEntityId": "", "DimensionValue": "220", "Description": "Likepersoner"},
        {
            "LegalEntityId": "NO02",
            "DimensionValue": "220",
            "Description": "Likepersoner",
            "IsSuspended": "Yes",
        },
    ]
    # The ledger, which tells no chart, the accounts, vendors, currencies, and the values of two dimensions.
    answers = [said({"value": rows}) for rows in ([], charts, [], [], centres, [])]
    server = await serve(scripted(token=token(), entities=answers))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
    data = await adapter.reference_data(signed_in)
    assert [(item.id, item.open) for item in data.lists["accounts"]] == [("NS4102/7140", True)]
    assert {item.code: item.open for item in data.lists["dimension_1"]} == {"210": False, "220": True}
    assert len(data.lists["dimension_1"]) == 2


async def test_a_chart_of_twenty_thousand_accounts_is_read_whole(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.lists.extra_accounts = 20_000
    data = await adapter.reference_data(credentials(sandbox))
    assert len(data.lists["accounts"]) > 20_000
    assert sandbox.state.requests["MainAccounts"] == 5


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/data/MainAccounts?$skiptoken=1",
        "//elsewhere.example/data/MainAccounts",
        "/other/MainAccounts",
        "http://127.0.0.1:1/data/MainAccounts",
    ],
)
async def test_a_next_page_elsewhere_is_never_asked_for(
    adapter: FinanceOperationsAdapter, serve: Serve, link: str
) -> None:
    page = said({"value": [], "@odata.nextLink": link})
    server = await serve(scripted(token=token(), entities=page))
    with pytest.raises(AdapterError, match="somewhere else"):
        await adapter.reference_data(
            Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
        )


async def test_pages_that_go_round_in_a_circle_come_to_an_end(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    page = said({"value": [], "@odata.nextLink": "MainAccounts?again=1"})
    server = await serve(scripted(token=token(), entities=page))
    with pytest.raises(AdapterError, match="circle"):
        await adapter.reference_data(
            Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
        )


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "400 Bad Request"])
async def test_lists_that_are_not_to_be_had_are_left_out_but_for_the_accounts(
    adapter: FinanceOperationsAdapter, serve: Serve, status: str
) -> None:
    accounts = said({"value": [{"MainAccountId": "7140", "Name": "Reise"}]})
    # The ledger, the accounts, the vendors, and whatever comes after.
    answers = [said({}, status), accounts, said({}, status)]
    server = await serve(scripted(token=token(), entities=answers))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
    data = await adapter.reference_data(signed_in)
    assert {name: [item.code for item in items] for name, items in data.lists.items()} == {
        "accounts": ["7140"]
    }
    server = await serve(scripted(token=token(), entities=said({}, status)))
    with pytest.raises(AdapterError):
        await adapter.reference_data(
            Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret("x")})
        )
