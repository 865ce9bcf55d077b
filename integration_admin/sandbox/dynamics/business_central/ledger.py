"""What the books would show: staged journal lines and posted entries by voucher, and purchase invoices."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from integration_admin.core.money import Money
from integration_admin.sandbox.dynamics.business_central import invoice_lines
from integration_admin.sandbox.dynamics.business_central.books import (
    ENTRIES,
    INVOICE_LINES,
    INVOICES,
    JOURNALS,
    LINES,
    Books,
)
from integration_admin.sandbox.dynamics.business_central.posting import entries_of
from integration_admin.sandbox.dynamics.business_central.rows import Entry, Invoice, JournalLine
from integration_admin.sandbox.dynamics.business_central.world import (
    DEPARTMENT,
    LOCAL_CURRENCY,
    PROJECT,
    VENDOR_ACCOUNT,
)

Voucher = dict[str, Any]

_BANK = "19"
"""What the numbers of cash and bank accounts begin with."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one voucher."""

    reference: str
    table: str
    numbers: tuple[int, ...]


def booked(books: Books, reference: str | None = None, *, newest: bool = False) -> Iterator[Voucher]:
    """Yield what is booked, one entry a voucher, posted ones first: a double shows as two entries."""
    groups = list(chain(_posted(books), _staged(books), _invoices(books)))
    times = Counter(group.reference for group in groups)
    if newest:
        groups.reverse()
    for group in groups:
        if reference is None or group.reference == reference:
            yield {**_entry(books, group), "count": times[group.reference]}


def counts(books: Books) -> dict[str, int]:
    """Return how many vouchers there are, how many of them wait, and how many references come more than once."""
    lines, entries = books.store.table(LINES), books.store.table(ENTRIES)
    invoices = books.store.table(INVOICES).rows.values()
    drafts = sum(invoice.status == invoice_lines.DRAFT for invoice in invoices)
    staged = len(lines.keys("document")) + drafts
    # The ledger entries of a posted invoice are one voucher.
    vouchers = staged + len(entries.keys("voucher"))
    found = {reference for _, reference in chain(lines.keys("reference"), entries.keys("reference"))}
    found |= {invoice.vendor_invoice_number or invoice.number for invoice in invoices}
    return {
        "vouchers": vouchers,
        "staged": staged,
        "lines": len(lines.rows) + len(books.store.table(INVOICE_LINES).rows),
        "entries": len(entries.rows),
        "doubles": max(0, vouchers - len(found)),
    }


def _posted(books: Books) -> Iterator[_Group]:
    table = books.store.table(ENTRIES)
    for key in table.keys("voucher"):
        numbers = tuple(table.numbers("voucher", key))
        first = table.rows[numbers[0]]
        if first.source == "journal":
            yield _Group(first.external_document or first.document, ENTRIES, numbers)


def _staged(books: Books) -> Iterator[_Group]:
    table = books.store.table(LINES)
    for key in table.keys("document"):
        numbers = tuple(table.numbers("document", key))
        first = table.rows[numbers[0]]
        yield _Group(first.external_document or first.document, LINES, numbers)


def _invoices(books: Books) -> Iterator[_Group]:
    for number, row in sorted(books.store.table(INVOICES).rows.items()):
        yield _Group(row.vendor_invoice_number or row.number, INVOICES, (number,))


def _entry(books: Books, group: _Group) -> Voucher:
    if group.table == INVOICES:
        return _invoice(books, group.numbers[0], books.row(INVOICES, group.numbers[0]), group.reference)
    rows = [books.row(group.table, number) for number in group.numbers]
    if group.table == LINES:
        return _journal_voucher(books, group.reference, rows)
    return _voucher(books, group.reference, rows, posted=True)


def _journal_voucher(books: Books, reference: str, lines: list[JournalLine]) -> Voucher:
    company = books.world.companies[lines[0].company]
    entries = [
        entry
        for line in sorted(lines, key=lambda line: line.line_number)
        for entry in entries_of(company, line, 0, line.modified)
    ]
    journal = books.row(JOURNALS, lines[0].journal)
    voucher = _voucher(books, reference, entries, posted=False)
    return {**voucher, "journal": journal.code if journal else ""}


def _voucher(books: Books, reference: str, entries: list[Entry], *, posted: bool) -> Voucher:
    first = entries[0]
    return {
        "reference": reference,
        "amount": _decimal(_amount(entries), LOCAL_CURRENCY),
        "currency": LOCAL_CURRENCY,
        "balanced": sum(entry.amount for entry in entries) == 0,
        "posted": posted,
        "posted_date": first.posting_date or first.modified[:10],
        "document": first.document,
        "kind": "journal",
        "system": "business_central",
        "company": books.world.companies[first.company].name,
        "lines": [_line(entry) for entry in entries if entry.account],
    }


def _amount(entries: list[Entry]) -> int:
    """Return what a voucher comes to: what people are owed by it or, where nobody is named, what its last line credits.

    Where that is nothing, it comes to its debits.
    """
    main = [entry for entry in entries if entry.main]
    balanced = sum(entry.amount for entry in main if entry.balanced_line)
    others = [entry for entry in main if not entry.balanced_line]
    owed = -sum(entry.amount for entry in others if entry.party)
    is_payment = all(entry.account.startswith(_BANK) for entry in others if not entry.party)
    if owed:
        return balanced + (-owed if is_payment else owed)
    credited = -others[-1].amount if others and not sum(entry.amount for entry in others) else 0
    return balanced + (credited if credited > 0 else sum(max(0, entry.amount) for entry in others))


def _line(entry: Entry) -> dict[str, Any]:
    return _shown(entry.account, _decimal(entry.amount, LOCAL_CURRENCY), entry)


def _invoice(books: Books, number: int, row: Invoice, reference: str) -> Voucher:
    net, tax = invoice_lines.totals(books, number, row)
    owed = _decimal(net + tax, row.currency)
    rows = [line for _, line in invoice_lines.lines_of(books, number)]
    lines = [
        _shown(line.account, _decimal(sum(invoice_lines.net_and_tax(books, row, line)), row.currency), line)
        for line in rows
    ]
    lines.append(
        {
            "account": VENDOR_ACCOUNT,
            "amount": _decimal(-net - tax, row.currency),
            "text": row.number,
            "tax_rule": None,
            "party": row.vendor,
            "dimensions": dict(row.dimensions),
            "cost_centre": None,
            "project": None,
        }
    )
    return {
        "reference": reference,
        "amount": owed,
        "currency": row.currency,
        "balanced": True,
        "posted": row.status != invoice_lines.DRAFT,
        "posted_date": row.posting_date,
        "document": row.number,
        "kind": "purchase_invoice",
        "system": "business_central",
        "company": books.world.companies[row.company].name,
        "lines": lines,
    }


def _shown(account: str, amount: str, row: Any) -> dict[str, Any]:
    dimensions = dict(row.dimensions)
    return {
        "account": account,
        "amount": amount,
        "text": row.description,
        "tax_rule": row.tax_code or None,
        "party": getattr(row, "party", ""),
        "dimensions": dimensions,
        "cost_centre": dimensions.get(DEPARTMENT),
        "project": dimensions.get(PROJECT),
    }


def _decimal(minor: int, currency: str) -> str:
    return Money(currency, minor).decimal()
