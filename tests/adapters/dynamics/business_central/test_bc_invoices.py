"""Claims in another currency become purchase invoices, each once, whatever goes wrong on the way."""

import pytest

from integration_admin.adapters.base import Result, Voucher
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, Fault
from tests.adapters.dynamics.business_central.company import (
    CentralSandbox,
    line,
    reference,
    results,
    voucher,
)
from tests.adapters.dynamics.business_central.foreign_claims import (
    FaultyAt,
    NoCurrencies,
    claim,
    dimensions,
    euros,
    invoices,
    lines_of,
)

INCOMPLETE = "This invoice is not complete yet"


@pytest.fixture(autouse=True)
async def _tested(adapter: BusinessCentralAdapter, sandbox: CentralSandbox) -> None:
    await adapter.test_connection(sandbox.credentials())


async def test_a_claim_in_another_currency_becomes_one_draft_invoice_with_every_digit(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    offered = claim(
        1, euros("412.10", dimension_1="210", tax_code="HØY"), euros("-12.00", account="6900"), euros("0.00")
    )

    outcomes = await adapter.send(sandbox.credentials(), [offered])

    assert results(outcomes) == {offered.reference: Result.DELIVERED}
    [invoice] = await invoices(sandbox)
    assert outcomes[0].external_id == invoice["number"]
    assert (invoice["vendorNumber"], invoice["currencyCode"], invoice["status"]) == ("L-201", "EUR", "Draft")
    assert (invoice["vendorInvoiceNumber"], invoice["invoiceDate"], invoice["postingDate"]) == (
        offered.reference,
        "2026-11-05",
        "2026-11-05",
    )
    assert invoice["totalAmountIncludingTax"] == 400.1
    lines = await lines_of(sandbox, invoice)
    assert [(found["lineObjectNumber"], found["amountIncludingTax"]) for found in lines] == [
        ("7140", 412.1),
        ("6900", -12),
        ("7140", 0),
    ]
    assert dimensions(lines[0]) == {"AVDELING": "210"}
    assert await sandbox.lines() == []
    assert [(entry["amount"], entry["count"]) for entry in await sandbox.ledger()] == [("400.10", 1)]


async def test_the_vendors_usual_currency_does_not_count(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    offered = voucher(1, line("1000", "JPY"), vendor="L-202")

    await adapter.send(sandbox.credentials(), [offered])

    [invoice] = await invoices(sandbox)
    assert (invoice["currencyCode"], invoice["totalAmountIncludingTax"]) == ("JPY", 1000)


async def test_what_is_there_already_is_not_made_twice(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [claim()])

    outcomes = await adapter.send(sandbox.credentials(), [claim(), claim(2)])

    assert set(results(outcomes).values()) == {Result.DELIVERED}
    assert len(await invoices(sandbox)) == 2


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "half_body", "wrong_json", "error500_after"])
async def test_an_answer_lost_at_any_step_is_unknown_then_looked_up_and_ends_as_one_invoice(
    adapter: BusinessCentralAdapter, outbound: OutboundClient, sandbox: CentralSandbox, place: int, fault: str
) -> None:
    offered = claim(1, euros(dimension_1="210"), euros("1.00"))
    credentials = sandbox.credentials()
    faulty = BusinessCentralAdapter(FaultyAt(outbound, sandbox, place, fault), SystemClock())

    assert results(await faulty.send(credentials, [offered])) == {offered.reference: Result.UNKNOWN}

    is_whole = place == 3 and fault != "drop_before"
    looked_up = await adapter.lookup(credentials, [offered.reference])
    assert [item.count for item in looked_up] == ([1] if is_whole else [])
    if not is_whole:
        # Absent means that it goes out again.
        assert results(await adapter.send(credentials, [offered])) == {offered.reference: Result.DELIVERED}
    assert [item.count for item in await adapter.lookup(credentials, [offered.reference])] == [1]
    [invoice] = await invoices(sandbox)
    lines = await lines_of(sandbox, invoice)
    assert [found["amountIncludingTax"] for found in lines] == [412, 1]
    assert dimensions(lines[0]) == {"AVDELING": "210"}


@pytest.mark.parametrize("place", [2, 3])
async def test_a_limit_after_the_draft_was_made_leaves_the_claim_unknown_and_the_next_send_completes_it(
    adapter: BusinessCentralAdapter, outbound: OutboundClient, sandbox: CentralSandbox, place: int
) -> None:
    offered = claim(1, euros(dimension_1="210"))
    faulty = BusinessCentralAdapter(FaultyAt(outbound, sandbox, place, "rate_limited"), SystemClock())

    first = await faulty.send(sandbox.credentials(), [offered])
    second = await adapter.send(sandbox.credentials(), [offered])

    assert (results(first), results(second)) == (
        {offered.reference: Result.UNKNOWN},
        {offered.reference: Result.DELIVERED},
    )
    assert len(await invoices(sandbox)) == 1


async def test_a_draft_that_was_made_twice_is_not_filled_and_a_person_is_told_of_both(
    outbound: OutboundClient, sandbox: CentralSandbox
) -> None:
    faulty = BusinessCentralAdapter(FaultyAt(outbound, sandbox, 1, "duplicate"), SystemClock())

    [outcome] = await faulty.send(sandbox.credentials(), [claim()])

    made = await invoices(sandbox)
    assert (outcome.result, len(made)) == (Result.NEEDS_PERSON, 2)
    assert all(one["number"] in str(outcome.message) for one in made)
    assert [len(one["purchaseInvoiceLines"]) for one in made] == [1, 1]


async def test_killed_between_header_and_lines_the_draft_says_that_it_is_not_complete(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("faults", {"spec": "drop_after=1"})
    outcomes = await adapter.send(sandbox.credentials(), [claim()])
    await sandbox.change("faults", {"spec": ""})

    assert results(outcomes) == {reference(): Result.UNKNOWN}
    [invoice] = await invoices(sandbox)
    assert [(found["lineType"], found["description"]) for found in invoice["purchaseInvoiceLines"]] == [
        ("Comment", INCOMPLETE)
    ]
    assert await adapter.lookup(sandbox.credentials(), [reference()]) == []


@pytest.mark.parametrize("fault", ["rate_limited", "rate_limited_bare"])
async def test_a_limit_before_anything_was_written_means_not_processed(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, fault: str
) -> None:
    await sandbox.change("faults", {"spec": f"{fault}=1"})

    with pytest.raises(AdapterError) as caught:
        await adapter.send(sandbox.credentials(), [claim()])

    assert caught.value.fault is Fault.RATE_LIMITED
    await sandbox.change("faults", {"spec": ""})
    assert await invoices(sandbox) == []


@pytest.mark.parametrize(
    ("offered", "field", "words"),
    [
        (claim(1, euros(account="NOPE")), "account", "NOPE"),
        (claim(1, euros(tax_code="NOPE")), "tax_code", "NOPE"),
        (claim(1, euros(dimension_1="999999")), "dimension_1", "Dimension Value"),
        (claim(1, vendor="L-290"), "vendor", "blocked"),
        (claim(1, vendor="NOPE"), "vendor", "NOPE"),
        (voucher(1, line("1.00", "CHF"), vendor="L-201"), "currency", "no currency CHF"),
    ],
)
async def test_what_is_refused_leaves_no_draft_behind(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, offered: Voucher, field: str, words: str
) -> None:
    outcomes = await adapter.send(sandbox.credentials(), [offered])

    assert results(outcomes) == {offered.reference: Result.REJECTED}
    assert outcomes[0].field == field
    assert words in str(outcomes[0].message)
    assert await invoices(sandbox) == []


async def test_a_currency_the_company_has_not_is_told_before_anything_is_sent(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    francs = voucher(1, line("1.00", "CHF"), vendor="L-201")

    rules = await adapter.rules(sandbox.credentials())

    [outcome] = await adapter.send(sandbox.credentials(), [francs])
    assert outcome.field == "currency"
    assert rules.refusal(francs, sandbox.settings()) == outcome
    assert rules.refusal(claim(), sandbox.settings()) is None


async def test_where_the_list_of_currencies_cannot_be_had_the_other_rules_hold_all_the_same(
    outbound: OutboundClient, sandbox: CentralSandbox
) -> None:
    rules = await BusinessCentralAdapter(NoCurrencies(outbound), SystemClock()).rules(sandbox.credentials())

    assert rules.refusal(voucher(1, line("1.00", "CHF"), vendor="L-201"), sandbox.settings()) is None
    assert rules.refusal(voucher(1, line("1.00", "CHF")), sandbox.settings()) is not None


async def test_an_employee_is_no_vendor_and_the_claim_is_refused_with_a_sentence(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    [outcome] = await adapter.send(sandbox.credentials(), [voucher(1, euros(), employee="V-118")])

    assert (outcome.result, outcome.field) == (Result.REJECTED, "vendor")
    assert "needs a vendor" in str(outcome.message)
    assert (await invoices(sandbox), await sandbox.lines()) == ([], [])


async def test_three_decimals_are_taken_where_the_company_keeps_three(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1, line("1.234", "KWD"), vendor="L-201")])

    assert [invoice["totalAmountIncludingTax"] for invoice in await invoices(sandbox)] == [1.234]


async def test_dimensions_are_written_and_defaulted_ones_changed_also_in_more_than_one_batch(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    many = [euros("1.00", account="6900", dimension_1="210", dimension_2="P-12")] * 60
    offered = claim(1, *many)

    outcomes = await adapter.send(sandbox.credentials(), [offered])

    assert results(outcomes) == {offered.reference: Result.DELIVERED}
    [invoice] = await invoices(sandbox)
    found = [dimensions(one) for one in await lines_of(sandbox, invoice)]
    assert found == [{"AVDELING": "210", "PROSJEKT": "P-12"}] * 60


async def test_a_draft_somebody_has_changed_is_for_a_person(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [claim()])
    [invoice] = await invoices(sandbox)
    path = f"{await sandbox.company()}/purchaseInvoices({invoice['id']})"
    await sandbox.api("PATCH", path, {"currencyCode": "SEK"})

    [outcome] = await adapter.send(sandbox.credentials(), [claim()])

    assert outcome.result is Result.NEEDS_PERSON
    assert invoice["number"] in str(outcome.message)


async def test_a_preview_of_a_claim_in_another_currency_is_the_invoice(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    offered = claim(1, euros("412.10", dimension_1="210"), euros("-12.00", tax_code="HØY"))

    [invoice] = adapter.render(offered, sandbox.settings())["purchaseInvoices"]

    assert (invoice["vendorNumber"], invoice["currencyCode"]) == ("L-201", "EUR")
    assert [(body["unitCost"], body["quantity"]) for body in invoice["purchaseInvoiceLines"]] == [
        ("412.10", 1),
        ("12.00", -1),
    ]
    assert invoice["purchaseInvoiceLines"][0]["dimensionSetLines"] == [
        {"code": "AVDELING", "valueCode": "210"}
    ]
    assert "journalLines" in adapter.render(voucher(1), sandbox.settings())


async def test_an_app_that_may_not_write_stops_with_nothing_made(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("apps/full", {"may_write": False})

    [outcome] = await adapter.send(sandbox.credentials(), [claim()])

    await sandbox.change("apps/full", {"may_write": True})
    assert outcome.result is Result.REJECTED
    assert "permission sets" in str(outcome.message)
    assert await invoices(sandbox) == []
