"""The records that come and go. They are tuples, because a long bench makes very many of them.

Amounts of journals and entries are in hundredths of the local currency; dates are written yyyy-MM-dd.
"""

from typing import NamedTuple

Dimensions = tuple[tuple[str, str], ...]
"""Dimension code and value code."""


class Journal(NamedTuple):
    """A general journal batch."""

    company: int
    code: str
    display_name: str
    balancing_account: str
    modified: str
    version: int


class JournalLine(NamedTuple):
    """A line that waits to be posted."""

    company: int
    journal: int
    line_number: int
    account_type: str
    account: str
    posting_date: str
    document: str
    external_document: str
    amount: int
    description: str
    comment: str
    tax_code: str
    balancing_type: str
    balancing_account: str
    dimensions: Dimensions
    modified: str
    version: int


class Entry(NamedTuple):
    """One general ledger entry."""

    company: int
    posting: int
    """Entries of one posting share this number."""
    posting_date: str
    document: str
    external_document: str
    """Business Central has it; its API does not show it."""
    account: str
    amount: int
    main: bool
    """Whether it stands for a line's own side, not for its balancing account."""
    balanced_line: bool
    """Whether the line had a balancing account of its own."""
    description: str
    tax_code: str
    party: str
    dimensions: Dimensions
    modified: str
    source: str
    """What was posted: `journal` or `purchase_invoice`."""


class InvoiceLine(NamedTuple):
    """One line of a purchase invoice; `unit_cost` and `quantity` are decimals, `amount` is in minor units."""

    company: int
    invoice: int
    sequence: int
    line_type: str
    account: str
    description: str
    unit_cost: str
    quantity: str
    amount: int
    tax_code: str
    dimensions: Dimensions
    modified: str
    version: int


class Invoice(NamedTuple):
    """A purchase invoice, a draft or posted; `currency` is never empty here."""

    company: int
    number: str
    vendor: str
    vendor_invoice_number: str
    invoice_date: str
    posting_date: str
    due_date: str
    currency: str
    prices_include_tax: bool
    status: str
    dimensions: Dimensions
    modified: str
    version: int


class Attachment(NamedTuple):
    """A file on a journal line or an invoice; `content` is base64, `parent` the parent's GUID."""

    company: int
    parent_type: str
    parent: str
    file_name: str
    content: str
    size: int
    modified: str
    version: int
