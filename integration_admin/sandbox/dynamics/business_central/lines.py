"""Journal lines: made, changed, read and deleted. Posting them is in posting.py."""

from integration_admin.sandbox.dynamics.business_central import dimension_sets, enumerations, problems
from integration_admin.sandbox.dynamics.business_central.accounts import merged
from integration_admin.sandbox.dynamics.business_central.books import JOURNALS, LINES, Books
from integration_admin.sandbox.dynamics.business_central.calls import NO_CONTENT, Call, Reply
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE
from integration_admin.sandbox.dynamics.business_central.line_fields import FIELDS, TABLE, Draft, fill
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Journal, JournalLine
from integration_admin.sandbox.dynamics.business_central.values import (
    number,
    shown_date,
)
from integration_admin.sandbox.dynamics.business_central.world import Account, Company, Party

_STEP = 10_000


def homeless(_: Call) -> Reply:
    """Refuse lines that are asked for without their journal."""
    raise Problem(
        problems.DIALOG, "You must specify a journal batch ID or a journal ID to get a journal line."
    )


def create(call: Call) -> Reply:
    """Make a line in a journal. Raises Problem."""
    number_, journal = call.numbered(JOURNALS, 0)
    books = call.books
    draft = Draft(call.company, posting_date=books.today().isoformat())
    if journal.balancing_account:
        draft.set_balancing_account(journal.balancing_account)
    fill(draft, call.fields())
    if draft.line_number is None:
        draft.line_number = _next_number(books, number_)
    draft.document = draft.document or f"G{books.store.table(LINES).next_number:05}"
    row = draft.row(number_, draft.defaults, books.now(), books.store.stamp())
    _require_free(books, row)
    line = books.store.add(LINES, row)
    return call.single(record(books, line, row, journal), FIELDS, 201)


def change(call: Call) -> Reply:
    """Change some fields of a line. Raises Problem."""
    line, row = _line(call)
    call.require_match(line, row.version)
    draft = Draft(
        call.company, row.line_number, row.account_type, row.account, row.posting_date, row.document,
        row.external_document, row.amount, row.description, row.comment, row.tax_code, row.balancing_type,
        row.balancing_account,
    )  # fmt: skip
    fill(draft, call.fields())
    books = call.books
    changed = draft.row(row.journal, merged(draft.defaults, row.dimensions), books.now(), books.store.stamp())
    if changed.line_number != row.line_number:
        _require_free(books, changed)
    books.store.change(LINES, line, changed)
    return call.single(record(books, line, changed, books.row(JOURNALS, row.journal)), FIELDS)


def remove(call: Call) -> Reply:
    """Delete a line. Raises Problem."""
    line, row = _line(call)
    call.require_match(line, row.version)
    call.books.store.change(LINES, line, None)
    return Reply(NO_CONTENT)


def get(call: Call) -> Reply:
    """Return one line. Raises Problem."""
    line, row = _line(call)
    return call.single(record(call.books, line, row, call.books.row(JOURNALS, row.journal)), FIELDS)


def get_all(call: Call) -> Reply:
    """Return a journal's lines by their number; those on an employee's account are not shown (facts 1.3)."""
    number_, journal = call.numbered(JOURNALS, 0)
    books, table = call.books, call.books.store.table(LINES)
    rows = [(line, row) for line in _candidates(call, number_) if _is_shown(books, row := table.rows[line])]
    rows.sort(key=lambda pair: pair[1].line_number)
    records = [record(books, line, row, journal) for line, row in rows]
    if dimension_sets.NAME in call.query.expand:
        for shown, (line, row) in zip(records, rows, strict=True):
            parent = (dimension_sets.JOURNAL_LINE, line)
            shown[dimension_sets.NAME] = dimension_sets.records(books, *parent, row)
    return call.listed(records, FIELDS)


def record(books: Books, line: int, row: JournalLine, journal: Journal) -> Record:
    """Return a line as answers have it."""
    company = books.world.companies[row.company]
    return {
        "@odata.etag": etag(line, row.version),
        "id": books.guid(LINES, line),
        "journalId": books.guid(JOURNALS, row.journal),
        "journalDisplayName": journal.code,
        "lineNumber": row.line_number,
        "accountType": enumerations.encoded(row.account_type),
        "accountId": _id_of(company, row.account_type, row.account),
        "accountNumber": row.account,
        "postingDate": shown_date(row.posting_date),
        "documentNumber": row.document,
        "externalDocumentNumber": row.external_document,
        "amount": number(row.amount),
        "description": row.description,
        "comment": row.comment,
        "taxCode": row.tax_code,
        "balanceAccountType": enumerations.encoded(row.balancing_type),
        "balancingAccountId": _id_of(company, row.balancing_type, row.balancing_account),
        "balancingAccountNumber": row.balancing_account,
        "lastModifiedDateTime": row.modified,
    }


def _line(call: Call) -> tuple[int, JournalLine]:
    """Return the line a path ends in, which must be shown and in the journal the path names."""
    line, row = call.numbered(LINES, len(call.keys) - 1)
    if len(call.keys) > 1 and call.numbered(JOURNALS, 0)[0] != row.journal:
        raise problems.missing(TABLE, call.keys[-1])
    if not _is_shown(call.books, row):
        raise problems.missing(TABLE, call.keys[-1])
    return line, row


def _is_shown(books: Books, row: JournalLine) -> bool:
    return row.account_type in enumerations.READABLE or books.behaviour.employee_lines_shown


def _next_number(books: Books, journal: int) -> int:
    table = books.store.table(LINES)
    numbers = table.numbers("journal", journal)
    return max((table.rows[line].line_number for line in numbers), default=0) + _STEP


def _require_free(books: Books, row: JournalLine) -> None:
    """Raise Problem where the journal has a line with this number."""
    if books.store.table(LINES).unique((row.journal, row.line_number)) is not None:
        code = books.row(JOURNALS, row.journal).code
        raise Problem(
            problems.SAME_KEY,
            f"The record in table {TABLE} already exists. Identification fields and values: Journal Template"
            f" Name='GENERAL',Journal Batch Name='{code}',Line No.='{row.line_number}'",
        )


def _candidates(call: Call, journal: int) -> list[int]:
    """Return the lines a filter can let through."""
    table = call.books.store.table(LINES)
    documents = call.query.pinned("documentNumber")
    if documents is not None:
        return [line for document in documents for line in table.numbers("document", (journal, document))]
    references = call.query.pinned("externalDocumentNumber")
    if references is not None and "" not in references:
        return [line for reference in references for line in table.numbers("reference", (journal, reference))]
    return list(table.numbers("journal", journal))


def _id_of(company: Company, kind: str, code: str) -> str:
    found: Account | Party | None = None
    if kind == enumerations.GL_ACCOUNT:
        found = company.accounts.get(code)
    elif kind == enumerations.BANK_ACCOUNT:
        found = company.banks.get(code)
    return found.guid if found else NOWHERE
