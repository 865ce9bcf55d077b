"""What a reimbursement looks like on its way to Xledger: the claim's voucher the other way round."""

from decimal import Decimal

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.records import REIMBURSEMENT
from tests.adapters.xledger.fake_http import line, voucher
from tests.sandbox.xledger import xledger_sandbox


def paid(number: int = 1, **fields: str) -> Voucher:
    """Return a reimbursement that was owed on account 2910 and paid from 1920."""
    claim = voucher(number, line(account="2910", text="P-311 EC-1"), **({"credit_account": "1920"} | fields))
    return claim._replace(kind=REIMBURSEMENT)


def test_who_is_owed_stands_on_the_debit_line(adapter: XledgerAdapter) -> None:
    fields = {"subledger": "V-118", "due_date": "2026-11-20", "invoice_number": "EC-1"}
    debit, credit = (entry["node"] for entry in adapter.render(paid(7, **fields))["inputs"])
    common = {
        "trRegNumber": 7,
        "transactionSource": {"code": "GL"},
        "jobLevel": {"dbSubId": 1},
        "postedDate": "2026-11-05",
        "currency": {"code": "NOK"},
        "invoiceNumber": "EC-1",
    }
    assert debit == common | {
        "account": {"code": "2910"},
        "text": "P-311 EC-1",
        "amount": "412.00",
        "invoiceAmount": "412.00",
        "subledger": {"code": "V-118"},
    }
    assert credit == common | {
        "account": {"code": "1920"},
        "text": "EC-2026-7",
        "amount": "-412.00",
        "invoiceAmount": "-412.00",
        "extIdentifier": "IAREF7",
    }, "paid money has no due date, and nobody is owed on the bank account"


def test_it_adds_up_to_zero(adapter: XledgerAdapter) -> None:
    nodes = [entry["node"] for entry in adapter.render(paid())["inputs"]]
    assert sum(Decimal(str(node["amount"])) for node in nodes) == 0
    assert not any("subledger" in node for node in nodes), "there is none where none is mapped"


def test_reimbursements_are_offered_and_need_no_account_to_save_a_mapping(adapter: XledgerAdapter) -> None:
    assert adapter.capabilities_of({}).kinds == {"expense_claim", "reimbursement"}
    assert adapter.capabilities.kinds == {"expense_claim", "reimbursement"}
    (target,) = (target for target in adapter.target_fields if target.name == "payment_account")
    assert (target.required, target.reference, str(target.level)) == (False, "accounts", "voucher")


async def test_the_sandbox_demands_the_person_where_the_account_is_kept_by_person(
    adapter: XledgerAdapter,
) -> None:
    owed = line(account="2400")
    by_person = voucher(1, owed, credit_account="1920", subledger="V-118")._replace(kind=REIMBURSEMENT)
    as_a_claim = by_person._replace(kind="expense_claim")
    async with xledger_sandbox() as sandbox:
        [refused] = (await sandbox.errors(nodes_of(adapter, as_a_claim)))[:1]
        assert "subledger: Required by account '2400'" in refused["message"]
        await sandbox.book(nodes_of(adapter, by_person))


def nodes_of(adapter: XledgerAdapter, one: Voucher) -> list[dict[str, object]]:
    return [entry["node"] for entry in adapter.render(one)["inputs"]]
