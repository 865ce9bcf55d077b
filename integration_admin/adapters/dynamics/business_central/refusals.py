"""Why Business Central refused a voucher, in words for a person, and which of our fields is to blame."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central.batch import Operation, Refusal
from integration_admin.adapters.dynamics.business_central.errors import (
    PASSING,
    Context,
    Said,
    definite_refusal,
    not_written,
    too_many,
    unclear,
)
from integration_admin.adapters.dynamics.business_central.fields import DIMENSIONS
from integration_admin.adapters.dynamics.references import short
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

MISSING = frozenset(
    {
        "Internal_RecordNotFound",
        "BadRequest_NotFound",
        "BadRequest_ResourceNotFound",
        "Internal_DataNotFoundFilter",
    }
)
"""Codes of something that is not there: an account, or the journal itself."""

_FIELDS = (
    ("posting date", "posted_date"),
    ("vat ", "tax_code"),
    ("tax group", "tax_code"),
)


class _Dimension(NamedTuple):
    """A dimension that was to be set: our field, its code there and the value's."""

    field: str
    code: str
    value: str


def not_about_vouchers(refusal: Refusal, told: Said, context: Context) -> AdapterError | None:
    """Return the error where no voucher is to blame for a refusal inside a batch, None where one is.

    Any refusal there means that nothing of the batch was written, except that a time limit leaves doubt.
    """
    definite = definite_refusal(refusal.status, told, context)
    if definite is not None:
        return definite
    if refusal.status == 429:
        return too_many(refusal.status, {}, context.now)
    if refusal.status in {408, 504}:
        return unclear(refusal.status, told)
    if refusal.status >= 500 or told.code in PASSING:
        return not_written(refusal.status, told)
    return None


def rejected(
    voucher: Voucher,
    refusal: Refusal,
    told: Said,
    operation: Operation | None,
    dimensions: tuple[str, ...],
) -> Outcome:
    """Return the outcome of the voucher a batch was refused for."""
    dimension = _dimension(voucher, operation, dimensions)
    body = operation.body if operation else {}
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=_reason(told, refusal.status, dimension),
        fault=Fault.CONFIG,
        field=dimension.field if dimension else _field(told, body),
    )


def line_number_taken(voucher: Voucher, number: int, journal: str) -> Outcome:
    """Return the outcome of a voucher whose place in the journal somebody else's line has."""
    return Outcome(
        voucher.reference,
        Result.REJECTED,
        message=msg(
            "Line {number} of the journal {journal} belongs to something else. Delete or post that line in Business"
            " Central, or use a journal for these vouchers alone.",
            number=number,
            journal=journal,
        ),
        fault=Fault.CONFIG,
    )


def different(voucher: Voucher, journal: str) -> Outcome:
    """Return the outcome of a voucher whose lines are in the journal, but not as they were sent."""
    return Outcome(
        voucher.reference,
        Result.NEEDS_PERSON,
        message=msg(
            "The journal {journal} has lines of this voucher already, but not all, or changed ones. Look at document"
            " {document} there before anything is sent again.",
            journal=journal,
            document=short(voucher.reference),
        ),
        fault=Fault.UPSTREAM,
    )


def half_taken(
    voucher: Voucher,
    refusal: Refusal,
    told: Said,
    operation: Operation,
    dimensions: tuple[str, ...],
    journal: str,
) -> Outcome:
    """Return the outcome of a voucher whose lines are in, whose dimensions are refused, and which stays there."""
    return Outcome(
        voucher.reference,
        Result.NEEDS_PERSON,
        message=msg(
            "The lines of document {document} are in the journal {journal}, but without all their dimensions, which"
            " Business Central refuses: {reason} Delete these lines there before the claim is sent again.",
            document=short(voucher.reference),
            journal=journal,
            reason=_reason(told, refusal.status, _dimension(voucher, operation, dimensions)),
        ),
        fault=Fault.UPSTREAM,
    )


def _dimension(
    voucher: Voucher, operation: Operation | None, dimensions: tuple[str, ...]
) -> _Dimension | None:
    """Return the dimension an operation sets, or None; a change of one that is there names its value alone."""
    body = operation.body if operation else {}
    value = str(body.get("valueCode", ""))
    for field, code in zip(DIMENSIONS, dimensions, strict=False):
        is_meant = (
            body["code"] == code
            if "code" in body
            else any(line.fields.get(field) == value for line in voucher.lines)
        )
        if value and is_meant:
            return _Dimension(field, code, value)
    return None


def _reason(told: Said, status: int, dimension: _Dimension | None) -> Message:
    if told.words and dimension:
        return msg(
            "Business Central refused the value {value} of the dimension {dimension}. It says: “{words}”",
            value=dimension.value,
            dimension=dimension.code,
            words=told.words,
        )
    if told.words:
        return msg("Business Central refused the voucher. It says: “{words}”", words=told.words)
    return msg("Business Central refused the voucher ({status}) and does not say why.", status=status)


def _field(told: Said, body: Mapping[str, Any]) -> str:
    """Return the target field the words are about, by the kind of the refused line; empty where that is not clear."""
    words = told.words.lower()
    for mark, field in _FIELDS:
        if mark in words:
            return field
    kind = {"Employee": "employee", "Vendor": "vendor"}.get(str(body.get("accountType")), "account")
    return kind if "account" in words or kind in words else ""
