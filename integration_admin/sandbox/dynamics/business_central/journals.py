"""General journal batches: made by their code, changed, deleted with their lines, and posted whole."""

from collections import defaultdict
from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import problems
from integration_admin.sandbox.dynamics.business_central.accounts import usable_account
from integration_admin.sandbox.dynamics.business_central.books import ENTRIES, JOURNALS, LINES
from integration_admin.sandbox.dynamics.business_central.calls import NO_CONTENT, Call, Reply
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.posting import (
    entries_of,
    next_posting,
    require_postable,
)
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Journal, JournalLine
from integration_admin.sandbox.dynamics.business_central.values import code_of, number, text_of
from integration_admin.sandbox.dynamics.business_central.world import Company

TABLE: Final = "Gen. Journal Batch"
FIELDS: Final = (
    "id", "code", "displayName", "templateDisplayName", "lastModifiedDateTime", "balancingAccountId",
    "balancingAccountNumber",
)  # fmt: skip
_WRITABLE = frozenset({"code", "displayName", "templateDisplayName", "balancingAccountId"})
_TEMPLATE = "GENERAL"


def get_all(call: Call) -> Reply:
    """Return the company's journals."""
    table = call.books.store.table(JOURNALS)
    numbers = table.numbers("company", call.company.number)
    return call.listed([_record(call, found, table.rows[found]) for found in sorted(numbers)], FIELDS)


def get(call: Call) -> Reply:
    """Return one journal. Raises Problem."""
    return call.single(_record(call, *call.numbered(JOURNALS, 0)), FIELDS)


def create(call: Call) -> Reply:
    """Make a journal. Raises Problem."""
    books, fields = call.books, _known(call)
    code = code_of(fields.get("code"), 10)
    if not code:
        raise Problem(
            problems.FIELD_VALIDATION, f"Name must have a value in {TABLE}. It cannot be zero or empty."
        )
    if books.store.table(JOURNALS).unique((call.company.number, code)) is not None:
        raise Problem(
            problems.SAME_KEY,
            f"The record in table {TABLE} already exists. Identification fields and values: Journal Template"
            f" Name='{_TEMPLATE}',Name='{code}'",
        )
    name = text_of(fields.get("displayName"), 100)
    balancing = _balancing(call.company, fields)
    row = Journal(call.company.number, code, name, balancing, books.now(), books.store.stamp())
    return call.single(_record(call, books.store.add(JOURNALS, row), row), FIELDS, 201)


def change(call: Call) -> Reply:
    """Change a journal's name or balancing account. Raises Problem."""
    found, row = call.numbered(JOURNALS, 0)
    call.require_match(found, row.version)
    books, fields = call.books, _known(call)
    if "displayName" in fields:
        row = row._replace(display_name=text_of(fields["displayName"], 100))
    if "balancingAccountId" in fields:
        row = row._replace(balancing_account=_balancing(call.company, fields))
    row = row._replace(modified=books.now(), version=books.store.stamp())
    books.store.change(JOURNALS, found, row)
    return call.single(_record(call, found, row), FIELDS)


def remove(call: Call) -> Reply:
    """Delete a journal with its lines. Raises Problem."""
    found, row = call.numbered(JOURNALS, 0)
    call.require_match(found, row.version)
    for line in list(call.books.store.table(LINES).numbers("journal", found)):
        call.books.store.change(LINES, line, None)
    call.books.store.change(JOURNALS, found, None)
    return Reply(NO_CONTENT)


def post(call: Call) -> Reply:
    """Post every line of the journal, whoever wrote it, or none (facts 1.3). Raises Problem."""
    found, _ = call.numbered(JOURNALS, 0)
    books = call.books
    table = books.store.table(LINES)
    numbers = list(table.numbers("journal", found))
    lines = sorted((table.rows[line] for line in numbers), key=lambda row: row.line_number)
    lines = [line for line in lines if line.account or line.amount]
    if not lines:
        raise Problem(problems.DIALOG, "There is nothing to post.")
    for line in lines:
        require_postable(call.company, line)
    _require_balance(lines)
    posting, stamp = next_posting(books), books.now()
    for line in lines:
        for entry in entries_of(call.company, line, posting, stamp):
            books.store.add(ENTRIES, entry)
    for number_ in numbers:
        books.store.change(LINES, number_, None)
    return Reply(NO_CONTENT)


def _require_balance(lines: list[JournalLine]) -> None:
    """Raise Problem unless the lines of each document and date come to nothing."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        if not line.balancing_account:
            sums[line.document, line.posting_date] += line.amount
    for (document, _), left in sums.items():
        if left:
            raise Problem(
                problems.DIALOG,
                f"Document No. {document} is out of balance by {number(left)}. Please check that Posting Date,"
                " Document Type, Document No. and Amount are correct for each line.",
            )


def _record(call: Call, found: int, row: Journal) -> Record:
    account = call.company.accounts.get(row.balancing_account)
    return {
        "@odata.etag": etag(found, row.version),
        "id": call.books.guid(JOURNALS, found),
        "code": row.code,
        "displayName": row.display_name,
        "templateDisplayName": _TEMPLATE,
        "lastModifiedDateTime": row.modified,
        "balancingAccountId": account.guid if account else NOWHERE,
        "balancingAccountNumber": row.balancing_account,
    }


def _known(call: Call) -> dict[str, Any]:
    fields = call.fields()
    for name in fields.keys() - _WRITABLE:
        raise problems.unknown_field(name, "journal", FIELDS)
    return fields


def _balancing(company: Company, fields: dict[str, Any]) -> str:
    """Return the code of the balancing account a body names by its id."""
    text = str(fields.get("balancingAccountId", NOWHERE))
    if text == NOWHERE:
        return ""
    account = company.accounts.with_guid(text)
    if account is None:
        raise Problem(problems.DIALOG, 'The "balancingAccountId" does not match to a G/L Account.')
    return usable_account(company, account.code, TABLE).code
