"""General ledger entries: what was posted, without the external document number, which this API does not show."""

from collections.abc import Iterable
from typing import Final

from integration_admin.sandbox.dynamics.business_central import dimension_sets, enumerations
from integration_admin.sandbox.dynamics.business_central.books import ENTRIES, Books
from integration_admin.sandbox.dynamics.business_central.calls import Call
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE
from integration_admin.sandbox.dynamics.business_central.listings import Listing
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.rows import Entry
from integration_admin.sandbox.dynamics.business_central.values import number
from integration_admin.sandbox.dynamics.business_central.world import Company

FIELDS: Final = (
    "id", "entryNumber", "postingDate", "documentNumber", "documentType", "accountId", "accountNumber",
    "description", "debitAmount", "creditAmount", "additionalCurrencyDebitAmount",
    "additionalCurrencyCreditAmount", "lastModifiedDateTime",
)  # fmt: skip


def _entries(call: Call) -> list[Record]:
    """Return ledger entries; they have no external document number here (facts 1.3)."""
    books, table = call.books, call.books.store.table(ENTRIES)
    company = call.company.number
    documents = call.query.pinned("documentNumber")
    if documents is None:
        numbers: Iterable[int] = sorted(table.numbers("company", company))
    else:
        numbers = [
            found for document in documents for found in table.numbers("document", (company, document))
        ]
    found = [_entry(books, call.company, entry, table.rows[entry]) for entry in numbers]
    if dimension_sets.NAME in call.query.expand:
        for record in found:
            entry = record["entryNumber"]
            sets = dimension_sets.records(books, dimension_sets.ENTRY, entry, table.rows[entry])
            record[dimension_sets.NAME] = sets
    return found


def _entry(books: Books, company: Company, entry: int, row: Entry) -> Record:
    account = company.accounts.get(row.account)
    return {
        "@odata.etag": etag(entry, 1),
        "id": books.guid(ENTRIES, entry),
        "entryNumber": entry,
        "postingDate": row.posting_date,
        "documentNumber": row.document,
        "documentType": "Invoice" if row.source == "purchase_invoice" else enumerations.encoded(" "),
        "accountId": account.guid if account else NOWHERE,
        "accountNumber": row.account,
        "description": row.description,
        "debitAmount": number(max(row.amount, 0)),
        "creditAmount": number(max(-row.amount, 0)),
        "additionalCurrencyDebitAmount": 0,
        "additionalCurrencyCreditAmount": 0,
        "lastModifiedDateTime": row.modified,
    }


ENTRY_LISTING: Final = Listing(FIELDS, _entries)
