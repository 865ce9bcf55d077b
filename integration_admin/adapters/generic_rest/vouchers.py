"""A voucher as it goes out: a nested JSON object, encoded once."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from integration_admin.adapters.base import Outcome, Result, Voucher, VoucherLine
from integration_admin.adapters.generic_rest.targets import DIMENSIONS
from integration_admin.core.errors import Fault
from integration_admin.core.messages import msg
from integration_admin.core.money import Money

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def refusal(voucher: Voucher) -> Outcome | None:
    """Return why a voucher cannot even be offered, or None."""
    for field in ("posted_date", "due_date"):
        value = voucher.fields.get(field)
        if value and not _is_date(value):
            message = msg("“{value}” is not a date. It is written as 2026-11-05.", value=value)
            return Outcome(
                voucher.reference, Result.REJECTED, message=message, fault=Fault.CONFIG, field=field
            )
    return None


def record(voucher: Voucher) -> dict[str, Any]:
    """Return the object a voucher is sent as; its lines are debits, negative ones credits."""
    fields = voucher.fields
    credit = {"account": fields["credit_account"]}
    if fields.get("party"):
        credit["party"] = fields["party"]
    said: dict[str, Any] = {
        "reference": voucher.reference,
        "number": voucher.number,
        "date": fields.get("posted_date") or voucher.date.isoformat(),
        "currency": voucher.lines[0].amount.currency,
        "text": voucher.record_id,
        "credit": credit,
        "lines": [_line(line) for line in voucher.lines],
    }
    for name in ("due_date", "document"):
        if fields.get(name):
            said[name] = fields[name]
    return said


def encoded(voucher: Voucher) -> bytes:
    """Return the JSON of a voucher."""
    return _encode(record(voucher)).encode()


def body(vouchers: Sequence[Voucher], *, as_list: bool, list_name: str) -> bytes:
    """Return the body of one request: a voucher by itself, a list, or a list inside an object."""
    if not as_list:
        return encoded(vouchers[0])
    # Encoding a list at once saves setting the encoder up for each voucher.
    whole: Any = [record(voucher) for voucher in vouchers]
    return _encode({list_name: whole} if list_name else whole).encode()


def idempotency_key(vouchers: Sequence[Voucher]) -> str:
    """Return what is the same at every attempt: our reference, or a digest of all of a list's."""
    if len(vouchers) == 1:
        return vouchers[0].reference
    return hashlib.sha256("\n".join(voucher.reference for voucher in vouchers).encode()).hexdigest()[:40]


def _line(line: VoucherLine) -> dict[str, Any]:
    fields = line.fields
    said: dict[str, Any] = {
        "account": fields["account"],
        "amount": _decimal(line.amount),
        "text": fields.get("text", ""),
    }
    if fields.get("vat_code"):
        said["vat_code"] = fields["vat_code"]
    dimensions = {name: value for name in DIMENSIONS if (value := fields.get(name))}
    if dimensions:
        said["dimensions"] = dimensions
    return said


def _decimal(amount: Money) -> str:
    return amount.decimal()


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
