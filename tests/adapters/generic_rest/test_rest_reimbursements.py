"""A reimbursement on its way to a REST interface: the claim's voucher the other way round."""

from integration_admin.adapters.base import Result, Voucher
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.core.records import REIMBURSEMENT
from tests.adapters.generic_rest.ledger import credentials, line, settings, voucher
from tests.sandbox.rest import RESTSandbox


def paid(number: int = 1, **fields: str) -> Voucher:
    """Return a reimbursement that was owed on account 2910 and paid from 1920."""
    claim = voucher(number, line(account="2910", text="P-311 EC-1"), **({"credit_account": "1920"} | fields))
    return claim._replace(kind=REIMBURSEMENT)


def test_who_is_owed_stands_on_the_debit_line(adapter: GenericRESTAdapter) -> None:
    said = adapter.render(paid(party="V-118", due_date="2026-11-20", document="EC-1"), settings())
    assert said["credit"] == {"account": "1920"}
    assert said["lines"] == [{"account": "2910", "amount": "412.00", "text": "P-311 EC-1", "party": "V-118"}]
    assert said["document"] == "EC-1"
    assert "due_date" not in said, "paid money has no due date"


def test_nobody_is_named_where_nobody_is_mapped(adapter: GenericRESTAdapter) -> None:
    said = adapter.render(paid(), settings())
    assert "party" not in said["lines"][0]
    assert "party" not in said["credit"]


def test_reimbursements_are_offered_whatever_the_settings(adapter: GenericRESTAdapter) -> None:
    for kinds in (adapter.capabilities.kinds, adapter.capabilities_of(settings(batch="100")).kinds):
        assert kinds == {"expense_claim", "reimbursement"}
    (target,) = (target for target in adapter.target_fields if target.name == "payment_account")
    assert (target.required, target.reference, str(target.level)) == (False, "accounts", "voucher")


async def test_it_is_booked_once_and_found_again(adapter: GenericRESTAdapter, sandbox: RESTSandbox) -> None:
    signed_in = credentials(sandbox, batch="100")
    outcomes = await adapter.send(signed_in, [voucher(1, party="V-118"), paid(2, party="V-118")])
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED] * 2
    claim, payment = await sandbox.ledger()
    assert [(part["account"], part["amount"]) for part in claim["lines"]] == [
        ("7140", "412.00"),
        ("2910", "-412.00"),
    ]
    assert [(part["account"], part["amount"]) for part in payment["lines"]] == [
        ("2910", "412.00"),
        ("1920", "-412.00"),
    ]
    assert payment["balanced"]
    record = (await sandbox.get(f"vouchers/{payment['id']}")).json()["record"]
    assert (record["lines"][0]["party"], record["credit"]) == ("V-118", {"account": "1920"})
    [found] = await adapter.lookup(signed_in, ["IAREF2"])
    assert (found.reference, found.count) == ("IAREF2", 1)
