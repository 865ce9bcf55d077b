"""What is sent, and what becomes of it, against the simulated Business Central."""

from decimal import Decimal

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.core.records import REIMBURSEMENT
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


async def test_a_claim_becomes_balanced_lines_under_our_reference(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    claim = voucher(1, line("412.10", dimension_1="210"), line("-12.00", account="6900"), employee="V-118")

    outcomes = await adapter.send(sandbox.credentials(), [claim])

    assert results(outcomes) == {claim.reference: Result.DELIVERED}
    assert outcomes[0].external_id == reference(1)[-20:]
    await sandbox.change("settings", {"employee_lines_shown": True})
    lines = await sandbox.lines(dimensions=True)
    assert [(found["lineNumber"], found["accountNumber"], found["amount"]) for found in lines] == [
        (100, "7140", 412.1),
        (101, "6900", -12),
        (102, "V-118", -400.1),
    ]
    assert {(found["documentNumber"], found["externalDocumentNumber"]) for found in lines} == {
        (reference(1)[-20:], reference(1))
    }
    assert {found["comment"] for found in lines} == {""}
    codes = [[(pair["code"], pair["valueCode"]) for pair in found["dimensionSetLines"]] for found in lines]
    assert codes[0] == [("AVDELING", "210")]


@pytest.mark.parametrize(
    ("fields", "kind", "number"),
    [
        ({}, "G/L Account", "2910"),
        ({"employee": "V-118"}, "Employee", "V-118"),
        ({"vendor": "L-201", "employee": "V-118"}, "Vendor", "L-201"),
    ],
)
async def test_who_is_owed_is_vendor_before_employee_before_account(
    adapter: BusinessCentralAdapter, fields: dict[str, str], kind: str, number: str
) -> None:
    bodies = adapter.render(voucher(1, **fields))["journalLines"]

    assert (bodies[-1]["accountType"], bodies[-1]["accountNumber"]) == (kind, number)
    assert list(bodies[-1]).index("accountType") < list(bodies[-1]).index("accountNumber")
    assert bodies[-1]["amount"] == "-412.00"


async def test_a_reimbursement_debits_who_was_owed_and_credits_what_it_was_paid_from(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    payment = voucher(1, line(account="2910"), kind=REIMBURSEMENT, credit_account="1920", employee="V-118")

    outcomes = await adapter.send(sandbox.credentials(), [payment])

    assert results(outcomes) == {payment.reference: Result.DELIVERED}
    await sandbox.change("settings", {"employee_lines_shown": True})
    assert [(found["accountNumber"], found["amount"]) for found in await sandbox.lines()] == [
        ("V-118", 412),
        ("1920", -412),
    ]
    assert [item.count for item in await adapter.lookup(sandbox.credentials(), [payment.reference])] == [1]


async def test_the_refused_voucher_is_rejected_alone_and_the_others_arrive_once(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    batch = [voucher(number) for number in range(1, 6)]
    batch[2] = voucher(3, line(account="NOPE"))

    outcomes = await adapter.send(sandbox.credentials(), batch)

    found = results(outcomes)
    assert found.pop(reference(3)) is Result.REJECTED
    assert set(found.values()) == {Result.DELIVERED}
    refused = next(outcome for outcome in outcomes if outcome.result is Result.REJECTED)
    assert "NOPE" in str(refused.message)
    assert "CorrelationId" not in str(refused.message)
    assert refused.field == "account"
    assert len(await sandbox.lines()) == 8


async def test_a_blocked_account_and_a_blocked_vendor_are_told_in_business_centrals_words(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("accounts/7140", {"blocked": True})
    batch = [voucher(1), voucher(2, line(account="6900"), vendor="L-290")]

    outcomes = {outcome.reference: outcome for outcome in await adapter.send(sandbox.credentials(), batch)}

    assert {outcome.result for outcome in outcomes.values()} == {Result.REJECTED}
    assert outcomes[reference(1)].field == "account"
    assert outcomes[reference(2)].field == "vendor"
    assert await sandbox.lines() == []


async def test_what_is_there_already_is_not_sent_twice(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    batch = [voucher(number, line(dimension_1="210"), employee="V-118") for number in (1, 2, 3)]
    await adapter.send(sandbox.credentials(), batch[:2])

    outcomes = await adapter.send(sandbox.credentials(), batch)

    assert set(results(outcomes).values()) == {Result.DELIVERED}
    assert len(results(outcomes)) == 3
    assert len(await sandbox.lines()) == 3


async def test_a_voucher_that_was_changed_in_the_journal_needs_a_person(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    changed = (await sandbox.lines())[0]
    await sandbox.api("PATCH", f"{await sandbox.journal()}/journalLines({changed['id']})", {"amount": 1})

    outcomes = await adapter.send(sandbox.credentials(), [voucher(1), voucher(2)])

    assert results(outcomes) == {reference(1): Result.NEEDS_PERSON, reference(2): Result.DELIVERED}


async def test_somebody_elses_line_in_the_way_is_told(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    body = {"lineNumber": 100, "accountNumber": "7140", "documentNumber": "MANUELT", "amount": 1}
    await sandbox.api("POST", f"{await sandbox.journal()}/journalLines", body)

    outcomes = {
        outcome.reference: outcome
        for outcome in await adapter.send(sandbox.credentials(), [voucher(1), voucher(2)])
    }

    assert outcomes[reference(1)].result is Result.REJECTED
    assert "100" in str(outcomes[reference(1)].message)
    assert outcomes[reference(2)].result is Result.DELIVERED


async def test_a_dimension_that_came_with_the_account_is_changed(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    claim = voucher(1, line(account="6900", dimension_1="210", dimension_2="P-12"))

    outcomes = await adapter.send(sandbox.credentials(), [claim])

    assert results(outcomes) == {claim.reference: Result.DELIVERED}
    first = (await sandbox.lines(dimensions=True))[0]
    assert {pair["code"]: pair["valueCode"] for pair in first["dimensionSetLines"]} == {
        "AVDELING": "210",
        "PROSJEKT": "P-12",
    }
    assert first["comment"] == ""


async def test_a_wrong_value_in_the_place_of_one_that_came_with_the_account_is_named(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    claim = voucher(1, line(account="6900", dimension_1="999999", dimension_2="P-12"))

    [outcome] = await adapter.send(sandbox.credentials(), [claim])

    assert (outcome.result, outcome.field) == (Result.REJECTED, "dimension_1")
    assert "refused the value 999999 of the dimension AVDELING" in str(outcome.message)


async def test_a_voucher_with_a_wrong_dimension_is_taken_out_again(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    batch = [voucher(number, line(dimension_1="210")) for number in (1, 2, 3)]
    batch[1] = voucher(2, line(dimension_1="999999"))

    outcomes = {outcome.reference: outcome for outcome in await adapter.send(sandbox.credentials(), batch)}

    assert outcomes[reference(2)].result is Result.REJECTED
    assert outcomes[reference(2)].field == "dimension_1"
    assert "refused the value 999999 of the dimension AVDELING" in str(outcomes[reference(2)].message)
    assert {outcomes[reference(number)].result for number in (1, 3)} == {Result.DELIVERED}
    left = await sandbox.lines()
    assert {found["externalDocumentNumber"] for found in left} == {reference(1), reference(3)}
    assert {found["comment"] for found in left} == {""}


async def test_one_that_cannot_be_taken_out_again_needs_a_person(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    # An employee's line is not shown, so it cannot be deleted either.
    claim = voucher(1, line(dimension_1="999999"), employee="V-118")

    outcomes = await adapter.send(sandbox.credentials(), [claim])

    assert results(outcomes) == {claim.reference: Result.NEEDS_PERSON}
    assert claim.reference[-20:] in str(outcomes[0].message)
    assert "refused the value 999999 of the dimension AVDELING" in str(outcomes[0].message)
    assert await adapter.lookup(sandbox.credentials(), [claim.reference]) == []


async def test_more_dimensions_than_a_batch_takes_are_written(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    claim = voucher(1, *(line("1.00", dimension_1="210", dimension_2="P-12") for _ in range(99)))

    outcomes = await adapter.send(sandbox.credentials(), [claim])

    assert results(outcomes) == {claim.reference: Result.DELIVERED}
    lines = await sandbox.lines(dimensions=True)
    assert [len(found["dimensionSetLines"]) for found in lines] == [2] * 99 + [0]


async def test_lines_whose_dimensions_were_lost_are_completed_by_the_next_send(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    claim = voucher(1, line(dimension_1="210"))
    await adapter.send(sandbox.credentials(), [claim])
    first = (await sandbox.lines())[0]
    path = f"{await sandbox.journal()}/journalLines({first['id']})"
    dimension = (await sandbox.lines(dimensions=True))[0]["dimensionSetLines"][0]
    await sandbox.api("DELETE", f"{path}/dimensionSetLines({dimension['id']})")
    await sandbox.api("PATCH", path, {"comment": "Dimensions are still missing"})

    assert await adapter.lookup(sandbox.credentials(), [claim.reference]) == []
    assert results(await adapter.send(sandbox.credentials(), [claim])) == {claim.reference: Result.DELIVERED}

    assert [item.count for item in await adapter.lookup(sandbox.credentials(), [claim.reference])] == [1]
    assert (await sandbox.lines(dimensions=True))[0]["dimensionSetLines"][0]["valueCode"] == "210"
    assert len(await sandbox.lines()) == 2


async def test_amounts_keep_every_digit(adapter: BusinessCentralAdapter, sandbox: CentralSandbox) -> None:
    claim = voucher(1, line("9007199254.93"), line("0.01"))

    await adapter.send(sandbox.credentials(), [claim])

    answer = await sandbox.api("GET", f"{await sandbox.journal()}/journalLines")
    assert [Decimal(str(found["amount"])) for found in answer["value"]] == [
        Decimal("9007199254.93"),
        Decimal("0.01"),
        Decimal("-9007199254.94"),
    ]


async def test_an_emoji_at_the_end_of_a_full_text_does_not_get_cut_in_two(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    claim = voucher(1, line(text="æ" * 99 + "🚆"))

    outcomes = await adapter.send(sandbox.credentials(), [claim])

    assert results(outcomes) == {claim.reference: Result.DELIVERED}
    assert (await sandbox.lines())[0]["description"] == "æ" * 99


async def test_many_vouchers_go_in_batches_of_at_most_a_hundred_operations(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    batch = [voucher(number, line(), line(), line()) for number in range(1, 51)]

    outcomes = await adapter.send(sandbox.credentials(), batch)

    assert set(results(outcomes).values()) == {Result.DELIVERED}
    stats = await sandbox.stats()
    assert stats["batches"] == 2
    assert stats["errors"] == {}


@pytest.mark.parametrize(("dimensions", "batches"), [("", 1), ("AVDELING", 2)])
async def test_as_many_lines_as_a_send_may_have_are_one_full_batch_and_one_more_for_their_dimensions(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, dimensions: str, batches: int
) -> None:
    most = adapter.capabilities.batch_lines or 0
    fields = {"dimension_1": "210"} if dimensions else {}
    batch = [voucher(number, *[line(**fields)] * 3) for number in range(1, most // 4 + 1)]

    outcomes = await adapter.send(sandbox.credentials(dimensions=dimensions), batch)

    assert set(results(outcomes).values()) == {Result.DELIVERED}
    stats = await sandbox.stats()
    assert (stats["batches"], stats["errors"]) == (batches, {})
