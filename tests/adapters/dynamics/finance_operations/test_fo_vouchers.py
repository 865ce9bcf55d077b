"""A voucher as journal lines."""

import json
from decimal import Decimal
from typing import Any

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.dynamics.finance_operations.options import Booking, booking
from integration_admin.adapters.dynamics.finance_operations.vouchers import header, lines, refusal
from tests.adapters.dynamics.finance_operations.ledger import line, settings, short, voucher


def how(**changes: str) -> Booking:
    return booking(settings(**changes))


def test_the_lines_balance_and_the_last_one_alone_has_the_invoice_number() -> None:
    said = lines(voucher(1, line("412.00"), line("-12.50")), how(), "00007", first=11)
    assert sum(part["DebitAmount"] - part["CreditAmount"] for part in said) == Decimal(0)
    assert [(part["DebitAmount"], part["CreditAmount"]) for part in said] == [
        (Decimal("412.00"), Decimal(0)),
        (Decimal(0), Decimal("12.50")),
        (Decimal(0), Decimal("399.50")),
    ]
    assert [part.get("Invoice") for part in said] == [None, None, short(1)]
    assert {part["Document"] for part in said} == {part["Voucher"] for part in said} == {short(1)}
    assert [part["LineNumber"] for part in said] == [11, 12, 13]
    assert {part["JournalBatchNumber"] for part in said} == {"00007"}
    assert all(len(part["Document"]) == 20 for part in said)


def test_a_claim_that_gives_money_back_is_debited() -> None:
    *_, last = lines(voucher(1, line("-100.00")), how(), "1")
    assert (last["DebitAmount"], last["CreditAmount"]) == (Decimal("100.00"), Decimal(0))


@pytest.mark.parametrize(
    ("form", "separator", "fields", "expected"),
    [
        ("MainAccount", "-", {}, "7140"),
        ("MainAccount,CostCenter,Project", "-", {}, "7140--"),
        ("MainAccount,CostCenter,Project", "-", {"dimension_2": "P-12"}, "7140--P\\-12"),
        ("CostCenter,MainAccount", "|", {"dimension_1": "2|1\\0"}, "2\\|1\\\\0|7140"),
        ("MainAccount,CostCenter", ".", {"dimension_1": "2-1.0"}, "7140.2-1\\.0"),
    ],
)
def test_account_and_dimensions_are_joined_in_the_order_of_the_format(
    form: str, separator: str, fields: dict[str, str], expected: str
) -> None:
    first, last = lines(voucher(1, line(**fields)), how(account_format=form, separator=separator), "1")
    assert first["AccountDisplayValue"] == expected
    assert last["AccountDisplayValue"].replace(separator, "") == "2910"


def test_without_our_line_numbers_none_is_sent() -> None:
    said = lines(voucher(1), how(details="own", line_numbers="no"), "1")
    assert not any("LineNumber" in part for part in said)


def test_the_header_carries_our_reference_in_both_places() -> None:
    alone, several = header([voucher(1)], how()), header([voucher(1), voucher(2)], how())
    assert alone["IntegrationKey"] == short(1)
    assert alone["Description"] == f"EC-2026-1 {short(1)}"
    assert several["Description"] == f"EC-2026-1 + 1 {several['IntegrationKey']}"
    assert several == header([voucher(1), voucher(2)], how())
    assert several["IntegrationKey"] != header([voucher(2), voucher(1)], how())["IntegrationKey"]
    assert len(several["IntegrationKey"]) == 20
    assert "IntegrationKey" not in header([voucher(1)], how(details="own", integration_key="no"))


def test_a_description_is_never_too_long() -> None:
    long = voucher(1)._replace(record_id="E" * 200)
    assert len(header([long], how())["Description"]) <= 60
    assert len(lines(long, how(), "1")[-1]["Text"]) <= 60


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (voucher(1, posted_date="5.11.2026"), "posted_date"),
        (voucher(1, due_date="2026-02-30"), "due_date"),
        (voucher(1, line(dimension_3="X")), "dimension_3"),
        (voucher(1, *[line()] * 500), ""),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_leaves(wrong: Any, field: str) -> None:
    outcome = refusal(wrong, how())
    assert outcome is not None
    assert (outcome.result, outcome.field) == (Result.REJECTED, field)


def test_a_preview_needs_no_settings_and_is_plain_data(adapter: FinanceOperationsAdapter) -> None:
    shown = adapter.render(voucher(1))
    assert json.loads(json.dumps(shown)) == shown
    assert shown["LedgerJournalLines"][0]["DebitAmount"] == "412.00"
    with_settings = adapter.render(voucher(1), settings())
    assert with_settings["LedgerJournalHeaders"]["JournalName"] == "UTLEGG"
