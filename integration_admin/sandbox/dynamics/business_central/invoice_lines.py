"""The lines of purchase invoices, and what an invoice comes to."""

from decimal import Decimal
from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import dimension_sets, enumerations, problems
from integration_admin.sandbox.dynamics.business_central.accounts import merged, tax_percent, usable_account
from integration_admin.sandbox.dynamics.business_central.books import INVOICE_LINES, INVOICES, Books
from integration_admin.sandbox.dynamics.business_central.calls import NO_CONTENT, Call, Reply, require_guid
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Invoice, InvoiceLine
from integration_admin.sandbox.dynamics.business_central.values import (
    choice_of,
    code_of,
    decimal_of,
    number,
    scaled,
    text_of,
    whole_of,
)
from integration_admin.sandbox.dynamics.business_central.world import Company

DRAFT: Final = "Draft"
_NUMBER: Final = "No."
TABLE: Final = "Purchase Line"
FIELDS: Final = (
    "id", "documentId", "sequence", "accountId", "lineType", "lineObjectNumber", "description", "unitCost",
    "quantity", "taxCode", "amountExcludingTax", "totalTaxAmount", "amountIncludingTax",
    "lastModifiedDateTime",
)  # fmt: skip
_WRITABLE = frozenset(
    {
        "sequence", "accountId", "lineType", "lineObjectNumber", "description", "unitCost", "quantity",
        "taxCode",
    }
)  # fmt: skip
_STEP = 10_000


def get_all(call: Call) -> Reply:
    """Return an invoice's lines. Raises Problem."""
    found, row = call.numbered(INVOICES, 0)
    listed = records(call.books, found, row)
    if dimension_sets.NAME in call.query.expand:
        for record, (line, line_row) in zip(listed, lines_of(call.books, found), strict=True):
            record[dimension_sets.NAME] = dimension_sets.records(
                call.books, dimension_sets.INVOICE_LINE, line, line_row
            )
    return call.listed(listed, FIELDS)


def get(call: Call) -> Reply:
    """Return one line. Raises Problem."""
    found, row = call.numbered(INVOICES, 0)
    line, line_row = call.numbered(INVOICE_LINES, 1)
    if line_row.invoice != found:
        raise problems.missing(TABLE, call.keys[1])
    return call.single(_record(call.books, row, line, line_row), FIELDS)


def create(call: Call) -> Reply:
    """Add a line to a draft. Raises Problem."""
    found, row = call.numbered(INVOICES, 0)
    require_draft(row)
    line = add(call, found, row, call.fields())
    return call.single(_record(call.books, row, line, call.books.row(INVOICE_LINES, line)), FIELDS, 201)


def remove(call: Call) -> Reply:
    """Delete a line of a draft. Raises Problem."""
    _, row = call.numbered(INVOICES, 0)
    require_draft(row)
    line, line_row = call.numbered(INVOICE_LINES, 1)
    call.require_match(line, line_row.version)
    call.books.store.change(INVOICE_LINES, line, None)
    return Reply(NO_CONTENT)


def require_draft(row: Invoice) -> None:
    """Raise Problem where an invoice is posted already."""
    if row.status != DRAFT:
        raise Problem(problems.DIALOG, f"Purchase Invoice {row.number} is posted and cannot be changed.")


def add(call: Call, invoice: int, row: Invoice, fields: Any) -> int:
    """Add a line and return its number. Raises Problem."""
    if not isinstance(fields, dict):
        raise Problem(problems.BAD_REQUEST, "A line is not a JSON object.")
    for name in fields.keys() - _WRITABLE:
        raise problems.unknown_field(name, "purchaseInvoiceLine", FIELDS)
    company, books = call.company, call.books
    line_type = choice_of(fields.get("lineType", "Item"), enumerations.LINE_TYPES)
    code = _account(company, line_type, fields)
    account = company.accounts.get(code)
    cost, quantity = decimal_of(fields.get("unitCost", 0)), decimal_of(fields.get("quantity", 0))
    tax_code = code_of(fields.get("taxCode"), 20)
    tax_percent(company, tax_code, TABLE)
    line = InvoiceLine(
        company=company.number,
        invoice=invoice,
        sequence=_sequence(books, invoice, fields),
        line_type=line_type,
        account=code,
        description=text_of(fields.get("description"), 100) or (account.name if account else ""),
        unit_cost=str(cost),
        quantity=str(quantity),
        amount=scaled(cost * quantity, decimals_of(company, row.currency)),
        tax_code=tax_code,
        dimensions=merged(row.dimensions, account.defaults if account else ()),
        modified=books.now(),
        version=books.store.stamp(),
    )
    return books.store.add(INVOICE_LINES, line)


def lines_of(books: Books, invoice: int) -> list[tuple[int, InvoiceLine]]:
    """Return an invoice's lines with their numbers, in their order."""
    table = books.store.table(INVOICE_LINES)
    found = [(line, table.rows[line]) for line in table.numbers("invoice", invoice)]
    return sorted(found, key=lambda pair: pair[1].sequence)


def records(books: Books, invoice: int, row: Invoice) -> list[Record]:
    """Return an invoice's lines as answers have them."""
    return [_record(books, row, line, line_row) for line, line_row in lines_of(books, invoice)]


def totals(books: Books, invoice: int, row: Invoice) -> tuple[int, int]:
    """Return what an invoice comes to without tax, and its tax, in minor units."""
    parts = [net_and_tax(books, row, line) for _, line in lines_of(books, invoice)]
    return sum(net for net, _ in parts), sum(tax for _, tax in parts)


def net_and_tax(books: Books, row: Invoice, line: InvoiceLine) -> tuple[int, int]:
    """Return a line's amount without tax, and its tax; prices have it in them or not, as the invoice says."""
    company = books.world.companies[row.company]
    percent = tax_percent(company, line.tax_code, TABLE)
    if row.prices_include_tax:
        net = scaled(line.amount / (1 + percent / 100), 0)
        return net, line.amount - net
    return line.amount, scaled(line.amount * percent / 100, 0)


def decimals_of(company: Company, currency: str) -> int:
    """Return how many decimals a currency has; the local one has two."""
    found = company.currencies.get(currency)
    return found.number if found else 2


def _account(company: Company, line_type: str, fields: dict[str, Any]) -> str:
    """Return the account a line names. Raises Problem; only accounts and comments are known here."""
    if line_type == "Comment":
        return ""
    code = code_of(fields.get("lineObjectNumber"), 20)
    if "accountId" in fields:
        require_guid(str(fields["accountId"]))
        found = company.accounts.with_guid(fields["accountId"])
        code = found.code if found else str(fields["accountId"])
    if line_type != "Account":
        raise problems.no_relation(_NUMBER, TABLE, code, line_type)
    return usable_account(company, code, TABLE).code


def _sequence(books: Books, invoice: int, fields: dict[str, Any]) -> int:
    """Return a new line's place, the next one where none is given. Raises Problem where it is taken."""
    taken = [line.sequence for _, line in lines_of(books, invoice)]
    if not fields.get("sequence"):
        return max(taken, default=0) + _STEP
    wanted = whole_of(fields["sequence"])
    if wanted in taken:
        raise Problem(problems.DIALOG, "You cannot insert a line with a duplicate sequence number.")
    return wanted


def _record(books: Books, row: Invoice, line: int, line_row: InvoiceLine) -> Record:
    company = books.world.companies[row.company]
    account = company.accounts.get(line_row.account)
    places = decimals_of(company, row.currency)
    net, tax = net_and_tax(books, row, line_row)
    return {
        "@odata.etag": etag(line, line_row.version),
        "id": books.guid(INVOICE_LINES, line),
        "documentId": books.guid(INVOICES, line_row.invoice),
        "sequence": line_row.sequence,
        "accountId": account.guid if account else NOWHERE,
        "lineType": enumerations.encoded(line_row.line_type),
        "lineObjectNumber": line_row.account,
        "description": line_row.description,
        "unitCost": _json(line_row.unit_cost),
        "quantity": _json(line_row.quantity),
        "taxCode": line_row.tax_code,
        "amountExcludingTax": number(net, places),
        "totalTaxAmount": number(tax, places),
        "amountIncludingTax": number(net + tax, places),
        "lastModifiedDateTime": line_row.modified,
    }


def _json(text: str) -> int | float:
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)
