"""Purchase invoices, the only documents here with a currency of their own: drafts, deleted or posted.

Their lines are in invoice_lines.py.
"""

from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import dimension_sets, invoice_lines, problems
from integration_admin.sandbox.dynamics.business_central.accounts import merged, usable_party
from integration_admin.sandbox.dynamics.business_central.books import INVOICE_LINES, INVOICES, Books
from integration_admin.sandbox.dynamics.business_central.calls import NO_CONTENT, Call, Reply, require_guid
from integration_admin.sandbox.dynamics.business_central.enumerations import VENDOR
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE
from integration_admin.sandbox.dynamics.business_central.invoice_lines import DRAFT, decimals_of
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.problems import Problem, no_relation
from integration_admin.sandbox.dynamics.business_central.rows import Invoice
from integration_admin.sandbox.dynamics.business_central.values import (
    code_of,
    date_of,
    number,
    shown_date,
    text_of,
)
from integration_admin.sandbox.dynamics.business_central.world import LOCAL_CURRENCY

TABLE: Final = "Purchase Header"
LINES: Final = "purchaseInvoiceLines"
FIELDS: Final = (
    "id", "number", "postingDate", "invoiceDate", "dueDate", "vendorInvoiceNumber", "vendorId", "vendorNumber",
    "vendorName", "currencyId", "currencyCode", "pricesIncludeTax", "totalAmountExcludingTax",
    "totalTaxAmount", "totalAmountIncludingTax", "status", "lastModifiedDateTime",
)  # fmt: skip
_WRITABLE = frozenset(
    {
        "postingDate", "invoiceDate", "dueDate", "vendorInvoiceNumber", "vendorId", "vendorNumber", "currencyId",
        "currencyCode", "pricesIncludeTax", LINES,
    }
)  # fmt: skip
_FIRST = 10_000
_CURRENCY: Final = "Currency Code"


def get_all(call: Call) -> Reply:
    """Return the company's purchase invoices, drafts and posted ones."""
    table, company = call.books.store.table(INVOICES), call.company.number
    wanted = call.query.pinned("vendorInvoiceNumber")
    if wanted is None:
        numbers = sorted(table.numbers("company", company))
    else:
        numbers = [found for text in wanted for found in table.numbers("vendor_number", (company, text))]
    return call.listed([_record(call, found, table.rows[found]) for found in numbers], FIELDS)


def get(call: Call) -> Reply:
    """Return one invoice. Raises Problem."""
    return call.single(_record(call, *_invoice(call)), FIELDS)


def create(call: Call) -> Reply:
    """Make a draft, with its lines where they come along. Raises Problem."""
    books, fields = call.books, _known(call)
    today = books.today().isoformat()
    found = books.store.table(INVOICES).next_number
    row = Invoice(
        company=call.company.number,
        number=f"PI-{_FIRST + found}",
        vendor="",
        vendor_invoice_number="",
        invoice_date=today,
        posting_date=today,
        due_date=today,
        currency=LOCAL_CURRENCY,
        prices_include_tax=False,
        status=DRAFT,
        dimensions=(),
        modified=books.now(),
        version=books.store.stamp(),
    )
    row = _filled(call, row, fields)
    if not row.vendor:
        raise Problem(problems.DIALOG, 'The "vendorNumber" or the "vendorId" must be provided.')
    books.store.change(INVOICES, found, row)
    for line in _lines(fields):
        invoice_lines.add(call, found, row, line)
    return call.single(_record(call, found, row), FIELDS, 201)


def change(call: Call) -> Reply:
    """Change some fields of a draft. Raises Problem."""
    found, row = _draft(call)
    call.require_match(found, row.version)
    row = _filled(call, row, _known(call))
    row = row._replace(modified=call.books.now(), version=call.books.store.stamp())
    call.books.store.change(INVOICES, found, row)
    return call.single(_record(call, found, row), FIELDS)


def remove(call: Call) -> Reply:
    """Delete a draft with its lines. Raises Problem."""
    found, row = _draft(call)
    call.require_match(found, row.version)
    for line in list(call.books.store.table(INVOICE_LINES).numbers("invoice", found)):
        call.books.store.change(INVOICE_LINES, line, None)
    call.books.store.change(INVOICES, found, None)
    return Reply(NO_CONTENT)


def _invoice(call: Call) -> tuple[int, Invoice]:
    found, row = call.numbered(INVOICES, 0)
    return found, row


def _draft(call: Call) -> tuple[int, Invoice]:
    found, row = _invoice(call)
    invoice_lines.require_draft(row)
    return found, row


def _known(call: Call) -> dict[str, Any]:
    fields = call.fields()
    for name in fields.keys() - _WRITABLE:
        raise problems.unknown_field(name, "purchaseInvoice", FIELDS)
    return fields


def _lines(fields: dict[str, Any]) -> list[Any]:
    lines = fields.get(LINES, [])
    if not isinstance(lines, list):
        raise Problem(problems.BAD_REQUEST, f"{LINES} is not a list.")
    return lines


def _filled(call: Call, row: Invoice, fields: dict[str, Any]) -> Invoice:
    """Return the invoice with the fields a body has. Raises Problem."""
    if "vendorId" in fields or "vendorNumber" in fields:
        row = _with_vendor(call, row, fields)
    row = row._replace(
        invoice_date=_date(fields, "invoiceDate", row.invoice_date),
        posting_date=_date(fields, "postingDate", row.posting_date),
        due_date=_date(fields, "dueDate", row.due_date),
    )
    if "vendorInvoiceNumber" in fields:
        row = row._replace(vendor_invoice_number=code_of(fields["vendorInvoiceNumber"], 35))
    if "pricesIncludeTax" in fields:
        row = row._replace(prices_include_tax=fields["pricesIncludeTax"] is True)
    if "currencyId" in fields or "currencyCode" in fields:
        row = row._replace(currency=_currency(call, fields))
    return row


def _date(fields: dict[str, Any], name: str, usual: str) -> str:
    return date_of(fields[name]) if name in fields else usual


def _with_vendor(call: Call, row: Invoice, fields: dict[str, Any]) -> Invoice:
    code = code_of(fields.get("vendorNumber"), 20)
    if "vendorId" in fields:
        require_guid(str(fields["vendorId"]))
        found = call.company.vendors.with_guid(fields["vendorId"])
        code = found.code if found else text_of(fields["vendorId"], 40)
    vendor = usable_party(call.company, VENDOR, code, TABLE)
    currency = vendor.currency or LOCAL_CURRENCY
    dimensions = merged(row.dimensions, vendor.defaults)
    return row._replace(vendor=vendor.code, currency=currency, dimensions=dimensions)


def _currency(call: Call, fields: dict[str, Any]) -> str:
    """Return the currency a body names; the local one may be left blank."""
    code = code_of(fields.get("currencyCode"), 10)
    if "currencyId" in fields and fields["currencyId"] != NOWHERE:
        found = call.company.currencies.with_guid(str(fields["currencyId"]))
        code = found.code if found else str(fields["currencyId"])
    if code in ("", LOCAL_CURRENCY):
        return LOCAL_CURRENCY
    if call.company.currencies.get(code) is None:
        raise no_relation(_CURRENCY, TABLE, code, "Currency")
    return code


def _record(call: Call, found: int, row: Invoice) -> Record:
    books = call.books
    record = record_of(books, found, row)
    if LINES in call.query.expand:
        record[LINES] = invoice_lines.records(books, found, row)
    if dimension_sets.NAME in call.query.expand:
        record[dimension_sets.NAME] = dimension_sets.records(books, dimension_sets.INVOICE, found, row)
    return record


def record_of(books: Books, found: int, row: Invoice) -> Record:
    """Return an invoice as answers have it."""
    company = books.world.companies[row.company]
    vendor = company.vendors.get(row.vendor)
    currency = company.currencies.get(row.currency)
    places = decimals_of(company, row.currency)
    net, tax = invoice_lines.totals(books, found, row)
    return {
        "@odata.etag": etag(found, row.version),
        "id": books.guid(INVOICES, found),
        "number": row.number,
        "postingDate": shown_date(row.posting_date),
        "invoiceDate": shown_date(row.invoice_date),
        "dueDate": shown_date(row.due_date),
        "vendorInvoiceNumber": row.vendor_invoice_number,
        "vendorId": vendor.guid if vendor else NOWHERE,
        "vendorNumber": row.vendor,
        "vendorName": vendor.name if vendor else "",
        "currencyId": currency.guid if currency else NOWHERE,
        "currencyCode": row.currency,
        "pricesIncludeTax": row.prices_include_tax,
        "totalAmountExcludingTax": number(net, places),
        "totalTaxAmount": number(tax, places),
        "totalAmountIncludingTax": number(net + tax, places),
        "status": row.status,
        "lastModifiedDateTime": row.modified,
    }
