"""Posting of purchase invoices, what became of them, and what goes into the journal in the same send."""

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.statuses import FateState
from tests.adapters.dynamics.business_central.company import (
    CentralSandbox,
    line,
    reference,
    results,
    voucher,
)
from tests.adapters.dynamics.business_central.foreign_claims import FaultyAt, claim, euros, invoices


@pytest.fixture(autouse=True)
async def _tested(adapter: BusinessCentralAdapter, sandbox: CentralSandbox) -> None:
    await adapter.test_connection(sandbox.credentials())


async def test_with_posting_on_the_invoice_is_posted_and_found_under_its_new_number(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    credentials = sandbox.credentials(posting="post")

    outcomes = await adapter.send(credentials, [claim(1, euros(dimension_1="210"))])

    assert results(outcomes) == {reference(): Result.DELIVERED}
    [invoice] = await invoices(sandbox)
    assert invoice["status"] == "Open"
    assert [(item.count, item.external_id) for item in await adapter.lookup(credentials, [reference()])] == [
        (1, invoice["number"])
    ]
    [fate] = await adapter.fates(credentials, [reference()])
    assert (fate.state, fate.external_id) == (FateState.BOOKED, invoice["number"])


async def test_without_posting_the_draft_waits_and_what_somebody_posts_becomes_booked_and_stays_once(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [claim()])
    waiting = await adapter.fates(sandbox.credentials(), [reference(), reference(9)])
    [invoice] = await invoices(sandbox)
    await sandbox.api(
        "POST", f"{await sandbox.company()}/purchaseInvoices({invoice['id']})/Microsoft.NAV.post"
    )
    booked = await adapter.fates(sandbox.credentials(), [reference()])
    again = await adapter.send(sandbox.credentials(), [claim()])

    assert [fate.state for fate in (*waiting, *booked)] == [FateState.STAGED, FateState.BOOKED]
    assert results(again) == {reference(): Result.DELIVERED}
    assert len(await invoices(sandbox)) == 1


async def test_two_invoices_of_one_claim_are_counted_and_are_for_a_person(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    company = await sandbox.company()
    older = {
        "vendorNumber": "L-201",
        "vendorInvoiceNumber": reference(),
        "purchaseInvoiceLines": [
            {"lineType": "Account", "lineObjectNumber": "7140", "unitCost": 1, "quantity": 1}
        ],
    }
    await adapter.send(sandbox.credentials(), [claim()])
    made = await sandbox.api("POST", f"{company}/purchaseInvoices", older)
    await sandbox.api("POST", f"{company}/purchaseInvoices({made['id']})/Microsoft.NAV.post")

    doubled = await adapter.lookup(sandbox.credentials(), [reference()])
    [outcome] = await adapter.send(sandbox.credentials(posting="post"), [claim()])

    assert [item.count for item in doubled] == [2]
    assert outcome.result is Result.NEEDS_PERSON
    assert all(one["number"] in str(outcome.message) for one in await invoices(sandbox))


async def test_a_refused_posting_says_why_and_the_draft_stays(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    offered = claim(1, euros(dimension_1="210"))
    await sandbox.change("dimensions/AVDELING/210", {"blocked": True})

    [outcome] = await adapter.send(sandbox.credentials(posting="post"), [offered])

    [invoice] = await invoices(sandbox)
    assert (outcome.result, invoice["status"]) == (Result.NEEDS_PERSON, "Draft")
    assert "is blocked" in str(outcome.message)
    assert invoice["number"] in str(outcome.message)


@pytest.mark.parametrize(
    ("fault", "result", "status"),
    [
        ("drop_after", Result.UNKNOWN, "Open"),
        ("drop_before", Result.UNKNOWN, "Draft"),
        ("rate_limited", Result.DELIVERED, "Draft"),
    ],
)
async def test_a_posting_whose_answer_is_lost_is_looked_up_and_a_limit_leaves_the_draft(
    adapter: BusinessCentralAdapter,
    outbound: OutboundClient,
    sandbox: CentralSandbox,
    fault: str,
    result: Result,
    status: str,
) -> None:
    credentials = sandbox.credentials(posting="post")
    faulty = BusinessCentralAdapter(FaultyAt(outbound, sandbox, 4, fault), SystemClock())

    [outcome] = await faulty.send(credentials, [claim()])

    assert outcome.result is result
    assert outcome.message is not None
    assert [invoice["status"] for invoice in await invoices(sandbox)] == [status]
    assert [item.count for item in await adapter.lookup(credentials, [reference()])] == [1]


async def test_a_closed_period_is_told_before_anything_is_sent(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("posting-dates", {"first": "2026-12-01", "last": ""})

    outcomes = await adapter.send(sandbox.credentials(posting="post"), [claim()])

    assert (outcomes[0].result, outcomes[0].field) == (Result.REJECTED, "posted_date")
    assert await invoices(sandbox) == []


async def test_journal_and_invoices_go_out_in_one_send_and_each_is_posted_its_own_way(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    credentials = sandbox.credentials(posting="post")
    batch = [
        claim(1),
        voucher(2),
        claim(3, euros(account="NOPE")),
        voucher(4, line(account="NOPE")),
        claim(5, euros(dimension_1="210")),
        voucher(6, employee="V-118"),
        voucher(7, euros()),
    ]

    outcomes = await adapter.send(credentials, batch)

    assert results(outcomes) == {
        reference(number): Result.REJECTED if number in {3, 4, 7} else Result.DELIVERED
        for number in range(1, 8)
    }
    found = await adapter.lookup(credentials, [item.reference for item in batch])
    assert {item.reference: item.count for item in found} == {reference(number): 1 for number in (1, 2, 5, 6)}
    assert {(entry["kind"], entry["posted"]) for entry in await sandbox.ledger()} == {
        ("journal", True),
        ("purchase_invoice", True),
    }
    assert {fate.state for fate in await adapter.fates(credentials, [reference(1), reference(2)])} == {
        FateState.BOOKED
    }


async def test_an_invoice_in_doubt_leaves_the_journal_of_the_same_send_delivered_and_posted(
    outbound: OutboundClient, sandbox: CentralSandbox
) -> None:
    faulty = BusinessCentralAdapter(FaultyAt(outbound, sandbox, 2, "drop_after"), SystemClock())

    outcomes = await faulty.send(sandbox.credentials(posting="post"), [claim(1), voucher(2), claim(3)])

    assert results(outcomes) == {
        reference(1): Result.UNKNOWN,
        reference(2): Result.DELIVERED,
        reference(3): Result.NOT_SENT,
    }
    assert await sandbox.lines() == []
