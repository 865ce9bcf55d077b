"""The journals of the simulated Finance & Operations: what is written into them, and by which rules.

Nothing but a line's number is unique; a reference may be booked any number of times.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from integration_admin.sandbox.dynamics.finance_operations_lines import account_of, checked_line
from integration_admin.sandbox.dynamics.finance_operations_lists import COMPANIES, JOURNAL_NAMES, Lists
from integration_admin.sandbox.dynamics.finance_operations_odata import not_found
from integration_admin.sandbox.dynamics.finance_operations_problems import bad_request, write_failed

HEADER: Final = "LedgerJournalHeaderEntity"
LINE: Final = "LedgerJournalLineEntity"
_HEADER_FIELDS: Final = frozenset(
    {"dataAreaId", "JournalName", "Description", "IntegrationKey", "JournalBatchNumber"}
)
_FIRST: Final = 1

Row = dict[str, Any]
Keep = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class LedgerJournal:
    """One journal; `lines` are by their number, as they are read back."""

    row: Row
    lines: dict[Decimal, Row] = field(default_factory=dict)

    @property
    def is_posted(self) -> bool:
        """Tell whether it takes no more lines."""
        return bool(self.row["IsPosted"] == "Yes")


class Books:
    """Every journal by its number; `keep` is told of every change before it is answered."""

    def __init__(self, lists: Lists, keep: Keep | None = None) -> None:
        self._lists = lists
        self._keep = keep or (lambda _: None)
        self.journals: dict[str, LedgerJournal] = {}
        self._next = _FIRST

    def open(self, given: Row, *, unique_key: bool) -> Row:
        """Open a journal and return its row. Raises Problem."""
        _known(given, _HEADER_FIELDS, HEADER)
        company = str(given.get("dataAreaId", ""))
        if company.upper() not in COMPANIES:
            raise write_failed(HEADER, f"Error: Company {company} does not exist")
        name = str(given.get("JournalName", ""))
        if name.upper() not in JOURNAL_NAMES:
            infolog = f"Warning: The value '{name}' in field 'Name' is not found in the related table 'Journal names'"
            raise write_failed(HEADER, infolog)
        key = str(given.get("IntegrationKey") or "")
        if unique_key and key and any(one.row["IntegrationKey"] == key for one in self.journals.values()):
            infolog = "Info: Cannot create a record in Ledger journal table.\nThe record already exists."
            raise write_failed(HEADER, infolog)
        row = {
            "dataAreaId": company.lower(),
            "JournalBatchNumber": f"{self._next:05}",
            "JournalName": name,
            "Description": str(given.get("Description") or "")[:60],
            "IntegrationKey": key,
            "IsPosted": "No",
        }
        self._keep({"opened": row})
        self.restore({"opened": row})
        return row

    def write(self, given: list[Row], *, document_length: int, own_numbers: bool) -> list[Row]:
        """Write lines all or none and return them as they are read back. Raises Problem."""
        written: list[Row] = []
        for line in given:
            written.append(self._checked(line, written, document_length, own_numbers=own_numbers))
        if written:
            kept = [_as_kept(row) for row in written]
            self._keep({"written": kept})
            self.restore({"written": kept})
        return written

    def change(self, number: str, action: str) -> bool:
        """Post or delete a journal; tells whether there is one with that number."""
        if number not in self.journals or action not in {"post", "delete"}:
            return False
        self._keep({action: number})
        self.restore({action: number})
        return True

    def remove(self, company: str, number: str) -> None:
        """Delete a journal with its lines. Raises Problem."""
        journal = self.journals.get(number)
        if journal is None or journal.row["dataAreaId"] != company.lower():
            raise not_found(HEADER)
        if journal.is_posted:
            raise write_failed(HEADER, f"Error: Journal {number} is posted")
        self.change(number, "delete")

    def restore(self, change: Mapping[str, Any]) -> None:
        """Carry out a change as `keep` was told of it. Raises ValueError for anything else."""
        match change:
            case {"opened": dict(row)}:
                self.journals[row["JournalBatchNumber"]] = LedgerJournal(row)
                self._next = max(self._next, int(row["JournalBatchNumber"]) + 1)
            case {"written": list(rows)}:
                for row in rows:
                    line = _as_read(row)
                    self.journals[line["JournalBatchNumber"]].lines[line["LineNumber"]] = line
            case {"post": str(number)}:
                self.journals[number].row["IsPosted"] = "Yes"
            case {"delete": str(number)}:
                del self.journals[number]
            case _:
                detail = "not a change of Finance & Operations"
                raise ValueError(detail)

    def headers(self) -> list[Row]:
        """Return the rows of all journals."""
        return [journal.row for journal in self.journals.values()]

    def lines(self) -> list[Row]:
        """Return the lines of all journals, posted ones too, in the order of their numbers."""
        return [
            journal.lines[number] for journal in self.journals.values() for number in sorted(journal.lines)
        ]

    def booked(self) -> Iterator[Row]:
        """Yield what is booked, one entry a voucher, in the form of the sandboxes' ledgers."""
        entries = [entry for journal in self.journals.values() for entry in _vouchers(journal)]
        counts = Counter(entry["reference"] for entry in entries)
        for entry in entries:
            yield {**entry, "count": counts[entry["reference"]]}

    def _checked(self, given: Row, before: list[Row], document_length: int, *, own_numbers: bool) -> Row:
        if "LineNumber" in given and not own_numbers:
            raise write_failed(LINE, "Error: create not allowed for field 'LineNumber'")
        number = str(given.get("JournalBatchNumber", ""))
        journal = self.journals.get(number)
        company = str(given.get("dataAreaId", ""))
        if journal is None or journal.row["dataAreaId"] != company.lower():
            infolog = (
                f"Warning: The value '{number}' in field 'Journal batch number' is not found in the related"
                " table 'Ledger journal table'"
            )
            raise write_failed(LINE, infolog)
        if journal.is_posted:
            raise write_failed(LINE, f"Error: Journal {number} is posted")
        taken = {
            *journal.lines,
            *(row["LineNumber"] for row in before if row["JournalBatchNumber"] == number),
        }
        line_number = given.get("LineNumber", max(taken, default=Decimal(0)) + 1)
        if line_number in taken:
            infolog = (
                "Info: Cannot create a record in Journal lines (LedgerJournalTrans). Journal batch number:"
                f" {number}, {line_number}.\nThe record already exists."
            )
            raise write_failed(LINE, infolog)
        row = checked_line(given, self._lists, document_length)
        return {**row, "dataAreaId": company.lower(), "LineNumber": line_number}


def _known(given: Row, names: frozenset[str], entity: str) -> None:
    for name in given:
        if name not in names:
            raise bad_request(words=f"The property '{name}' does not exist on type '{entity}'.")


def _vouchers(journal: LedgerJournal) -> Iterator[Row]:
    """Yield the vouchers of a journal; the line that has an invoice number is a voucher's last."""
    lines: list[Row] = []
    ordered = [journal.lines[number] for number in sorted(journal.lines)]
    for place, line in enumerate(ordered):
        lines.append(line)
        following = ordered[place + 1] if place + 1 < len(ordered) else None
        if line["Invoice"] or following is None or following["Voucher"] != line["Voucher"]:
            yield _entry(lines)
            lines = []


def _entry(lines: list[Row]) -> Row:
    last = lines[-1]
    total = sum((line["DebitAmount"] - line["CreditAmount"] for line in lines), Decimal(0))
    return {
        "reference": last["Document"],
        "id": f"{last['JournalBatchNumber']}/{last['Voucher']}",
        "amount": str(last["CreditAmount"] - last["DebitAmount"]),
        "currency": last["CurrencyCode"],
        "balanced": not total,
        "posted_date": datetime.fromisoformat(last["TransDate"]).date().isoformat(),
        "lines": [_shown(line) for line in lines],
    }


def _shown(line: Row) -> Row:
    account, dimensions = account_of(line)
    return {
        "account": account,
        "amount": str(line["DebitAmount"] - line["CreditAmount"]),
        "text": line["Text"],
        "vat_code": line["ItemSalesTaxGroup"] or None,
        "cost_centre": dimensions.get("CostCenter"),
        "project": dimensions.get("Project"),
        "department": None,
    }


def _as_kept(row: Row) -> Row:
    """Return a line as JSON can hold it."""
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def _as_read(kept: Row) -> Row:
    numbers = {name: Decimal(kept[name]) for name in ("LineNumber", "DebitAmount", "CreditAmount")}
    return {**kept, **numbers}
