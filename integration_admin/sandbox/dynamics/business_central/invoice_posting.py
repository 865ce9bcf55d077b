"""Posts purchase invoices: what they must have, and the ledger entries they become."""

from integration_admin.sandbox.dynamics.business_central import problems
from integration_admin.sandbox.dynamics.business_central.accounts import (
    require_date,
    require_dimensions,
    usable_account,
    usable_party,
)
from integration_admin.sandbox.dynamics.business_central.books import ENTRIES, INVOICES
from integration_admin.sandbox.dynamics.business_central.calls import NO_CONTENT, Call, Reply
from integration_admin.sandbox.dynamics.business_central.enumerations import VENDOR
from integration_admin.sandbox.dynamics.business_central.invoice_lines import (
    DRAFT,
    decimals_of,
    lines_of,
    net_and_tax,
    require_draft,
)
from integration_admin.sandbox.dynamics.business_central.invoices import TABLE
from integration_admin.sandbox.dynamics.business_central.posting import next_posting
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Entry, Invoice, InvoiceLine
from integration_admin.sandbox.dynamics.business_central.values import scaled
from integration_admin.sandbox.dynamics.business_central.world import RATES

OPEN = "Open"
"""What a posted invoice is until it is paid."""


def post(call: Call) -> Reply:
    """Post a draft, which keeps its id and gets another number (Purch. Inv. Aggregator). Raises Problem."""
    found, row = call.numbered(INVOICES, 0)
    require_draft(row)
    lines = [line for _, line in lines_of(call.books, found) if line.account]
    _require_postable(call, row, lines)
    books = call.books
    row = row._replace(number=f"P{row.number}")
    posting, stamp = next_posting(books), books.now()
    vendor = usable_party(call.company, VENDOR, row.vendor, TABLE)
    owed = 0
    for line in lines:
        amount = _local(call, row, sum(net_and_tax(books, row, line)))
        owed += amount
        books.store.add(ENTRIES, _entry(row, line.account, amount, line, posting, stamp))
    books.store.add(ENTRIES, _entry(row, vendor.account, -owed, None, posting, stamp))
    posted = row._replace(status=OPEN, modified=stamp, version=books.store.stamp())
    books.store.change(INVOICES, found, posted)
    return Reply(NO_CONTENT)


def _require_postable(call: Call, row: Invoice, lines: list[InvoiceLine]) -> None:
    if not any(line.amount for line in lines):
        raise Problem(problems.DIALOG, "There is nothing to post.")
    if not row.vendor_invoice_number:
        raise Problem(problems.FIELD_VALIDATION, f"Vendor Invoice No. must have a value in {TABLE}.")
    usable_party(call.company, VENDOR, row.vendor, TABLE)
    require_date(call.company, row.posting_date, TABLE)
    _require_first(call, row)
    for line in lines:
        usable_account(call.company, line.account, "Purchase Line")
        require_dimensions(call.company, line.dimensions)
    if sum(line.amount for line in lines) < 0:
        raise Problem(problems.DIALOG, "The total amount for the invoice must be 0 or greater.")


def _require_first(call: Call, row: Invoice) -> None:
    """Raise Problem where the vendor's number was posted before, which is found out only now (facts 1.8)."""
    table = call.books.store.table(INVOICES)
    same = table.numbers("vendor_number", (row.company, row.vendor_invoice_number))
    for other in (table.rows[found] for found in same):
        if other.status != DRAFT and other.vendor == row.vendor:
            raise Problem(
                problems.DIALOG,
                f"Purchase Invoice {row.vendor_invoice_number} already exists for this vendor.",
            )


def _local(call: Call, row: Invoice, amount: int) -> int:
    """Return an amount of the invoice's currency in hundredths of the local one."""
    places = decimals_of(call.company, row.currency)
    rate = RATES.get(row.currency)
    return scaled(amount * rate, 2 - places) if rate is not None else amount


def _entry(
    row: Invoice, account: str, amount: int, line: InvoiceLine | None, posting: int, stamp: str
) -> Entry:
    return Entry(
        company=row.company,
        posting=posting,
        posting_date=row.posting_date,
        document=row.number,
        external_document=row.vendor_invoice_number,
        account=account,
        amount=amount,
        main=line is not None,
        balanced_line=False,
        description=line.description if line else f"Invoice {row.number}",
        tax_code=line.tax_code if line else "",
        party="" if line else row.vendor,
        dimensions=line.dimensions if line else row.dimensions,
        modified=stamp,
        source="purchase_invoice",
    )
