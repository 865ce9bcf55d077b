"""How one target field's value is read from a record, made once a mapping and then used for every record.

What a value that does not fit means is mapping_plans.py's business.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final

from integration_admin.core.identifiers import is_bank_account
from integration_admin.core.mapping import CLAIM_SOURCES, LINE_SOURCES, REIMBURSEMENT_SOURCES, FieldMapping
from integration_admin.core.records import ClaimLine, ExpenseClaim, Reimbursement

Exportable = ExpenseClaim | Reimbursement
Getter = Callable[[Any], str | int | date | None]
"""Reads a source from the record or, where the source is one of a line, from the line."""
Reader = Callable[[Exportable, ClaimLine | None], str]
QuickReader = Callable[[Exportable, ClaimLine | None], str | None]

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LINE = "line."
_ACCOUNT_NUMBER = re.compile(r"(?<![0-9])(?:NO[0-9]{2} ?)?([0-9]{4}[ .]?[0-9]{2}[ .]?[0-9]{5})(?![0-9])")

OF_CLAIMS: Final[Mapping[str, Getter]] = {
    **{name: attrgetter(name) for name in CLAIM_SOURCES},
    # What stands on a claim's voucher and on that of its payment alike, so that the two are found together.
    "claim_id": attrgetter("id"),
}
OF_LINES: Final[Mapping[str, Getter]] = {name: attrgetter(name.removeprefix(_LINE)) for name in LINE_SOURCES}
OF_REIMBURSEMENTS: Final[Mapping[str, Getter]] = {name: attrgetter(name) for name in REIMBURSEMENT_SOURCES}


def reference_without_account_number(payment: Reimbursement) -> str:
    """Return the payment's reference; banks make some of the receiver's account number, which is left out."""
    return _ACCOUNT_NUMBER.sub(_hide_account_number, payment.reference).strip(" -/.:")


def quick_reader(
    field: FieldMapping, readable: Mapping[str, Getter], *, tidy: bool, limit: int, required: bool
) -> QuickReader:
    """Return what reads a finished value, or None where the value needs a closer look.

    Nearly every value is as it should be, and is not judged further. An empty one is where it is not required.
    """
    read = reader(field, readable)
    if field.source is not None and field.values:
        fitting = {source: value for source, value in field.values.items() if value and len(value) <= limit}
        return lambda record, line: fitting.get(read(record, line))
    empty = None if required else ""

    def judged(record: Exportable, line: ClaimLine | None) -> str | None:
        value = read(record, line)
        if tidy:
            value = " ".join(value.split())
        if not value:
            return empty
        return value if len(value) <= limit else None

    return judged


def reader(field: FieldMapping, readable: Mapping[str, Getter]) -> Reader:
    """Return what reads the value `field` describes; sources that are not in `readable` read as empty."""
    if field.constant is not None:
        return _fixed(field.constant)
    if field.source is not None:
        return _source(field.source, readable, field.values)
    return _composed(PLACEHOLDER.split(field.compose or ""), readable)


def _composed(pieces: Sequence[str], readable: Mapping[str, Getter]) -> Reader:
    """Return what puts a text together of fixed pieces and, between each two of them, a source's value."""
    form = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    readers = [_source(piece, readable) for piece in pieces[1::2]]
    return lambda record, line: form % tuple([read(record, line) for read in readers])


def _fixed(text: str) -> Reader:
    return lambda _record, _line: text


def _source(name: str, readable: Mapping[str, Getter], rows: Collection[str] = ()) -> Reader:
    """Return what reads `name` without spaces around it, unless that is how it stands among `rows`.

    Anything that cannot be read, known or not, reads as empty.
    """
    get = readable.get(name)
    if get is None:
        return _fixed("")
    of_line = name.startswith(_LINE)

    def read(record: Exportable, line: ClaimLine | None) -> str:
        value = get(line if of_line else record)
        if value is None:
            return ""
        text = value if isinstance(value, str) else str(value)
        return text if text in rows else text.strip()

    return read


def _hide_account_number(found: re.Match[str]) -> str:
    return "" if is_bank_account(found[1]) else found[0]
