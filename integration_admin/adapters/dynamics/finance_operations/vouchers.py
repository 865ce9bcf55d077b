"""A voucher as Finance & Operations takes it: lines of a general journal, the balancing one last.

Every line carries our reference as its document and voucher number. The invoice number carries it on the
last line alone, of which every voucher has exactly one: so the lines found with it are the times a voucher
was booked.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any, Final

from integration_admin.adapters.base import Outcome, Result, Voucher, VoucherLine
from integration_admin.adapters.dynamics.finance_operations.fields import MAIN_ACCOUNT
from integration_admin.adapters.dynamics.finance_operations.options import Booking
from integration_admin.adapters.dynamics.finance_operations.targets import DIMENSIONS, TEXT_LENGTH
from integration_admin.adapters.dynamics.references import LENGTH, short
from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT

MOST_LINES: Final = 500
"""Lines in one voucher at the most, far below the 5,000 operations a request may have."""
_NOTHING: Final = Decimal(0)

Line = dict[str, Any]


def refusal(voucher: Voucher, booking: Booking) -> Outcome | None:
    """Return why a voucher cannot even be offered, or None."""
    if len(voucher.lines) >= MOST_LINES:
        message = msg(
            "The claim has {count} lines. At most {most} are sent in one voucher, so divide the claim.",
            count=len(voucher.lines),
            most=MOST_LINES - 1,
        )
        return _refused(voucher, "", message)
    for field in ("posted_date", "due_date"):
        value = voucher.fields.get(field)
        if value and not _is_date(value):
            message = msg("“{value}” is not a date. It is written as 2026-11-05.", value=value)
            return _refused(voucher, field, message)
    for name in DIMENSIONS[len(booking.dimensions) :]:
        if any(line.fields.get(name) for line in voucher.lines):
            message = msg(
                "The account format names {count} dimensions, so dimension {place} cannot be sent. Add it to the"
                " account format under Credentials, or take it out of the mapping.",
                count=len(booking.dimensions),
                place=DIMENSIONS.index(name) + 1,
            )
            return _refused(voucher, name, message)
    return None


def header(vouchers: Sequence[Voucher], booking: Booking) -> dict[str, str]:
    """Return the journal a batch is booked in; its number is given by the other side."""
    key = integration_key(vouchers)
    first = vouchers[0].record_id
    claims = first if len(vouchers) == 1 else f"{first} + {len(vouchers) - 1}"
    room = TEXT_LENGTH - len(key) - 1
    said = {
        "dataAreaId": booking.company,
        "JournalName": booking.journal_name,
        "Description": f"{claims[:room]} {key}",
    }
    return said | ({"IntegrationKey": key} if booking.integration_key else {})


def integration_key(vouchers: Sequence[Voucher]) -> str:
    """Return what is the same at every attempt: our reference, or a digest of all of a batch's."""
    if len(vouchers) == 1:
        return short(vouchers[0].reference)
    digest = hashlib.sha256("\n".join(voucher.reference for voucher in vouchers).encode()).digest()
    return base64.b32encode(digest).decode()[:LENGTH]


def lines(voucher: Voucher, booking: Booking, journal: str, first: int = 1) -> list[Line]:
    """Return the voucher's lines in the journal with that number, numbered from `first`."""
    said = [*(_debit(voucher, line, booking) for line in voucher.lines), _balance(voucher, booking)]
    for number, line in enumerate(said, start=first):
        line["JournalBatchNumber"] = journal
        if booking.line_numbers:
            line["LineNumber"] = number
    return said


def readable(line: Line) -> Line:
    """Return a line for a preview, its exact numbers as decimal strings."""
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in line.items()}


def _debit(voucher: Voucher, line: VoucherLine, booking: Booking) -> Line:
    said = _common(voucher, line.amount, booking)
    vendor = voucher.fields.get("vendor") if voucher.kind == REIMBURSEMENT else None
    said |= _on(line.fields["account"], vendor, line, booking)
    said["Text"] = line.fields.get("text", "")
    for field, name in (("sales_tax_group", "SalesTaxGroup"), ("item_sales_tax_group", "ItemSalesTaxGroup")):
        if line.fields.get(field):
            said[name] = line.fields[field]
    return said


def _balance(voucher: Voucher, booking: Booking) -> Line:
    """Return the line that credits what all others debit: what a claim owes, or what a payment came from."""
    said = _common(voucher, -reduce(add, (line.amount for line in voucher.lines)), booking)
    is_claim = voucher.kind != REIMBURSEMENT
    vendor = voucher.fields.get("vendor") if is_claim else None
    said |= _on(voucher.fields["credit_account"], vendor, None, booking)
    said |= {"Text": voucher.record_id[:TEXT_LENGTH], "Invoice": short(voucher.reference)}
    if is_claim and voucher.fields.get("due_date"):
        said["DueDate"] = _moment(voucher.fields["due_date"])
    return said


def _common(voucher: Voucher, amount: Money, booking: Booking) -> Line:
    """Return what every line carries; a negative amount stands on the other side."""
    value = Decimal(amount.decimal())
    return {
        "dataAreaId": booking.company,
        "Voucher": short(voucher.reference),
        "TransDate": _moment(voucher.fields.get("posted_date") or voucher.date.isoformat()),
        "CurrencyCode": amount.currency,
        "DebitAmount": max(value, _NOTHING),
        "CreditAmount": max(-value, _NOTHING),
        "Document": short(voucher.reference),
    }


def _on(account: str, vendor: str | None, line: VoucherLine | None, booking: Booking) -> Line:
    """Return where an amount is booked: on the vendor where one is owed, else on the account."""
    if vendor:
        return {"AccountType": "Vend", "AccountDisplayValue": _escaped(vendor, booking)}
    return {"AccountType": "Ledger", "AccountDisplayValue": _account(account, line, booking)}


def _account(account: str, line: VoucherLine | None, booking: Booking) -> str:
    """Return main account and dimensions in their order; one without a value stays empty between separators."""
    values = {MAIN_ACCOUNT: account}
    if line is not None:
        for field, name in zip(DIMENSIONS, booking.dimensions, strict=False):
            values[name] = line.fields.get(field, "")
    return booking.separator.join(_escaped(values.get(name, ""), booking) for name in booking.account_format)


def _escaped(value: str, booking: Booking) -> str:
    """Return a value in which no character is taken for the separator."""
    return value.replace("\\", "\\\\").replace(booking.separator, f"\\{booking.separator}")


def _moment(day: str) -> str:
    """Return a date as the other side writes it: noon in UTC, the same day in nearly every time zone."""
    return f"{day}T12:00:00Z"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _refused(voucher: Voucher, field: str, message: Message) -> Outcome:
    return Outcome(voucher.reference, Result.REJECTED, message=message, fault=Fault.CONFIG, field=field)
