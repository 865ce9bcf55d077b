"""Reading expense claims from CSV: one row for each claim line, the claim's own columns repeated.

The columns are documented in docs/records.md. Other formats live in record_files.py.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.services.record_lines import Line, Unreadable
from integration_admin.services.spreadsheet import DELIMITERS

_CLAIM = (
    "id",
    "revision",
    "status",
    "submitted_on",
    "approved_on",
    "currency",
    "department",
    "project",
    "purpose",
)
_CLAIMANT = {
    "claimant_id": "id",
    "claimant_name": "name",
    "claimant_email": "email",
    "claimant_bank_account": "bank_account",
}
_LINE = {
    "line": "line",
    "date": "date",
    "category": "category",
    "description": "description",
    "amount": "amount",
    "vat_code": "vat_code",
    "cost_centre": "cost_centre",
    "line_project": "project",
}
COLUMNS = frozenset({*_CLAIM, *_CLAIMANT, *_LINE})
"""Every column a file may have, in any order."""

REQUIRED = frozenset(
    {"id", "status", "currency", "claimant_id", "claimant_name", "date", "category", "amount"}
)
"""The columns a file must have; an absent `revision` is 1, an absent `line` counts the claim's rows."""

_NAME_SHOWN = 64
_WHOLE = re.compile(r"[0-9]{1,18}")

_Row = dict[str, str]


@dataclass(slots=True)
class _Claim:
    """The rows of one claim, with the numbers of the file's lines they end on."""

    key: tuple[str, str]
    rows: list[_Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    fault: tuple[int, Message] | None = None


def read_claims(texts: Iterator[tuple[int, str]]) -> Iterator[Line]:
    """Yield one line for each claim in `texts` (file line number, text); raises Unreadable.

    Commas, semicolons and tabs separate cells, whichever stands in the header first of `; tab ,`.
    """
    seen: set[tuple[str, str]] = set()
    claim: _Claim | None = None
    for number, row in _rows(texts):
        key = row.get("id", ""), row.get("revision", "")
        if claim is not None and claim.key != key:
            yield _finished(claim)
            claim = None
        if claim is None:
            claim = _Claim(key)
            if key in seen:
                claim.fault = number, msg("The rows of one claim must follow each other.")
            seen.add(key)
        _add(claim, number, row)
    if claim is not None:
        yield _finished(claim)


def _rows(texts: Iterator[tuple[int, str]]) -> Iterator[tuple[int, _Row]]:
    """Yield the cells that are not empty by column, with the number of the row's last line."""
    first = next(texts, None)
    if first is None:
        return
    delimiter = next(mark for mark in DELIMITERS if mark in first[1] or mark == ",")
    lines = _Numbered(first, texts)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        columns = _header([cell.strip().lower() for cell in next(reader)])
        for cells in reader:
            if any(cells):
                yield lines.number, _row(lines.number, columns, cells)
    except csv.Error:
        fault = msg("This row cannot be read as CSV. Look for a quotation mark that is not closed.")
        raise Unreadable(lines.number, fault) from None


class _Numbered:
    """Iterates over texts and knows the number of the latest one."""

    def __init__(self, first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> None:
        self.number = first[0]
        self._first: str | None = first[1]
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._first is not None:
            text, self._first = self._first, None
            return text
        self.number, text = next(self._rest)
        return text


def _header(columns: Sequence[str]) -> Sequence[str]:
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise Unreadable(1, msg("There is no column called “{name}”.", name=unknown[0][:_NAME_SHOWN]))
    missing = sorted(REQUIRED.difference(columns))
    if missing:
        raise Unreadable(1, msg("These columns are missing: {names}.", names=", ".join(missing)))
    if len(set(columns)) != len(columns):
        raise Unreadable(1, msg("Two columns have the same name."))
    return columns


def _row(number: int, columns: Sequence[str], cells: Sequence[str]) -> _Row:
    if len(cells) != len(columns):
        fault = msg(
            "This row has {found} cells where the first row has {expected}.",
            found=len(cells),
            expected=len(columns),
        )
        raise Unreadable(number, fault)
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}


def _add(claim: _Claim, number: int, row: _Row) -> None:
    first = claim.rows[0] if claim.rows else row
    differing = [column for column in (*_CLAIM, *_CLAIMANT) if row.get(column) != first.get(column)]
    if differing and claim.fault is None:
        fault = msg("“{column}” differs from the first row of the same claim.", column=differing[0])
        claim.fault = number, fault
    claim.rows.append(row)
    claim.numbers.append(number)


def _finished(claim: _Claim) -> Line:
    if claim.fault is not None:
        return Line(claim.fault[0], None, claim.fault[1])
    first = claim.rows[0]
    record: dict[str, Any] = {column: first[column] for column in _CLAIM if column in first}
    record["kind"] = EXPENSE_CLAIM
    record["revision"] = _number(first.get("revision", "1"))
    record["claimant"] = {name: first[column] for column, name in _CLAIMANT.items() if column in first}
    record["lines"] = [
        {name: row[column] for column, name in _LINE.items() if column in row}
        | {"line": _number(row.get("line", str(place)))}
        for place, row in enumerate(claim.rows, 1)
    ]
    return Line(claim.numbers[0], record, numbers=tuple(claim.numbers))


def _number(text: str) -> int | str:
    """Return the whole number a cell holds; what is none stays as it is and is refused with the record."""
    return int(text) if _WHOLE.fullmatch(text) else text
