"""A voucher as it goes out: a nested JSON object, encoded once."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from integration_admin.adapters.base import Outcome, Result, Voucher, VoucherLine
from integration_admin.adapters.generic_rest.targets import DIMENSIONS
from integration_admin.adapters.generic_rest.template import Template
from integration_admin.adapters.generic_rest.template_values import TARGETS, Unfit
from integration_admin.core.errors import Fault
from integration_admin.core.messages import msg
from integration_admin.core.records import REIMBURSEMENT

_DIMENSIONS = frozenset(DIMENSIONS)
_KEY_LENGTH: Final = 36
"""Characters of a key against doubles at the most; some interfaces have room for a UUID and no more."""


def refusal(voucher: Voucher, template: Template | None = None) -> Outcome | None:
    """Return why a voucher cannot even be offered, or None."""
    for field in ("posted_date", "due_date"):
        value = voucher.fields.get(field)
        if value and not _is_date(value):
            message = msg("“{value}” is not a date. It is written as 2026-11-05.", value=value)
            return Outcome(
                voucher.reference, Result.REJECTED, message=message, fault=Fault.CONFIG, field=field
            )
    if template is not None:
        try:
            template.filled(voucher)
        except Unfit as unfit:
            return Outcome(
                voucher.reference,
                Result.REJECTED,
                message=unfit.message,
                fault=Fault.CONFIG,
                field=TARGETS.get(unfit.name, unfit.name),
            )
    return None


def record(voucher: Voucher, template: Template | None = None) -> dict[str, Any]:
    """Return the object a voucher is sent as: the administrator's own form, or the usual one.

    In the usual one lines are debits, negative ones credits.

    Who is owed stands with the account for what is owed: a claim's credit, a reimbursement's one line.
    """
    if template is not None:
        return template.filled(voucher)
    fields = voucher.fields
    credit = {"account": fields["credit_account"]}
    lines = [_line(line) for line in voucher.lines]
    if fields.get("party"):
        owed = lines[0] if voucher.kind == REIMBURSEMENT else credit
        owed["party"] = fields["party"]
    said: dict[str, Any] = {
        "reference": voucher.reference,
        "number": voucher.number,
        "date": fields.get("posted_date") or voucher.date.isoformat(),
        "currency": voucher.lines[0].amount.currency,
        "text": voucher.record_id,
        "credit": credit,
        "lines": lines,
    }
    for name in ("document",) if voucher.kind == REIMBURSEMENT else ("due_date", "document"):
        if fields.get(name):
            said[name] = fields[name]
    return said


def encoded(voucher: Voucher, template: Template | None = None) -> bytes:
    """Return the JSON of a voucher."""
    said = record(voucher, template)
    return msgspec.json.encode(said) if template is None else _exact(said).encode()


def body(
    vouchers: Sequence[Voucher], *, as_list: bool, list_name: str, template: Template | None = None
) -> bytes:
    """Return the body of one request: a voucher by itself, a list, or a list inside an object."""
    if not as_list:
        return encoded(vouchers[0], template)
    # Encoding a list at once saves setting the encoder up for each voucher.
    whole: Any = [record(voucher, template) for voucher in vouchers]
    whole = {list_name: whole} if list_name else whole
    return msgspec.json.encode(whole) if template is None else _exact(whole).encode()


def _exact(value: Any) -> str:
    """Return JSON in which a Decimal is a number with just its own digits; json would want a float."""
    match value:
        case dict():
            return (
                "{" + ",".join(f"{json.dumps(name)}:{_exact(inner)}" for name, inner in value.items()) + "}"
            )
        case list():
            return "[" + ",".join(_exact(inner) for inner in value) + "]"
        case Decimal():
            return format(value, "f")
    return json.dumps(value)


def idempotency_key(vouchers: Sequence[Voucher], content: bytes) -> str:
    """Return what is the same at every attempt to send `content`, after our reference where there is only one.

    A voucher that was refused and put right is another content: under a key that was seen before it would be refused
    again, or answered as the first time.
    """
    digest = hashlib.sha256(content).hexdigest()
    return f"{vouchers[0].reference}-{digest[:12]}" if len(vouchers) == 1 else digest[:_KEY_LENGTH]


def _line(line: VoucherLine) -> dict[str, Any]:
    fields = line.fields
    said: dict[str, Any] = {
        "account": fields["account"],
        "amount": line.amount.decimal(),
        "text": fields.get("text", ""),
    }
    if fields.get("vat_code"):
        said["vat_code"] = fields["vat_code"]
    if not _DIMENSIONS.isdisjoint(fields):
        dimensions = {name: value for name, value in fields.items() if value and name in _DIMENSIONS}
        if dimensions:
            said["dimensions"] = dimensions
    return said


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
