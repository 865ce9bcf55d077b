"""The books of all companies: what they have from the start, and the tables of what is written."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from integration_admin.core.clock import Clock
from integration_admin.sandbox.dynamics.behaviour import Behaviour
from integration_admin.sandbox.dynamics.business_central.identifiers import Kind, guid
from integration_admin.sandbox.dynamics.business_central.rows import (
    Attachment,
    Entry,
    Invoice,
    InvoiceLine,
    Journal,
    JournalLine,
)
from integration_admin.sandbox.dynamics.business_central.store import Store, Table
from integration_admin.sandbox.dynamics.business_central.world import World
from integration_admin.sandbox.journal import Journal as File

JOURNALS = "journals"
LINES = "lines"
ENTRIES = "entries"
INVOICES = "invoices"
INVOICE_LINES = "invoice_lines"
ATTACHMENTS = "attachments"

KINDS: Mapping[str, Kind] = {
    JOURNALS: Kind.JOURNAL,
    LINES: Kind.LINE,
    ENTRIES: Kind.ENTRY,
    INVOICES: Kind.INVOICE,
    INVOICE_LINES: Kind.INVOICE_LINE,
    ATTACHMENTS: Kind.ATTACHMENT,
}
_FIRST_JOURNALS = (("DEFAULT", "Standardkladd", ""), ("BANK", "Kladd med motkonto", "1920"))
"""Code, name and balancing account; they are there before anything is written."""
_START = "2026-01-05T08:00:00Z"


class Books:
    """Companies and tables; with a file they go on from where the last ones ended."""

    def __init__(self, behaviour: Behaviour, clock: Clock, file: File | None = None) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self._file = file
        self._begin()

    def reset(self) -> None:
        """Forget everything that was written or changed, in the file too."""
        self.store.forget()
        self._begin()

    def now(self) -> str:
        """Return the present instant as records have it."""
        return self.clock.now().replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    def today(self) -> date:
        """Return the day that counts where no date is given."""
        return self.clock.now().date()

    def row(self, table: str, number: int) -> Any:
        """Return one row, or None."""
        return self.store.table(table).rows.get(number)

    def guid(self, table: str, number: int) -> str:
        """Return the id of a row."""
        return guid(KINDS[table], number)

    def _begin(self) -> None:
        self.world = World()
        tables = _tables()
        number = 0
        for company in self.world.companies:
            for code, name, balancing in _FIRST_JOURNALS:
                number += 1
                tables[JOURNALS].put(number, Journal(company, code, name, balancing, _START, 0))
        self.store = Store(tables, self._file)


def _tables() -> dict[str, Table]:
    return {
        JOURNALS: Table(Journal, {"company": lambda row: row.company}, lambda row: (row.company, row.code)),
        LINES: Table(
            JournalLine,
            {
                "journal": lambda row: row.journal,
                "document": lambda row: (row.journal, row.document),
                "reference": lambda row: (row.journal, row.external_document or row.document),
            },
            lambda row: (row.journal, row.line_number),
        ),
        ENTRIES: Table(
            Entry,
            {
                "company": lambda row: row.company,
                "document": lambda row: (row.company, row.document),
                "voucher": lambda row: (row.posting, row.document),
                "reference": lambda row: (row.posting, row.external_document or row.document),
            },
        ),
        INVOICES: Table(
            Invoice,
            {
                "company": lambda row: row.company,
                "vendor_number": lambda row: (row.company, row.vendor_invoice_number),
            },
        ),
        INVOICE_LINES: Table(InvoiceLine, {"invoice": lambda row: row.invoice}),
        ATTACHMENTS: Table(
            Attachment, {"company": lambda row: row.company, "parent": lambda row: row.parent}
        ),
    }
