"""Posting, and what a lookup finds before and after it."""

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.core.statuses import FateState
from tests.adapters.dynamics.business_central.company import (
    CentralSandbox,
    line,
    reference,
    results,
    voucher,
)


@pytest.fixture(autouse=True)
async def _tested(adapter: BusinessCentralAdapter, sandbox: CentralSandbox) -> None:
    await adapter.test_connection(sandbox.credentials())


async def test_without_the_switch_lines_wait_in_the_journal(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])

    assert len(await sandbox.lines()) == 2
    assert [fate.state for fate in await adapter.fates(sandbox.credentials(), [reference(1)])] == [
        FateState.STAGED
    ]


async def test_with_the_switch_the_journal_is_posted_and_the_ledger_has_the_voucher_once(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    credentials = sandbox.credentials(posting="post")
    batch = [
        voucher(1, line(dimension_1="210"), employee="V-118"),
        voucher(2, line(tax_code="HØY"), vendor="L-201"),
    ]

    outcomes = await adapter.send(credentials, batch)

    assert set(results(outcomes).values()) == {Result.DELIVERED}
    assert await sandbox.lines() == []
    found = await adapter.lookup(credentials, [reference(1), reference(2), reference(3)])
    assert [(item.reference, item.count, item.external_id) for item in found] == [
        (reference(1), 1, reference(1)[-20:]),
        (reference(2), 1, reference(2)[-20:]),
    ]
    fates = await adapter.fates(credentials, [reference(1), reference(2)])
    assert {fate.state for fate in fates} == {FateState.BOOKED}


async def test_a_voucher_that_somebody_posted_is_found_and_a_second_copy_counted(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    await sandbox.api("POST", f"{await sandbox.journal()}/Microsoft.NAV.post")
    posted = await adapter.lookup(sandbox.credentials(), [reference(1)])
    await adapter.send(sandbox.credentials(), [voucher(1)])
    beside = await adapter.lookup(sandbox.credentials(), [reference(1)])
    await sandbox.api("POST", f"{await sandbox.journal()}/Microsoft.NAV.post")
    doubled = await adapter.lookup(sandbox.credentials(), [reference(1)])

    assert [item.count for found in (posted, beside, doubled) for item in found] == [1, 2, 2]


async def test_a_journal_that_business_central_does_not_post_needs_a_person(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    body = {"lineNumber": 5, "accountNumber": "7140", "documentNumber": "SKJEVT", "amount": 1}
    await sandbox.api("POST", f"{await sandbox.journal()}/journalLines", body)

    outcomes = await adapter.send(sandbox.credentials(posting="post"), [voucher(1)])

    assert results(outcomes) == {reference(1): Result.NEEDS_PERSON}
    assert "out of balance" in str(outcomes[0].message)
    assert "EXPENSES" in str(outcomes[0].message)


async def test_a_journal_with_lines_without_their_dimensions_is_not_posted(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    first = (await sandbox.lines())[0]
    path = f"{await sandbox.journal()}/journalLines({first['id']})"
    await sandbox.api("PATCH", path, {"comment": "Dimensions are still missing"})

    outcomes = await adapter.send(sandbox.credentials(posting="post"), [voucher(2)])

    assert results(outcomes) == {reference(2): Result.DELIVERED}
    assert "next export" in str(outcomes[0].message)
    assert len(await sandbox.lines()) == 4


async def test_a_closed_period_is_told_before_anything_is_sent(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("posting-dates", {"first": "2026-12-01", "last": ""})
    credentials = sandbox.credentials(posting="post")

    rules = await adapter.rules(credentials)
    outcomes = await adapter.send(credentials, [voucher(1)])

    assert (outcomes[0].result, outcomes[0].field) == (Result.REJECTED, "posted_date")
    assert rules.refusal(voucher(1), credentials.settings) == outcomes[0]
    assert adapter.refusal(voucher(1), credentials.settings) is None, "it was not asked"
    assert await sandbox.lines() == []


async def test_nothing_new_in_the_journal_means_nothing_is_posted(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])

    await adapter.send(sandbox.credentials(posting="post"), [voucher(2, line(account="NOPE"))])

    assert len(await sandbox.lines()) == 2


async def test_posting_takes_one_send_at_a_time(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    assert adapter.capabilities_of(sandbox.settings()).in_flight == 5
    assert adapter.capabilities_of(sandbox.settings(posting="post")).in_flight == 1
