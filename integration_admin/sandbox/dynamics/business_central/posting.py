"""What a journal line or an invoice becomes in the general ledger, and what keeps it from being posted."""

from collections.abc import Iterator

from integration_admin.sandbox.dynamics.business_central import enumerations, problems
from integration_admin.sandbox.dynamics.business_central.accounts import (
    ledger_account,
    require_date,
    require_dimensions,
    usable,
)
from integration_admin.sandbox.dynamics.business_central.books import ENTRIES, Books
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Entry, JournalLine
from integration_admin.sandbox.dynamics.business_central.world import Company

_TABLE = "Gen. Journal Line"


def require_postable(company: Company, line: JournalLine) -> None:
    """Raise Problem where a line cannot be posted; much of it may have changed since it was written."""
    if not line.account:
        raise Problem(
            problems.FIELD_VALIDATION,
            f"Account No. must have a value in {_TABLE}: Line No.={line.line_number}. It cannot be zero or empty.",
        )
    usable(company, line.account_type, line.account, _TABLE)
    if line.balancing_account:
        usable(company, line.balancing_type, line.balancing_account, _TABLE)
    require_date(company, line.posting_date, _TABLE)
    require_dimensions(company, line.dimensions)


def entries_of(company: Company, line: JournalLine, posting: int, stamp: str) -> Iterator[Entry]:
    """Yield the entries of a line: its own side and, where it has one, its balancing account's."""
    yield _entry(company, line, posting, stamp, main=True)
    if line.balancing_account:
        yield _entry(company, line, posting, stamp, main=False)


def next_posting(books: Books) -> int:
    """Return the number of the next posting."""
    table = books.store.table(ENTRIES)
    last = table.rows.get(table.next_number - 1)
    return last.posting + 1 if last else table.next_number


def _entry(company: Company, line: JournalLine, posting: int, stamp: str, *, main: bool) -> Entry:
    kind, code = (line.account_type, line.account) if main else (line.balancing_type, line.balancing_account)
    return Entry(
        company=company.number,
        posting=posting,
        posting_date=line.posting_date,
        document=line.document,
        external_document=line.external_document,
        account=ledger_account(company, kind, code),
        amount=line.amount if main else -line.amount,
        main=main,
        balanced_line=bool(line.balancing_account),
        description=line.description,
        tax_code=line.tax_code if main else "",
        party="" if kind == enumerations.GL_ACCOUNT else code,
        dimensions=line.dimensions,
        modified=stamp,
        source="journal",
    )
