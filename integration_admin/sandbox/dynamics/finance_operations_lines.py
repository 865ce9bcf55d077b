"""The rules for one line of a journal, and how it is read back."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from integration_admin.sandbox.dynamics.finance_operations_lists import DIMENSIONS, SEPARATOR, Lists
from integration_admin.sandbox.dynamics.finance_operations_problems import bad_request, write_failed

_ENTITY: Final = "LedgerJournalLineEntity"
_TEXTS: Final = (
    "dataAreaId", "JournalBatchNumber", "Voucher", "AccountType", "AccountDisplayValue", "CurrencyCode",
    "Text", "Document", "Invoice", "SalesTaxGroup", "ItemSalesTaxGroup",
)  # fmt: skip
_MOMENTS: Final = ("TransDate", "DueDate")
_NUMBERS: Final = ("DebitAmount", "CreditAmount", "LineNumber")
_ACCOUNT_TYPES: Final = frozenset({"Ledger", "Vend", "Cust", "Bank", "Project", "FixedAssets"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TEXT_LENGTH: Final = 60
_CODE_LENGTH: Final = 20
_NEVER: Final = "1900-01-01T12:00:00Z"
_SEGMENT = re.compile(rf"(?:\\.|[^\\{re.escape(SEPARATOR)}])*")

Row = dict[str, Any]


def checked_line(given: Row, lists: Lists, document_length: int) -> Row:
    """Return a line as it is kept. Raises Problem; texts that are too long are cut without a word."""
    _require_types(given)
    problem = _problem(given, lists)
    if problem:
        raise write_failed(_ENTITY, problem)
    texts: Row = {name: given.get(name, "") for name in _TEXTS}
    return texts | {
        "Text": texts["Text"][:_TEXT_LENGTH],
        "Document": texts["Document"][:document_length],
        "Invoice": texts["Invoice"][:document_length],
        "Voucher": texts["Voucher"][:_CODE_LENGTH],
        "TransDate": given["TransDate"],
        "DueDate": given.get("DueDate", _NEVER),
        "DebitAmount": given.get("DebitAmount", Decimal(0)),
        "CreditAmount": given.get("CreditAmount", Decimal(0)),
    }


def account_of(line: Row) -> tuple[str, dict[str, str]]:
    """Return the account of a line as it is kept, and its dimensions by name."""
    account, *codes = _segments(line["AccountDisplayValue"])
    return account, {name: code for name, code in zip(DIMENSIONS, codes, strict=False) if code}


def _require_types(given: Row) -> None:
    """Raise Problem for a property there is none of, or a value of the wrong type."""
    for name, value in given.items():
        if name in _TEXTS:
            is_right = isinstance(value, str)
        elif name in _MOMENTS:
            is_right = isinstance(value, str) and bool(_MOMENT.fullmatch(value))
        elif name in _NUMBERS:
            is_right = isinstance(value, Decimal)
        else:
            raise bad_request(words=f"The property '{name}' does not exist on type '{_ENTITY}'.")
        if not is_right:
            raise bad_request(
                words=f"Cannot convert the literal of the property '{name}' to the expected type."
            )
    for name in ("dataAreaId", "JournalBatchNumber", "CurrencyCode", "TransDate", "AccountDisplayValue"):
        if name not in given:
            raise write_failed(_ENTITY, f"Error: Field '{name}' must be filled in.")


def _problem(given: Row, lists: Lists) -> str:
    """Return the first rule a line breaks, in the other system's words, or an empty string."""
    if given.get("AccountType") not in _ACCOUNT_TYPES:
        return f"Error: '{given.get('AccountType')}' is not a member of LedgerJournalACType"
    debit, credit = given.get("DebitAmount", Decimal(0)), given.get("CreditAmount", Decimal(0))
    if debit < 0 or credit < 0 or (debit and credit):
        return "Error: A line has a debit or a credit amount"
    try:
        year = datetime.fromisoformat(given["TransDate"]).year
    except ValueError:
        return "Error: The date does not exist"
    if not 2020 <= year <= 2035:
        return f"Error: The period for {given['TransDate'][:10]} is not open"
    return _account_problem(given, lists) or lists.currency_problem(given["CurrencyCode"])


def _account_problem(given: Row, lists: Lists) -> str:
    segments = _segments(given["AccountDisplayValue"])
    if given["AccountType"] == "Vend":
        return lists.vendor_problem(segments[0]) if len(segments) == 1 else "Error: Vendor account is wrong"
    if len(segments) > 1 + len(DIMENSIONS):
        return "Error: The display value has more segments than the dimension format"
    problems = [lists.account_problem(segments[0])]
    problems += [
        lists.dimension_problem(name, code)
        for name, code in zip(DIMENSIONS, segments[1:], strict=False)
        if code
    ]
    return next(filter(None, problems), "")


def _segments(value: str) -> list[str]:
    """Return the segments of a display value; a backslash keeps the separator from parting it."""
    segments: list[str] = []
    place = 0
    while place <= len(value):
        found = _SEGMENT.match(value, place)
        part = found[0] if found else ""
        segments.append(re.sub(r"\\(.)", r"\1", part))
        place += len(part) + 1
    return segments
