"""The adapter against the simulated Finance & Operations, over real sockets, with the real client and clock.

A green run here shows that the two agree, not that any real system does.
"""

import asyncio
from typing import Any

import pytest

from integration_admin.adapters.base import CURRENCY, Credentials, Result
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.statuses import FateState
from tests.adapters.dynamics.finance_operations.ledger import (
    credentials,
    line,
    reference,
    results,
    short,
    voucher,
)
from tests.adapters.noting import NotingDeadlines
from tests.sandbox.finance_operations import FinanceSandbox


async def test_a_voucher_is_booked_once_balanced_and_with_its_dimensions(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    lines = (
        line(dimension_1="210", dimension_2="P-12", item_sales_tax_group="FULL"),
        line("-12.50"),
        line("0.00"),
    )
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1, *lines)])
    [entry] = sandbox.state.booked()
    assert (outcome.result, outcome.external_id) == (Result.DELIVERED, entry["id"])
    assert (entry["reference"], entry["amount"], entry["currency"]) == (short(1), "399.50", "NOK")
    assert (entry["balanced"], entry["count"], entry["posted_date"]) == (True, 1, "2026-11-05")
    assert [part["amount"] for part in entry["lines"]] == ["412.00", "-12.50", "0.00", "-399.50"]
    first = entry["lines"][0]
    assert (first["cost_centre"], first["project"], first["vat_code"]) == ("210", "P-12", "FULL")


async def test_a_currency_that_is_not_there_is_blamed_and_no_account(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1, line("1.234", "BHD"))])
    assert (outcome.result, outcome.field) == (Result.REJECTED, CURRENCY)


async def test_a_vendor_is_credited_in_the_place_of_an_account(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    [outcome] = await adapter.send(
        credentials(sandbox), [voucher(1, vendor="V-118", due_date="2026-11-20", posted_date="2026-11-06")]
    )
    assert outcome.result is Result.DELIVERED
    credit = sandbox.state.books.lines()[-1]
    assert (credit["AccountType"], credit["AccountDisplayValue"]) == ("Vend", "V\\-118")
    assert (credit["DueDate"], credit["TransDate"]) == ("2026-11-20T12:00:00Z", "2026-11-06T12:00:00Z")


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.001", "KWD"), ("1200", "JPY"), ("999999999999.99", "NOK")]
)
async def test_amounts_arrive_digit_by_digit(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, amount: str, currency: str
) -> None:
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1, line(amount, currency))])
    [entry] = sandbox.state.booked()
    assert (outcome.result, entry["amount"], entry["currency"]) == (Result.DELIVERED, amount, currency)


async def test_of_a_batch_each_voucher_is_told_apart(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    batch = [
        voucher(1),
        voucher(2, line(), line(account="0000")),
        voucher(3, credit_account="9999"),
        voucher(4, vendor="L-290"),
        voucher(5, line(account="71")),
        voucher(6),
    ]
    outcomes = await adapter.send(credentials(sandbox), batch)
    assert list(results(outcomes).values()) == [
        Result.DELIVERED,
        *[Result.REJECTED] * 4,
        Result.DELIVERED,
    ]
    assert [outcome.field for outcome in outcomes[1:5]] == ["account", "credit_account", "vendor", "account"]
    assert str(outcomes[1].message) == "0000 does not exist in Finance & Operations as “Main account”."
    assert "It says: “Vendor L-290 is on hold.”" in str(outcomes[3].message)
    assert sandbox.booked() == [short(1), short(6)]
    assert len(sandbox.state.books.journals) == 1


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        (
            {"dimension_1": "999"},
            "dimension_1",
            "999 does not exist in Finance & Operations as “CostCenter”.",
        ),
        ({"dimension_2": "P-99"}, "dimension_2", "P-99 does not exist in Finance & Operations as “Project”."),
        (
            {"dimension_1": "290", "dimension_2": "P-12"},
            "dimension_1",
            "refused the value 290 of the dimension CostCenter. It says: “CostCenter 290 is suspended.”",
        ),
    ],
)
async def test_a_refused_dimension_is_named_with_the_value_that_was_refused(
    adapter: FinanceOperationsAdapter,
    sandbox: FinanceSandbox,
    values: dict[str, str],
    field: str,
    words: str,
) -> None:
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1, line(), line(**values))])
    assert (outcome.result, outcome.field) == (Result.REJECTED, field)
    assert words in str(outcome.message)


@pytest.mark.parametrize("go_on", [True, False])
async def test_a_server_that_stops_at_the_first_refusal_gets_the_rest_again(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox, *, go_on: bool
) -> None:
    sandbox.state.behaviour.continue_on_error = go_on
    bad = {3, 4, 9}
    batch = [voucher(n, line(account="0000" if n in bad else "7140")) for n in range(1, 11)]
    outcomes = await adapter.send(credentials(sandbox), batch)
    assert {n for n in range(1, 11) if results(outcomes)[reference(n)] is Result.REJECTED} == bad
    assert sandbox.booked() == [short(n) for n in range(1, 11) if n not in bad]
    assert sandbox.state.requests["$batch"] == (1 if go_on else 4)


async def test_a_short_answer_leaves_what_it_does_not_tell_unknown(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.batch_answers = 2
    outcomes = await adapter.send(credentials(sandbox), [voucher(n) for n in range(1, 5)])
    assert list(results(outcomes).values()) == [Result.DELIVERED] * 2 + [Result.UNKNOWN] * 2
    assert len(await adapter.lookup(credentials(sandbox), [reference(3), reference(4)])) == 2


async def outcome_of(adapter: FinanceOperationsAdapter, signed_in: Credentials, vouchers: Any) -> set[Result]:
    """Return the results of a send; an error raised stands for every voucher."""
    try:
        return set(results(await adapter.send(signed_in, vouchers)).values())
    except AdapterError as error:
        return {Result.UNKNOWN if error.fault is Fault.UNKNOWN_OUTCOME else Result.NOT_SENT}


@pytest.mark.parametrize(
    ("fault", "expected", "booked"),
    [
        ("drop_before", Result.UNKNOWN, 0),
        ("drop_after", Result.UNKNOWN, 1),
        ("late", Result.UNKNOWN, 1),
        ("error500_after", Result.UNKNOWN, 1),
        ("error503", Result.UNKNOWN, 0),
        ("rate_limited", Result.NOT_SENT, 0),
        ("rate_limited_bare", Result.UNKNOWN, 0),
        ("half_body", Result.UNKNOWN, 1),
        ("reset", Result.UNKNOWN, 1),
        ("wrong_json", Result.UNKNOWN, 1),
        ("idless", Result.UNKNOWN, 1),
        ("slow", Result.DELIVERED, 1),
    ],
)
async def test_a_lost_or_unclear_answer_is_unknown_until_a_lookup_tells(
    outbound: OutboundClient, sandbox: FinanceSandbox, fault: str, expected: Result, booked: int
) -> None:
    # Only a late answer is not waited for; the others come, on a busy machine too.
    adapter = FinanceOperationsAdapter(outbound, SystemClock(), send_seconds=3.0 if fault == "late" else 30.0)
    vouchers = [voucher(n) for n in range(1, 4)]
    sandbox.plan.change(f"{fault}=1,late_seconds=60,slow_seconds=0.1")
    assert await outcome_of(adapter, credentials(sandbox), vouchers) == {expected}
    sandbox.plan.change("")
    found = await adapter.lookup(credentials(sandbox), [item.reference for item in vouchers])
    assert [item.count for item in found] == [1] * len(vouchers) * booked


async def test_what_is_booked_late_is_absent_first_and_found_afterwards(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    signed_in, began = credentials(sandbox), asyncio.get_running_loop().time()
    sandbox.plan.change("late_commit=1,late_commit_seconds=0.3")
    assert await outcome_of(adapter, signed_in, [voucher(1)]) == {Result.UNKNOWN}
    sandbox.plan.change("late_commit_seconds=0.3")
    async with asyncio.timeout(20):
        while not await adapter.lookup(signed_in, [reference(1)]):
            pass
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_line_numbers_keep_a_request_from_being_booked_twice(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.plan.change("duplicate=1")
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1)])
    sandbox.plan.change("")
    assert (outcome.result, sandbox.booked()) == (Result.DELIVERED, [short(1)])


async def test_a_double_is_found_twice_in_one_journal_and_in_two(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    theirs = credentials(sandbox, details="own", line_numbers="no")
    sandbox.plan.change("duplicate=1")
    await adapter.send(theirs, [voucher(1)])
    sandbox.plan.change("")
    await adapter.send(theirs, [voucher(2)])
    await adapter.send(theirs, [voucher(2)])
    found = await adapter.lookup(theirs, [reference(1), reference(2), reference(3)])
    assert [(item.reference, item.count) for item in found] == [(reference(1), 2), (reference(2), 2)]
    assert found[1].external_id == f"00002/{short(2)}"


async def test_a_lookup_finds_posted_vouchers_and_none_of_another_company(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    signed_in, elsewhere = credentials(sandbox), credentials(sandbox, company="NO02")
    await adapter.send(signed_in, [voucher(n) for n in range(1, 41)])
    sandbox.state.books.change("00001", "post")
    found = await adapter.lookup(signed_in, [reference(n) for n in range(1, 81)])
    assert [item.reference for item in found] == [reference(n) for n in range(1, 41)]
    assert await adapter.lookup(elsewhere, [reference(1)]) == []


async def test_a_lookup_goes_on_to_the_last_page(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    await adapter.send(credentials(sandbox), [voucher(1, *[line()] * 6), voucher(2)])
    sandbox.state.behaviour.page_size = 2
    found = await adapter.lookup(credentials(sandbox), [reference(1), reference(2)])
    assert [item.count for item in found] == [1, 1]
    assert sandbox.state.requests["LedgerJournalLines"] == 5


async def test_a_reference_that_was_cut_is_for_a_person_to_look_at(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.document_length = 10
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1)])
    assert outcome.result is Result.NEEDS_PERSON
    assert "journal 00001" in str(outcome.message)


async def test_a_journal_deleted_while_sending_makes_nobody_wrong(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.plan.change("slow=1,slow_seconds=0.5")
    sending = asyncio.create_task(adapter.send(credentials(sandbox), [voucher(1), voucher(2)]))
    await sandbox.reached(lambda: bool(sandbox.plan.counts["slow"]))
    sandbox.state.books.change("00001", "delete")
    outcomes = await sending
    assert {(outcome.result, outcome.fault) for outcome in outcomes} == {(Result.NOT_SENT, Fault.TRANSIENT)}
    sandbox.plan.change("")
    assert set(results(await adapter.send(credentials(sandbox), [voucher(1)])).values()) == {Result.DELIVERED}


async def test_an_account_suspended_meanwhile_rejects_the_vouchers_that_use_it(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.lists.suspended.add("7140")
    [first, second] = await adapter.send(credentials(sandbox), [voucher(1), voucher(2, line(account="6800"))])
    assert (first.result, second.result) == (Result.REJECTED, Result.DELIVERED)
    assert "Main account 7140 is not available for posting." in str(first.message)


async def test_a_server_that_numbers_lines_itself_names_the_setting_and_then_works(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.own_line_numbers = False
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1)])
    assert (outcome.result, outcome.fault) == (Result.NOT_SENT, Fault.CONFIG)
    assert "leave the line numbers to Finance & Operations" in str(outcome.message)
    [outcome] = await adapter.send(credentials(sandbox, details="own", line_numbers="no"), [voucher(1)])
    assert outcome.result is Result.DELIVERED


async def test_a_journal_whose_answer_was_lost_is_used_again(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.unique_integration_key = True
    sandbox.plan.change("drop_before=1")
    assert await outcome_of(adapter, credentials(sandbox), [voucher(1)]) == {Result.UNKNOWN}
    sandbox.plan.change("")
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1)])
    assert (outcome.result, outcome.external_id) == (Result.DELIVERED, f"00001/{short(1)}")
    assert len(sandbox.state.books.journals) == 1


async def test_throttling_is_waited_out_for_questions_and_told_for_vouchers(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.state.behaviour.throttle = 1
    assert await adapter.lookup(credentials(sandbox), [reference(1)]) == []
    sandbox.plan.change("rate_limited=1")
    with pytest.raises(AdapterError) as told:
        await adapter.send(credentials(sandbox), [voucher(1)])
    assert (told.value.fault, told.value.retry_after) == (Fault.RATE_LIMITED, 1.0)


async def test_unicode_arrives_and_too_long_texts_do_not_hurt(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    text = "Ferje 🚢 til Å, «tur/retur» \\ 'x' --batch"
    [outcome] = await adapter.send(credentials(sandbox), [voucher(1, line(text=text), line(text="å" * 200))])
    [entry] = sandbox.state.booked()
    assert outcome.result is Result.DELIVERED
    assert [part["text"] for part in entry["lines"][:2]] == [text, "å" * 60]


async def test_a_send_ends_within_its_deadline(outbound: OutboundClient, sandbox: FinanceSandbox) -> None:
    noting = NotingDeadlines(outbound)
    adapter = FinanceOperationsAdapter(noting, SystemClock(), send_seconds=2.0)
    await adapter.lookup(credentials(sandbox), [reference(1)])
    noting.deadlines.clear()
    sandbox.plan.change("slow=1,slow_seconds=30")
    with pytest.raises(AdapterError) as lost:
        await adapter.send(credentials(sandbox), [voucher(1)])
    # A second is kept for what comes after the answers; each request has what the ones before it left of the other.
    assert 1 >= noting.deadlines[0] > noting.deadlines[-1]
    assert (lost.value.fault, lost.value.code) == (Fault.UNKNOWN_OUTCOME, "deadline")


async def test_a_cancelled_send_ends_at_once(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    sandbox.plan.change("slow=1,slow_seconds=30")
    sending = asyncio.create_task(adapter.send(credentials(sandbox), [voucher(1)]))
    await sandbox.reached(lambda: bool(sandbox.plan.counts["slow"]))
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_reimbursement_takes_away_what_is_owed_to_the_vendor(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    paid = voucher(1, line(account="2910"), credit_account="1920", vendor="V-118")._replace(
        kind=REIMBURSEMENT
    )
    [outcome] = await adapter.send(credentials(sandbox), [paid])
    [debit, credit] = sandbox.state.books.lines()
    assert outcome.result is Result.DELIVERED
    assert (debit["AccountType"], debit["AccountDisplayValue"]) == ("Vend", "V\\-118")
    assert (credit["AccountType"], credit["AccountDisplayValue"]) == ("Ledger", "1920--")


async def test_a_voucher_is_staged_until_its_journal_is_posted(
    adapter: FinanceOperationsAdapter, sandbox: FinanceSandbox
) -> None:
    signed_in = credentials(sandbox)
    await adapter.send(signed_in, [voucher(1)])
    await adapter.send(signed_in, [voucher(2)])
    sandbox.state.books.change("00001", "post")
    fates = await adapter.fates(signed_in, [reference(1), reference(2), reference(3)])
    assert {(fate.reference, fate.state) for fate in fates} == {
        (reference(1), FateState.BOOKED),
        (reference(2), FateState.STAGED),
    }
    sandbox.state.books.change("00002", "delete")
    assert [fate.reference for fate in await adapter.fates(signed_in, [reference(1), reference(2)])] == [
        reference(1)
    ]
