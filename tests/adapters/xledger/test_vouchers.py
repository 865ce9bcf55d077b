"""What a claim looks like on its way to Xledger."""

from decimal import Decimal

import pytest

from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.vouchers import packs, smaller
from tests.adapters.xledger.fake_http import line, voucher


def nodes(rendered: object) -> list[dict[str, object]]:
    return [entry["node"] for entry in rendered["inputs"]]  # type: ignore[index]  # plain JSON


def test_debits_and_one_credit_add_up_to_zero(adapter: XledgerAdapter) -> None:
    rendered = nodes(adapter.render(voucher(7, line("412.00"), line("99.50"), line("-12.25"))))
    amounts = [Decimal(str(node["amount"])) for node in rendered]
    assert amounts == [Decimal("412.00"), Decimal("99.50"), Decimal("-12.25"), Decimal("-499.25")]
    assert sum(amounts) == 0
    assert [node["invoiceAmount"] for node in rendered] == [node["amount"] for node in rendered]


def test_a_rendered_voucher_says_all_that_xledger_needs(adapter: XledgerAdapter) -> None:
    claim = voucher(
        42,
        line(tax_rule="22", project="P-12", gl_object_1="210", gl_object_5="X", account="7140*", text="Tog"),
        invoice_number="EC-2026-42",
        subledger="V-118",
        due_date="2026-11-20",
    )
    common = {
        "trRegNumber": 42,
        "transactionSource": {"code": "GL"},
        "jobLevel": {"dbSubId": 1},
        "postedDate": "2026-11-05",
        "currency": {"code": "NOK"},
        "invoiceNumber": "EC-2026-42",
    }
    debit = {
        "account": {"code": "7140*"},
        "text": "Tog",
        "amount": "412.00",
        "invoiceAmount": "412.00",
        "taxRule": {"code": "22"},
        "project": {"code": "P-12"},
        "glObject1": {"code": "210"},
        "glObject5": {"code": "X"},
    }
    credit = {
        "account": {"code": "2910"},
        "text": "EC-2026-42",
        "amount": "-412.00",
        "invoiceAmount": "-412.00",
        "extIdentifier": "IAREF42",
        "subledger": {"code": "V-118"},
        "dueDate": "2026-11-20",
    }
    assert adapter.render(claim) == {
        "inputs": [
            {"clientId": "IAREF42.1", "node": common | debit},
            {"clientId": "IAREF42.2", "node": common | credit},
        ]
    }


def test_a_mapped_posting_date_wins_over_the_vouchers_own(adapter: XledgerAdapter) -> None:
    rendered = nodes(adapter.render(voucher(1, line(), posted_date="2026-10-31")))
    assert {node["postedDate"] for node in rendered} == {"2026-10-31"}


def test_a_code_written_as_an_id_is_sent_as_an_id(adapter: XledgerAdapter) -> None:
    rendered = nodes(adapter.render(voucher(1, line(account="dbId:2100066"), credit_account="dbId:abc")))
    assert rendered[0]["account"] == {"dbId": 2100066}
    assert rendered[1]["account"] == {"code": "dbId:abc"}


def test_transaction_source_and_job_level_are_the_organisations_choice(adapter: XledgerAdapter) -> None:
    settings = {"transaction_source": "AP", "job_level": "2"}
    rendered = nodes(adapter.render(voucher(1, line()), settings))
    assert {str(node["transactionSource"]) for node in rendered} == {"{'code': 'AP'}"}
    assert {str(node["jobLevel"]) for node in rendered} == {"{'dbSubId': 2}"}


def test_an_amount_in_a_foreign_currency_is_never_passed_off_as_kroner(adapter: XledgerAdapter) -> None:
    rendered = nodes(adapter.render(voucher(1, line("10.00", "EUR"))))
    assert [node["invoiceAmount"] for node in rendered] == ["10.00", "-10.00"]
    assert {str(node["currency"]) for node in rendered} == {"{'code': 'EUR'}"}
    assert all("amount" not in node for node in rendered)


def test_only_the_credit_line_carries_our_reference(adapter: XledgerAdapter) -> None:
    rendered = nodes(adapter.render(voucher(1, line(), line(), line())))
    assert [node.get("extIdentifier") for node in rendered] == [None, None, None, "IAREF1"]


def test_vouchers_are_packed_whole_into_at_most_500_nodes() -> None:
    batch = [voucher(n, *[line("1.00")] * lines) for n, lines in enumerate([249, 249, 1, 498, 499, 3])]
    assert [[item.number for item in pack] for pack in packs(batch)] == [[0, 1], [2], [3], [4], [5]]
    assert all(sum(len(item.lines) + 1 for item in pack) <= 500 for pack in packs(batch))


@pytest.mark.parametrize(
    ("size", "sizes"), [(100, [10] * 10), (11, [10, 1]), (10, [1] * 10), (2, [1, 1]), (0, [])]
)
def test_a_refused_pack_is_divided_into_tens_and_then_into_single_vouchers(
    size: int, sizes: list[int]
) -> None:
    divided = smaller([voucher(n) for n in range(size)])
    assert [len(pack) for pack in divided] == sizes
    assert [item.number for pack in divided for item in pack] == list(range(size))
